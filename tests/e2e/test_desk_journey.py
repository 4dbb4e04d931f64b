"""A merchant's first post in a real browser, through real workers to mail, feed, webhook and two networks; corrected, taken back.

Once by finger, once by keyboard alone, once with scripts off. What is typed is what people type.
"""

import re
import shutil
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
import uvicorn
from PIL import Image

from syndication.accounts import people
from syndication.infra import db
from syndication.stack.receiver import Receiver
from syndication.web import server as web_server
from syndication.web.app import create_app
from tests import factories
from tests.chromium import CHROMIUM, Tab, browsing
from tests.e2e.city import City
from tests.e2e.hands import Finger, Hand, Keys, Mouse
from tests.remotes.mastodon import FakeMastodon
from tests.remotes.telegram import FakeTelegram
from tests.town import account
from tests.web.serving import serving

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine; .ci/run installs it")
ROSA = "rosa@cafe.example"


@dataclass
class Town:
    """A city with a café, one reader, a webhook and two networks; `base` is where its pages are."""

    city: City
    base: str
    mastodon: FakeMastodon
    telegram: FakeTelegram
    picture: Path

    def mails(self, title: str) -> list[str]:
        """What the reader got about a post."""
        return [
            mail.text
            for mail in list(self.city.mail.mails)
            if mail.recipient == "r0@example.org" and title in mail.text
        ]

    def hooks(self, title: str) -> list[str]:
        """What the webhook got about a post."""
        bodies = [one.body.decode() for one in list(self.city.hooks.requests)]
        return [body for body in bodies if title in body]

    def toots(self) -> str:
        return " ".join(one["text"] for one in self.mastodon.statuses.values())

    def messages(self) -> str:
        return " ".join(
            one.get("text", "") + one.get("caption", "") for one in self.telegram.messages.values()
        )

    def feed(self) -> str:
        return requests.get(f"{self.base}/feeds/all.json", timeout=10).text

    def everywhere(self, title: str, hour: str, news: int) -> bool:
        """Whether `news` mails and webhooks came of a post, and every place shows its hour."""
        return (
            len(self.mails(title)) == len(self.hooks(title)) == news
            and hour in self.mails(title)[-1]
            and all(title in said and hour in said for said in (self.toots(), self.messages(), self.feed()))
        )

    def gone(self, title: str) -> bool:
        return not any(title in said for said in (self.toots(), self.messages(), self.feed()))


