"""A merchant's way in a real browser: from the form of a stranger to posts at mail, feed, webhook and two networks, and back.

Real workers carry it. Once by finger, once by keyboard alone, once with scripts off. What is typed is what people type.
"""

import re
import shutil
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
import requests
import uvicorn
from icalendar import Calendar, Component
from PIL import Image

from syndication import clock
from syndication.accounts import people
from syndication.config import settings
from syndication.infra import db
from syndication.infra.rendering import day
from syndication.sources import spoken
from syndication.stack.receiver import Receiver
from syndication.web import server as web_server
from syndication.web.app import create_app
from syndication.web.site import stamps
from tests import factories
from tests.chromium import CHROMIUM, Tab, browsing
from tests.e2e.city import City
from tests.e2e.hands import Finger, Hand, Keys, Mouse
from tests.remotes.mastodon import FakeMastodon
from tests.remotes.telegram import FakeTelegram
from tests.town import account
from tests.web.serving import serving

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine; .ci/run installs it")
ROSA, VERA, BERTA = "rosa@cafe.example", "vera@weinstube.example", "berta@coburg.example"


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

    def calendar(self, title: str) -> list[Component]:
        """What the calendar holds under a title."""
        found = Calendar.from_ical(requests.get(f"{self.base}/feeds/all.ics", timeout=10).content)
        return [one for one in found.walk("VEVENT") if one.get("summary") == title]

    def links(self, who: str, page: str) -> list[str]:
        """The ways to a page that somebody's mails led to."""
        texts = [mail.text for mail in list(self.city.mail.mails) if mail.recipient == who]
        ways = (re.search(rf"{self.base}/{page}/[\w.-]+", text) for text in texts)
        return [way[0] for way in ways if way]

    def letter(self, who: str, page: str, before: int = 0) -> str:
        """The newest of those ways, as soon as there are more than `before`."""
        self.city.await_that(lambda: len(self.links(who, page)) > before, seconds=20, what="a letter")
        return self.links(who, page)[-1]

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
    base = f"http://localhost:{port}"  # browsers make no passkeys for a number
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
        people.add(BERTA, name="Berta Boss", role="operator")
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


def sign_in(town: Town, hand: Hand, who: str = ROSA, greeted: str = "Café Rosengarten") -> None:
    """By a link that comes by mail."""
    before = len(town.links(who, "sign-in"))
    hand.tab.open(f"{town.base}/sign-in?lang=de")
    hand.fill("Ihre Mailadresse", who)
    hand.press("Link schicken")
    hand.tab.open(town.letter(who, "sign-in", before))
    hand.press("Anmelden")
    hand.tab.reads(greeted)


def apply(town: Town, hand: Hand) -> None:
    """Vera's wine bar applies, and says by mail that it was she."""
    hand.tab.open(f"{town.base}/apply?lang=de")
    hand.fill("Name Ihres Geschäfts", "Weinstube am Markt")
    hand.fill("Straße und Ort", "Markt 3, 96450 Coburg")
    hand.fill("Was ist es?", "Weinstube mit kleiner Küche")
    hand.fill("Ihr eigener Name", "Vera Wein")
    hand.fill("Ihre Mailadresse", VERA)
    hand.fill("Woran erkennt das Rathaus, dass es Ihres ist?", "Mein Name steht im Impressum")
    hand.press("Ich darf für dieses Geschäft sprechen.")
    hand.press("Ans Rathaus senden")
    hand.tab.open(town.letter(VERA, "apply"))
    hand.press("Ja, das war ich")
    hand.tab.reads("Das Rathaus sieht sich jetzt")


def admit(town: Town, hand: Hand) -> None:
    """The town hall lets her in."""
    sign_in(town, hand, BERTA, "Heute")
    hand.press("Heute")  # the menu, which names the page
    hand.press("Anmeldungen (1)")
    hand.press("Weinstube am Markt")
    hand.press("Zulassen")
    hand.tab.reads("erfährt es per Mail")
    sign_out(hand, "Berta Boss")


def sign_out(hand: Hand, name: str) -> None:
    hand.press(name)
    hand.press("Abmelden")
    hand.tab.reads("Für Geschäfte, Lokale, Museen und Vereine, die hier posten")


def change_to_a_passkey(hand: Hand) -> None:
    """She adds one, and comes in by it the next time."""
    hand.tab.command("WebAuthn.enable")
    hand.tab.command(
        "WebAuthn.addVirtualAuthenticator",
        options={
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
            "isUserVerified": True, "automaticPresenceSimulation": True,
        },
    )  # fmt: skip
    hand.press("Vera Wein")
    hand.press("Passkey hinzufügen")
    hand.tab.reads("Umbenennen")
    sign_out(hand, "Vera Wein")
    hand.press("Mit Passkey anmelden")
    hand.tab.reads("Neu: Veranstaltung")


