"""The town hall in a real browser, while things go wrong for real: it learns of it in words, and sees when it is well again."""

import re
import shutil
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
import requests
import uvicorn
from sqlalchemy import insert, select

from syndication import clock
from syndication.accounts import people, sessions
from syndication.accounts.sessions import Device
from syndication.content.reason import Reason
from syndication.infra import db
from syndication.models import BulkAct, Delivery, Person, Reader
from syndication.publishing import posts
from syndication.stack.receiver import Receiver
from syndication.web import server as web_server
from syndication.web import signed_in
from syndication.web.app import create_app
from syndication.web.desk import editions
from tests import factories
from tests.chromium import CHROMIUM, Tab, browsing
from tests.e2e.city import City
from tests.e2e.hands import Finger
from tests.remotes.mastodon import FakeMastodon
from tests.remotes.telegram import FakeTelegram
from tests.town import account
from tests.web.serving import serving

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine; .ci/run installs it")
OWNER = "rosa@cafe.example"
DEAD = 5000


@dataclass
class Town:
    """A city whose café has a Mastodon account of its own; Telegram is the city's."""

    city: City
    base: str
    cafe: UUID
    mastodon: FakeMastodon
    telegram: FakeTelegram

    def post(self, title: str) -> UUID:
        return posts.create(self.cafe, factories.event(title, days=5)).id

    def letters(self, words: str) -> list[str]:
        """Mails to the café's owner that say this."""
        return [
            mail.text for mail in list(self.city.mail.mails) if mail.recipient == OWNER and words in mail.text
        ]