@pytest.fixture(scope="module")
def town(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    folder = tmp_path_factory.mktemp("journey")
    shutil.copy(sqlite_template, folder / "town.sqlite")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    base = f"http://127.0.0.1:{port}"
    with ExitStack() as parts:
        city = parts.enter_context(City(folder, f"sqlite:///{folder / 'town.sqlite'}", base_url=base))
        networks = (FakeMastodon(), FakeTelegram())
        for kind, remote in zip(("mastodon", "telegram"), networks, strict=True):
            at = parts.enter_context(Receiver())
            at.answer = remote.answer
            account(kind, at, name=f"Stadt auf {kind.title()}")
        with db.transaction() as session:
            factories.merchant(session, "cafe", name="Café Rosengarten")
        people.join(ROSA, "cafe", "owner", name="Rosa Rosen")
        city.readers(1)
        city.webhook("/blatt")
        city.start()
        config = web_server.config(
            create_app(city.cfg), web_server.Patience(), port=port, log_level="warning", lifespan="off"
        )
        parts.enter_context(serving(uvicorn.Server(config)))
        picture = folder / "wein.png"
        Image.effect_noise((700, 500), 80).convert("RGB").save(picture)
        yield Town(city, base, *networks, picture)


@contextmanager
def browser(tmp_path: Path) -> Iterator[Tab]:
    with browsing(tmp_path) as tab:
        tab.command("Log.enable")
        tab.command("Network.enable")
        tab.command("Network.setExtraHTTPHeaders", headers={"Accept-Language": "de-DE,de;q=0.9"})
        yield tab
        said = [one["entry"] for one in tab.heard("Log.entryAdded") if one["entry"]["level"] == "error"]
        assert [one["text"] + one.get("url", "") for one in said if "favicon" not in one.get("url", "")] == []
        assert tab.heard("Runtime.exceptionThrown") == []


def sign_in(town: Town, hand: Hand) -> None:
    """By a link that comes by mail."""
    before = len(letters(town))
    hand.tab.open(f"{town.base}/sign-in?lang=de")
    hand.fill("Ihre Mailadresse", ROSA)
    hand.press("Link schicken")
    town.city.await_that(lambda: len(letters(town)) > before, seconds=20, what="a letter")
    hand.tab.open(letters(town)[-1])
    hand.press("Anmelden")
    hand.tab.reads("Café Rosengarten")


def letters(town: Town) -> list[str]:
    """The links that were sent to sign in by."""
    texts = [mail.text for mail in list(town.city.mail.mails) if mail.recipient == ROSA]
    return [found[0] for text in texts if (found := re.search(rf"{town.base}/sign-in/[\w.-]+", text))]


def write(town: Town, hand: Hand, title: str, *, scripted: bool) -> None:
    """Type an event with a picture, look at the preview, publish it."""
    tab = hand.tab
    hand.press("Neu: Veranstaltung")
    hand.fill("Was ist es?", title)
    hand.fill("Wann beginnt es?", "Sa 19:30")
    hand.choose("Bilder auswählen oder aufnehmen", town.picture)
    if not scripted:
        hand.press("Hinzufügen")
    hand.fill("Was ist zu sehen?", "Zwei Gläser Wein")
    assert re.fullmatch(r"Samstag, \d+\. \w+ \d{4}, 19:30 Uhr", hand.box("Wann beginnt es?"))
    hand.press("Weiter zur Vorschau")
    tab.reads("Stimmt alles?")
    shown = tab.text()
    for words in (title, "19:30 Uhr", "Café Rosengarten", "Stadt auf Mastodon", "Stadt auf Telegram"):
        assert words in shown, words
    assert "Bitte ansehen" not in shown
    hand.press("Posten")
    tab.reads("Fertig.")


def see_it_arrive(hand: Hand, *, scripted: bool) -> None:
    """ "Wo ist es?" fills in by itself, or when it is looked at again."""

    def arrived() -> bool:
        if not scripted:
            hand.press("Noch einmal nachsehen")
            hand.tab.reads("Wo ist es?")
        said = hand.tab.text()
        return said.count("angekommen") >= 3 and "erreicht: 1" in said

    hand.tab.until(arrived)


def journey(town: Town, hand: Hand, title: str, *, scripted: bool = True) -> None:
    tab, city = hand.tab, town.city
    sign_in(town, hand)
    write(town, hand, title, scripted=scripted)
    city.await_that(lambda: town.everywhere(title, "19:30", 1), seconds=20, what="the post everywhere")
    see_it_arrive(hand, scripted=scripted)
    hand.press("Ändern")
    tab.reads(f"Ändern: {title}")
    hand.fill("Wann beginnt es?", hand.box("Wann beginnt es?").replace("19:30", "20:15"))
    hand.press("Weiter zur Vorschau")
    tab.reads("wird berichtigt, was schon draußen ist")
    hand.press("Berichtigung senden")
    tab.reads("Fertig.")
    city.await_that(lambda: town.everywhere(title, "20:15", 2), seconds=20, what="the correction everywhere")
    (toot,) = (one for one in town.mastodon.statuses.values() if title in one["text"])
    assert [one["description"] for one in toot["media_attachments"]] == ["Zwei Gläser Wein"]
    hand.press("Zurückziehen")
    tab.reads("Das lässt sich nicht rückgängig machen")
    hand.press("Ja: Zurückziehen")
    tab.reads("Zurückgezogen")
    city.await_that(lambda: town.gone(title), seconds=20, what="the post gone")


def test_by_finger(town: Town, tmp_path: Path) -> None:
    with browser(tmp_path) as tab:
        journey(town, Finger(tab), "Weinabend mit Akkordeon")


def test_by_keyboard_alone(town: Town, tmp_path: Path) -> None:
    with browser(tmp_path) as tab:
        journey(town, Keys(tab), "Lesung am Kamin")


def test_with_scripts_off(town: Town, tmp_path: Path) -> None:
    with browser(tmp_path) as tab:
        tab.command("Emulation.setScriptExecutionDisabled", value=True)
        journey(town, Mouse(tab), "Backkurs für Anfänger", scripted=False)