def write(town: Town, hand: Hand, title: str, *, place: str, scripted: bool) -> None:
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
    for words in (title, "19:30 Uhr", place, "Stadt auf Mastodon", "Stadt auf Telegram"):
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


def journey(
    town: Town, hand: Hand, title: str, *, place: str = "Café Rosengarten", scripted: bool = True
) -> None:
    """Somebody who is signed in writes a post, corrects its hour, and takes it back; all of it arrives everywhere."""
    tab, city = hand.tab, town.city
    write(town, hand, title, place=place, scripted=scripted)
    city.await_that(lambda: town.everywhere(title, "19:30", 1), seconds=20, what="the post everywhere")
    see_it_arrive(hand, scripted=scripted)
    hand.press("Ändern")
    tab.reads(f"Ändern: {title}")
    first = hour(hand)
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
    hand.press("Noch einmal")
    tab.reads("Neu: Veranstaltung")
    assert hour(hand) - first == timedelta(days=7, minutes=45)


def hour(hand: Hand) -> datetime:
    """When the event of a form begins, by the clock on the wall."""
    heard = spoken.understood(hand.box("Wann beginnt es?"), clock.now(), settings().zone, "de").start
    assert isinstance(heard, datetime)
    return heard.astimezone(settings().zone).replace(tzinfo=None)


def test_by_finger_from_the_form_of_a_stranger_to_a_post_taken_back(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stamps, "_FASTEST", -1)  # no hand is as fast
    with browser(tmp_path) as tab:
        hand = Finger(tab)
        apply(town, hand)
        admit(town, hand)
        sign_in(town, hand, VERA, "Weinstube am Markt")
        change_to_a_passkey(hand)
        journey(town, hand, "Weinabend mit Akkordeon", place="Weinstube am Markt")


def test_by_keyboard_alone(town: Town, tmp_path: Path) -> None:
    with browser(tmp_path) as tab:
        hand = Keys(tab)
        sign_in(town, hand)
        journey(town, hand, "Lesung am Kamin")


def test_with_scripts_off(town: Town, tmp_path: Path) -> None:
    with browser(tmp_path) as tab:
        tab.command("Emulation.setScriptExecutionDisabled", value=True)
        hand = Mouse(tab)
        sign_in(town, hand)
        journey(town, hand, "Backkurs für Anfänger", scripted=False)


def in_words(days: int) -> str:
    """A day so many days from today, as buttons name it."""
    return day(today() + timedelta(days=days), "de")


def today() -> date:
    return clock.now().astimezone(settings().zone).date()


def test_a_menu_every_week_by_finger_one_date_skipped_and_one_with_words_of_its_own(
    town: Town, tmp_path: Path
) -> None:
    with browser(tmp_path) as tab:
        hand = Finger(tab)
        sign_in(town, hand)
        hand.press("Neu: Mittagstisch")
        hand.fill("Wie heißt es?", "Mittagstisch")
        hand.fill("An welchem Tag, oder ab welchem?", "gestern")
        hand.fill("Bis zu welchem Tag?", "morgen")
        hand.fill("Was gibt es zu essen?", "Linsensuppe 6,80 €")
        hand.press("Weiter zur Vorschau")
        hand.press("und danach jede Woche")
        hand.press("Posten")
        tab.reads("Wie oft?")
        hand.pick(
            "Wann erscheint jeder Termin?", "eine Woche davor um 9:00 Uhr"
        )  # the first one is due at once
        hand.press("Anfangen")
        tab.reads("Es läuft.")
        hand.press(f"Ändern ({in_words(6)})")
        hand.fill("Was gibt es zu essen?", "Gänsekeule 15,90 €")
        hand.press("Weiter zur Vorschau")
        tab.reads("wird berichtigt, was schon draußen ist")
        hand.press("Berichtigung senden")
        tab.reads("Fertig.")
        hand.press("Ein Termin von dem, was jede Woche kommt")
        hand.press(f"Ausfallen lassen ({in_words(13)})")
        tab.reads("Dieser Termin fällt aus.")
        # The menu holds for three days, so it is three series.
        own, out = ([today() + timedelta(days=ahead + n) for n in range(3)] for ahead in (6, 13))

        def stands() -> bool:
            events = town.calendar("Mittagstisch")
            series = [one for one in events if "rrule" in one]
            dates = {
                one["recurrence-id"].dt: str(one["description"]) for one in events if "recurrence-id" in one
            }
            skipped = [one.dt for each in series if "exdate" in each for one in each["exdate"].dts]
            return (
                skipped == out and list(dates) == own and all("Gänsekeule" in one for one in dates.values())
            )

        town.city.await_that(stands, seconds=20, what="the series in the calendar")