@pytest.fixture(scope="module")
def town(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    folder = tmp_path_factory.mktemp("town-hall")
    shutil.copy(sqlite_template, folder / "town.sqlite")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    base = f"http://127.0.0.1:{port}"
    with ExitStack() as parts:
        city = parts.enter_context(City(folder, f"sqlite:///{folder / 'town.sqlite'}", base_url=base))
        with db.transaction() as session:
            cafe = factories.merchant(session, "cafe", name="Café Rosengarten", email=OWNER).id
        people.join(OWNER, "cafe", "owner", name="Rosa Rosen")
        people.add("boss@coburg.example", name="Berta Boss", role="operator")
        mastodon, telegram = FakeMastodon(), FakeTelegram()
        for kind, remote, owner in (("mastodon", mastodon, cafe), ("telegram", telegram, None)):
            at = parts.enter_context(Receiver())
            at.answer = remote.answer
            account(kind, at, name=kind.title(), merchant_id=owner)
        city.readers(1)
        city.webhook("/blatt")
        city.start()
        config = web_server.config(
            create_app(city.cfg), web_server.Patience(), port=port, log_level="warning", lifespan="off"
        )
        parts.enter_context(serving(uvicorn.Server(config)))
        yield Town(city, base, cafe, mastodon, telegram)


@pytest.fixture
def tab(town: Town, tmp_path: Path) -> Iterator[Tab]:
    """Berta of the town hall is signed in, and speaks German."""
    with browsing(tmp_path) as tab:
        with db.transaction() as session:
            berta = session.query(Person).filter(Person.email == "boss@coburg.example").one()
            secret, _ = sessions.begin(session, berta, Device(), "link")
        tab.command("Network.enable")
        tab.command("Network.setExtraHTTPHeaders", headers={"Accept-Language": "de-DE,de;q=0.9"})
        tab.command("Network.setCookie", name=signed_in._cookie(), value=secret, url=town.base)
        yield tab


def main(tab: Tab) -> str:
    """What the page says, its navigation aside."""
    return str(tab.evaluate("document.querySelector('main h1').parentElement.innerText"))


def awaits(town: Town, tab: Tab, words: str, *, seconds: float = 60) -> None:
    """The page that is open says so by itself; nobody presses anything."""
    town.city.await_that(lambda: words in main(tab), seconds=seconds, what=f"{words!r} on the page")


def test_a_revoked_access_is_the_merchants_move_until_its_owner_reconnects(town: Town, tab: Tab) -> None:
    trouble = f"{town.base}/desk/city/trouble?lang=de"
    tab.open(trouble)
    awaits(town, tab, "Nichts geht schief.")
    good, town.mastodon.token = town.mastodon.token, "revoked"
    title = "Weinabend mit Akkordeon"
    town.post(title)
    awaits(town, tab, "Mastodon")
    for words in ("Café Rosengarten", "der Händler ist am Zug", "informiert:"):
        assert words in main(tab)
    town.city.await_that(lambda: town.letters("/connect/"), seconds=30, what="the owner is told")
    link = re.findall(rf"{town.base}/connect/[\w.-]+", town.letters("/connect/")[-1])[0]
    town.mastodon.token = good
    with_owner = Finger(tab)
    tab.open(f"{link}?lang=de")
    with_owner.press("Weiter")
    with_owner.press("Anmelden bei 127.0.0.1")
    tab.reads("ist verbunden")
    town.city.await_that(
        lambda: any(title in one["text"] for one in town.mastodon.statuses.values()),
        seconds=60,
        what="the post",
    )
    tab.open(trouble)
    awaits(town, tab, "Nichts geht schief.")


def test_a_mail_server_that_puts_off_goes_on_by_itself(town: Town, tab: Tab) -> None:
    town.city.mail.on_recipient = lambda _: "451 4.3.0 Try again later"
    town.post("Lesung am Kamin")
    tab.open(f"{town.base}/desk/city/trouble?lang=de")
    awaits(town, tab, "451")
    assert "Es geht von selbst weiter" in main(tab)
    town.city.mail.on_recipient = lambda _: None
    town.city.await_that(lambda: "451" not in main(tab), seconds=60, what="the page is quiet again")
    town.city.await_that(
        lambda: any("Lesung am Kamin" in mail.text for mail in list(town.city.mail.mails)),
        seconds=30,
        what="the mail",
    )


def test_an_unlawful_post_is_removed_everywhere_by_one_act(town: Town, tab: Tab) -> None:
    title = "Aufruf zu etwas Verbotenem"
    post_id = town.post(title)

    def seen() -> list[str]:
        toots = " ".join(one["text"] for one in town.mastodon.statuses.values())
        messages = " ".join(
            one.get("text", "") + one.get("caption", "") for one in town.telegram.messages.values()
        )
        feed = requests.get(f"{town.base}/feeds/all.json", timeout=10).text
        page = requests.get(f"{town.base}/posts/{post_id}", timeout=10).text
        return [said for said in (toots, messages, feed, page) if title in said]

    town.city.await_that(lambda: len(seen()) == 4, seconds=30, what="the post everywhere")
    tab.open(f"{town.base}/desk/city/posts?lang=de")
    berta = Finger(tab)
    berta.press(title)
    berta.press("Überall entfernen")
    tab.reads("Was nicht zurückzuholen ist")
    berta.press("Verstößt gegen das Gesetz")
    berta.fill("Welches Gesetz oder welche Regel?", "§ 111 StGB")
    berta.fill("Was daran ist so?", "Der Beitrag ruft zu einer Straftat auf.")
    berta.press("Überall entfernen")
    town.city.await_that(lambda: not seen(), seconds=30, what="the post gone")
    town.city.await_that(lambda: town.letters("§ 111 StGB"), seconds=30, what="the owner is told why")


def test_tomorrows_newsletter_is_held_gets_an_introduction_and_is_released(town: Town, tab: Tab) -> None:
    soon = clock.now() + timedelta(seconds=85)
    slot = soon.replace(
        second=0, microsecond=0
    )  # a slot is a whole minute, and at least 25 s are needed before it
    with db.transaction() as session:
        factories.reader(
            session,
            "jana@example.org",
            cadence=f"daily {slot.astimezone(town.city.cfg.zone):%H:%M}",
            next_slot_at=slot,
            covered_until=slot - timedelta(days=1),
        )
    town.post("Adventssingen im Hof")
    tab.open(f"{town.base}/desk/city/editions/{editions.named(slot)}?lang=de")
    berta = Finger(tab)
    berta.press("Anhalten")
    tab.reads("Angehalten. Es geht nichts mehr davon hinaus")
    berta.fill("Auf Deutsch", "Liebe Leute, der Hof ist geheizt.")
    berta.press("Speichern")
    tab.reads("Die Einleitung ist gespeichert.")
    passed = clock.monotonic() + 35
    town.city.await_that(
        lambda: clock.monotonic() > passed, seconds=60, what="its hour, and a look of the sweep"
    )

    def mails() -> list[str]:
        return [mail.text for mail in list(town.city.mail.mails) if mail.recipient == "jana@example.org"]

    assert mails() == [], "what is held does not go out when its hour comes"
    berta.press("Freigeben")
    tab.reads("Freigegeben.")
    town.city.await_that(lambda: len(mails()) == 1, seconds=60, what="the mail")
    assert "Liebe Leute, der Hof ist geheizt." in mails()[0]
    assert "Adventssingen im Hof" in mails()[0]


def test_a_reader_takes_their_data_along_is_erased_and_no_list_brings_them_back(
    town: Town, tab: Tab, tmp_path: Path
) -> None:
    gone, new = "kai@example.org", "lea@example.org"
    with db.transaction() as session:
        factories.reader(session, gone)
    tab.open(f"{town.base}/desk/city/readers?lang=de")
    berta = Finger(tab)
    berta.fill("Die Mailadresse", gone)
    berta.press("Suchen")
    tab.reads(gone)
    way = tab.evaluate("document.querySelector('a[download]').href")
    (cookie,) = tab.command("Network.getCookies", urls=[town.base])["cookies"]
    export = requests.get(way, cookies={cookie["name"]: cookie["value"]}, timeout=10).text
    assert gone in export
    berta.press("Alles löschen (Art. 17)")
    berta.press("Löschen")
    tab.reads("Gelöscht. Nur eine Prüfsumme bleibt")
    table = tmp_path / "leser.csv"
    table.write_text(
        "Adresse;Sprache;Themen;Datum;Wortlaut;Quelle\n"
        + "".join(f"{one};de;;24.12.2025;Ja, gern;Weihnachtsmarkt\n" for one in (gone, new)),
        encoding="utf-8",
    )
    berta.choose("Die Datei", table)
    berta.press("Erst ansehen")
    tab.reads("früher abbestellt oder gelöscht")
    berta.press("Aufnehmen")

    def known() -> set[str]:
        with db.reading() as session:
            return set(session.scalars(select(Reader.email).where(Reader.email.in_((gone, new)))))

    town.city.await_that(lambda: known() == {new}, seconds=60, what="the new one alone")


def some_are_done() -> bool:
    with db.reading() as session:
        return session.scalar(select(BulkAct.id).where(BulkAct.total == DEAD, BulkAct.done > 0)) is not None


def test_five_thousand_dead_letters_are_sent_again_stopped_half_way_and_gone_on_with(
    town: Town, tab: Tab
) -> None:
    with Receiver() as shop:
        outlet = account("webhook", shop, name="Zeitung")
        post_id = town.post("Lesung bei Kerzenschein")
        town.city.await_that(lambda: len(shop.requests) == 1, seconds=30, what="the first of them")
        town.city.await_done(seconds=30)
        with db.transaction() as session:
            one = session.scalars(
                select(Delivery).where(Delivery.destination_id == outlet, Delivery.post_id == post_id)
            ).one()
            row = {column.key: getattr(one, column.key) for column in Delivery.__mapper__.column_attrs}
            row |= {
                "state": "failed",
                "reason": Reason("{} answered {}.", "zeitung.example", 500),
                "sent_at": None,
            }
            del row["id"]
            session.execute(insert(Delivery), [row | {"key": f"dead-{number}"} for number in range(DEAD)])
        tab.open(f"{town.base}/desk/city/acts/new?act=replay&state=failed&outlet={outlet}&lang=de")
        berta = Finger(tab)
        berta.press("Noch einmal senden (5.000)")
        town.city.await_that(some_are_done, seconds=30, what="the first that are sent again")
        berta.press("Anhalten")
        tab.reads("wurde angehalten")
        done = int(re.findall(r"([\d.]+) von 5\.000", main(tab))[0].replace(".", ""))
        assert 0 < done < DEAD
        town.city.await_that(lambda: len(shop.requests) == 1 + done, seconds=120, what="those alone")
        berta.press("Weitermachen")
        awaits(town, tab, "5.000 von 5.000", seconds=60)
        town.city.await_that(lambda: len(shop.requests) >= 1 + DEAD, seconds=180, what="all of them")
        assert len({one.headers["webhook-id"] for one in shop.requests}) == len(shop.requests) == 1 + DEAD
