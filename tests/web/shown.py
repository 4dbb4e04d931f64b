"""A town in which every page has something to show, and the address of each: for tests of what pages look like."""

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import select

from syndication import clock, insight
from syndication.accounts import admissions, applications, people, removals, reports, sessions, sign_in
from syndication.accounts.proofs import Proof
from syndication.accounts.removals import Removal
from syndication.accounts.sessions import Device
from syndication.audience import readers
from syndication.audit import acting
from syndication.content.base import new_id
from syndication.content.post import Draft
from syndication.content.reason import Reason
from syndication.destinations import connecting, links
from syndication.destinations.connecting import ConnectionRequest
from syndication.infra import db
from syndication.insight import feed_audience
from syndication.kinds import KINDS
from syndication.kinds.reading import draft
from syndication.ledger import sealed_links
from syndication.models import Delivery, KeptEcho, Merchant, Person, Post
from syndication.publishing import api_keys, drafts, file_work, files, logos, merchants, posts, weekly
from syndication.publishing.api_keys import KeyRequest
from syndication.publishing.drafts import Written
from syndication.publishing.merchants import Amendment
from syndication.publishing.weekly import Plan
from syndication.web import rules, signed_in
from syndication.web.desk import readers as desk_readers
from syndication.web.site.choices import Typed
from tests import factories
from tests.chromium import Tab
from tests.infra.test_images import drawn
from tests.town import fan_out, sign_up
from tests.web import shown_city

ROSA = "rosa.rosenberger-grossmann@rosengarten-konditorei.example"
LONG = "Donaudampfschifffahrtsgesellschaftskapitänsmützenausstellungseröffnung im Stadtmuseum"
#: What GET gives that is no page: files, feeds, what machines ask.
NO_PAGES = {
    "/feeds/{path:path}", "/healthz", "/readyz", "/metrics", "/style.css", "/notices-page.js", "/notices.js",
    "/passkeys.js", "/desk.js", "/htmx.js", "/manifest.webmanifest", "/pictures/{picture_id}.jpg",
    "/posts/{post_id}/pictures/{number}-{size}.jpg", "/merchants/{slug}/logo-{digest}.jpg",
    "/look-{digest}.css", "/look/logo-{digest}.png",
    # parts of pages
    "/desk/merchants/{slug}/posts/{post_id}/went",
    "/desk/merchants/{slug}/files/{file_id}/went",
    "/desk/city/now", "/desk/city/trouble/now", "/desk/city/deliveries/{delivery_id}/now", "/desk/city/acts/{act_id}/now",
    "/desk/city/posts/{post_id}/went",
    # files, and a mail in a frame
    "/desk/city/applications/{application_id}/proof",
    "/desk/merchants/{slug}/files/examples/{name}",
    "/desk/merchants/{slug}/files/{file_id}/left-out.csv",
    "/desk/city/readers/{ref}/export",
    "/desk/city/readers/{ref}/mail",
    "/desk/city/editions/{slot}/mail",
    "/desk/city/log.csv", "/desk/city/month/{name}.csv",
}  # fmt: skip


@dataclass(frozen=True)
class Shown:
    """Addresses of pages by the route that gives them, and the cookie of somebody who may see them all."""

    pages: Mapping[str, tuple[str, ...]]
    cookie: str

    def __iter__(self) -> Iterator[tuple[str, str, bool]]:
        """Route, address, and whether somebody must be signed in; strangers' pages first."""
        for behind in (False, True):
            for route, addresses in self.pages.items():
                if route.startswith("/desk") == behind:
                    yield from ((route, one, behind) for one in addresses)

    def enter(self, tab: Tab, base: str) -> None:
        """Sign in."""
        tab.command("Network.setCookie", name=signed_in._cookie(), value=self.cookie, url=base)


def routes() -> set[str]:
    """Every route that gives a page."""
    found = {path for method, path in rules.TABLE if method == "GET" and not path.startswith("/api/")}
    return found - NO_PAGES


def furnish() -> Shown:
    """Fill the town of this process's database."""
    with db.transaction() as session:
        cafe = factories.merchant(session, "cafe", name="Café und Konditorei Rosengarten")
        owner = cafe.id
        factories.merchant(session, "museum", name="Stadtmuseum im Alten Zeughaus")
        factories.destination(
            session, "webhook", settings={"url": "http://127.0.0.1:1/a"}, name="Hofladen-Verzeichnis"
        )
        factories.destination(
            session, "webhook", settings={"url": "http://127.0.0.1:1/b"}, name="Vereinsseite"
        )
        factories.destination(
            session, "webhook", settings={"url": "http://127.0.0.1:1/c"}, name="Regionalzeitung"
        )
        telegram = factories.destination(
            session, "telegram", merchant_id=owner, name="Unser Telegram", settings={"chat": "@rosengarten"},
            secrets={"bot_token": "1:token"}, state="paused",
        ).id  # fmt: skip
        refusing = factories.destination(
            session, "webhook", merchant_id=owner, name="Unser Webshop", settings={"url": "https://shop.example/a"},
            state="paused", failing_since=clock.now(),
            reason=Reason(
                "{} answered {}: it does not accept our access. Please renew the secret or the permission there.",
                "shop.example", 401,
            ),
        ).id  # fmt: skip
        factories.reader(session, "anna@example.org", cadence="daily 07:00")
        factories.reader(session, "fort@example.org", cadence="daily 07:00")
    made = [posts.create(owner, one).id for one in _drafts()]
    posts.withdraw(owner, made[-1])
    fan_out()
    _went()
    asked, confirmed = _letter("neu@example.org"), _letter("da@example.org")
    readers.confirm(confirmed)
    readers.leave(readers.token_for("fort@example.org"))
    token, gone = readers.token_for("anna@example.org"), readers.token_for("fort@example.org")
    wrong = Typed({"email": "anna@"}, {"topics": ["!"], "hour": "99"}).sealed("email")
    pages = {
        "/": ("/",),
        "/sign-up": (f"/sign-up?typed={wrong}",),
        "/sign-up/asked": ("/sign-up/asked",),
        "/posts": ("/posts", "/posts?page=9999"),
        "/posts/{post_id}": tuple(f"/posts/{one}" for one in made),
        "/notices": ("/notices",),
        "/confirm/{token}": (f"/confirm/{asked}", f"/confirm/{confirmed}", "/confirm/nothing"),
        "/preferences/{token}": (f"/preferences/{token}", f"/preferences/{token}?typed={wrong}"),
        "/leave/{token}": (f"/leave/{token}", f"/leave/{gone}"),
        "/apply": (
            "/apply",
            f"/apply?typed={Typed({'name': 'Bar', 'email': 'bar@'}, {}).sealed('name', 'email')}",
        ),
        "/apply/asked": ("/apply/asked",),
        "/apply/{token}": _applied(),
        "/connect/{token}": tuple(_connecting(kind) for kind in ("telegram", "matrix", "mastodon")),
        "/connect/back": ("/connect/back?error=access_denied",),
        "/connect/done/{kind}": ("/connect/done/telegram",),
        "/sign-in": ("/sign-in",),
        "/desk": ("/desk",),
        "/desk/account": ("/desk/account?saved=1",),
        "/desk/merchants/{slug}": tuple(
            f"/desk/merchants/{one}" for one in ("cafe", "museum", "wortreich-buchhandlung")
        ),
        "/desk/merchants/{slug}/posts/{post_id}": tuple(
            f"/desk/merchants/cafe/posts/{one}" for one in (made[0], made[-1])
        ),
        **_desk(owner, made),
        **_weekly(owner, made[2]),
        **_files(),
        "/desk/merchants/{slug}/outlets": ("/desk/merchants/cafe/outlets",),
        "/desk/merchants/{slug}/outlets/{outlet_id}": tuple(
            f"/desk/merchants/cafe/outlets/{one}" for one in (telegram, refusing)
        ),
        "/desk/merchants/{slug}/keys": _keys(owner),
        "/desk/merchants/{slug}/team": ("/desk/merchants/cafe/team",),
        "/desk/merchants/{slug}/business": _business(owner),
        "/desk/merchants/{slug}/results": _results(made[0]),
        **shown_city.town_hall(),
        "/desk/city/applications": ("/desk/city/applications",),
        "/desk/city/applications/{application_id}": _decided(),
        **shown_city.newsletters(),
        **shown_city.businesses(),
        **shown_city.to_look_at(),
        "/desk/city/readers": ("/desk/city/readers",),
        "/desk/city/readers/imports/{import_id}": shown_city.lists(),
        "/desk/city/readers/{ref}": tuple(
            f"/desk/city/readers/{desk_readers.reference(insight.reader(one).id)}"
            for one in ("da@example.org", "neu@example.org", "fort@example.org")
        ),
        "/desk/city/team": ("/desk/city/team",),
        "/desk/city/keys": shown_city.keys(),
        **shown_city.looks(),
        **shown_city.outlets(),
        "/desk/city/topics": ("/desk/city/topics", "/desk/city/topics?done=renamed&topic=musik"),
        "/desk/city/topics/{topic}": (
            "/desk/city/topics/musik",
            "/desk/city/topics/musik?into=essen-und-trinken",
        ),
        **shown_city.districts(),
        "/desk/city/settings": ("/desk/city/settings",),
    }
    cookie, link = _rosa()
    pages |= _reported(made)
    pages |= {"/desk/city/log": ("/desk/city/log", "/desk/city/log?since=gestern&what=post.created")}
    return Shown(pages | {"/sign-in/{token}": (link, "/sign-in/nothing")}, cookie)


def _desk(owner: UUID, made: list[UUID]) -> dict[str, tuple[str, ...]]:
    """What somebody writes and does there: an empty form of each kind, one with faults, one that is complete."""
    half, whole = new_id(), new_id()
    drafts.save(owner, Written(half, "offer", {"valid_until": "irgendwann", "price": "viel"}))
    said = {
        "title": "Lesung mit Glühwein und Lebkuchen", "starts_at": "2030-12-01T19:30", "price": "8", "place": "own",
        "summary": "Drei Geschichten aus dem Advent, dazu Glühwein vom Stadtrat.", "topics": "Musik\nAdvent",
    }  # fmt: skip
    drafts.save(owner, Written(whole, "event", said))
    at = "/desk/merchants/cafe/posts"
    return {
        "/desk/merchants/{slug}/new/{kind}": tuple(f"/desk/merchants/cafe/new/{kind.name}" for kind in KINDS),
        "/desk/merchants/{slug}/posts/{post_id}/write": (
            f"{at}/{half}/write?faults=1",
            f"{at}/{made[0]}/write?saved=1",
        ),
        "/desk/merchants/{slug}/posts/{post_id}/check": (f"{at}/{whole}/check",),
        "/desk/merchants/{slug}/posts/{post_id}/acts/{act}": (f"{at}/{made[0]}/acts/withdraw",),
    }


def _weekly(owner: UUID, several: UUID) -> dict[str, tuple[str, ...]]:
    """A quiz every week: one date is out, one is skipped, one has other words, some fall out over Christmas; one that ended."""
    said = factories.event("Kneipenquiz mit Musikrunde", days=2)
    source = posts.create(owner, said).id
    quiz, ended, menu = new_id(), new_id(), new_id()
    for weekly_id, before in ((quiz, 10), (ended, 1)):
        weekly.begin(owner, weekly_id, said.content(), Plan(days_before=before))
    weekly.end(owner, ended)
    with db.transaction() as session:
        session.get_one(Merchant, owner).posts_per_day = 1
    weekly.begin(owner, menu, draft(dict(KINDS[-1].example[1])).content(), Plan(interval=2))
    first, second, third = weekly.read(owner, quiz).dates
    with db.transaction() as session:
        session.get_one(Merchant, owner).posts_per_day = 1000
    weekly.skip(owner, quiz, second.on)
    own = third.post.content.model_dump(mode="json") | {"title": "Weihnachtsquiz", "price": "3.00"}
    posts.revise(owner, third.post.id, draft(own))
    weekly.close(owner, quiz, third.on + timedelta(days=1), third.on + timedelta(days=14))
    weekly.close(owner, quiz, third.on + timedelta(days=60), None)
    weekly.close(owner, menu, clock.now().date(), None)
    drafts.save(owner, Written(quiz, "event", {"title": "Kneipenquiz", "starts_at": f"{first.on} 20:00"}))
    at = "/desk/merchants/cafe"
    return {
        "/desk/merchants/{slug}/posts/{post_id}/weekly": (
            f"{at}/posts/{source}/weekly",
            f"{at}/posts/{several}/weekly",
        ),
        "/desk/merchants/{slug}/weekly/{weekly_id}": tuple(
            f"{at}/weekly/{one}" for one in (f"{quiz}?done=begun", ended, menu)
        ),
        "/desk/merchants/{slug}/weekly/{weekly_id}/check": (f"{at}/weekly/{quiz}/check",),
    }


def _files() -> dict[str, tuple[str, ...]]:
    """One that waits for a yes, with all that may become of entries; one that is being read, one that was taken in, and one
    that cannot be read."""
    table = (
        "Titel;Datum;Beginn;Ort;Eintritt\nLesung mit Glühwein;1.12.2030;19:30;Hofgarten;8 €\nSommerfest;1.6.2020;;;\n"
        f"{LONG};2.12.2030;;Stadtmuseum;frei\nKinderführung;irgendwann im Advent;15 Uhr;;\nHofkonzert;;20 Uhr;;\n"
    )
    ways, owner = [], merchants.by_slug("museum").id
    for name, data, steps in (
        ("Termine 2030.csv", table, 2),
        ("unsere-termine-im-winter.xlsx", table, 0),
        ("hofkonzerte.csv", "Titel;Datum\nHofkonzert;3.12.2030\n", 3),
        ("veranstaltungen.xls", "<html><table><tr><td>Titel</td></tr></table></html>", 1),
    ):
        file_id = files.add(
            owner, io.BytesIO(data.encode()), name, tell="summary", by="Rosa Rosenberger-Großmann"
        )
        for step in range(steps):
            if step == 2:
                files.want(owner, file_id, tell="nobody", by="Rosa Rosenberger-Großmann")
            file_work.work(file_id)
        ways.append(f"/desk/merchants/museum/files/{file_id}")
    return {
        "/desk/merchants/{slug}/files": ("/desk/merchants/museum/files",),
        "/desk/merchants/{slug}/files/{file_id}": tuple(ways),
    }


def _drafts() -> list[Draft]:
    tables = "Was es gibt:\n\n| Kuchen | Stück | Ganz |\n|---|---|---|\n| Schwarzwälder Kirschtorte | 4,20 € | 42 € |"
    return [
        factories.event(
            "Tortenabend mit Klaviermusik", summary="Acht Torten, ein Klavier und der Garten bei Kerzenlicht.",
            body=f"## Der Abend\n\nWir backen **vor** Ihnen.\n\n{tables}", topics=["Musik", "Kunst & Kultur"],
            place={"name": "Rosengarten", "address": "Herrngasse 12, 96450 Coburg"}, url="https://rosengarten.example/abend",
        ),
        factories.event(LONG, status="cancelled"),
        factories.event("Spieleabend", recurrence="FREQ=WEEKLY;COUNT=5"),
        *(draft(dict(kind.example[1])) for kind in KINDS),
        factories.offer("Kaffee zum halben Preis", topics=["Essen und Trinken"]),
        factories.event("Sommerfest"),
    ]  # fmt: skip


def _reported(made: list[UUID]) -> dict[str, tuple[str, ...]]:
    """The form to report a post, and what the town hall sees: one that waits, one that was decided, one post that is gone."""
    ids = []
    for name, post_id in (("Anna Amsel", made[0]), ("", made[1])):
        said = {
            "explanation": "Der zweite Satz beleidigt Frau M. Das ist § 185 StGB.\n\nBitte sehen Sie nach.", "name": name,
            "email": "anna@example.org" if name else "",
        }  # fmt: skip
        notice = reports.checked(said, children=not name)
        ids.append(reports.take(post_id, notice, language="de", wording="Ja."))
    reports.keep(ids[1], "Der Titel ist lang, aber erlaubt.")
    with acting.entering("page", "service", ""):
        ground = Removal(
            why="unlawful", ground="§ 130 StGB", statement="Der zweite Absatz ruft zur Gewalt auf."
        )
        removals.remove(made[2], ground)
    wrong = Typed({"explanation": "kurz", "name": "Anna", "email": "anna@"}, {}).sealed(
        "explanation", "name", "email"
    )
    at = f"/posts/{made[0]}/report"
    return {
        "/posts/{post_id}/report": (at, f"{at}?typed={wrong}"),
        "/reported": ("/reported",),
        "/desk/city/posts": ("/desk/city/posts", "/desk/city/posts?q=nirgends"),
        "/desk/city/posts/{post_id}": (f"/desk/city/posts/{made[0]}", f"/desk/city/posts/{made[2]}?done=1"),
        "/desk/city/posts/{post_id}/remove": (f"/desk/city/posts/{made[0]}/remove",),
        "/desk/city/reports": ("/desk/city/reports",),
        "/desk/city/reports/{report_id}": tuple(f"/desk/city/reports/{one}" for one in ids),
    }


def _applied() -> tuple[str, ...]:
    """The links of an application that waits for its button, and of two that the town hall is to look at."""
    ways = []
    for name, email in (("Bar Nachtlicht", "bar@nacht.example"), ("Stadtmuseum im Alten Zeughaus", "museum@neu.example"),
                        ("Wortreich Buchhandlung", "buch@seiten.example")):  # fmt: skip
        typed = {
            "name": name, "email": email, "address": "Ketschengasse 5, 96450 Coburg", "contact": "Kim Krause",
            "about": "Romane, Kinderbücher und jeden Monat eine Lesung.", "phone": "09561 1234",
            "url": "www.seiten.example", "proof": "Mein Name steht im Impressum der Webseite.",
        }  # fmt: skip
        wanted = applications.checked(typed, language="de", wording="Ich darf für dieses Geschäft sprechen.")
        applications.ask(
            wanted, Proof("application/pdf", "pdf", b"%PDF-1.7" * 30_000) if "museum" in name else None
        )
        applications.answer(wanted.id)
        with db.reading() as session:
            row = session.scalars(select(Delivery).where(Delivery.application_id == wanted.id)).one()
            ways.append(urlsplit(sealed_links.opened(row.payload or {})).path)
    for way in ways[1:]:
        applications.confirm(way.rpartition("/")[2])
    return (ways[0], ways[1], "/apply/nothing")


def _decided() -> tuple[str, ...]:
    """The pages of what `_applied` made: one that was asked back has a namesake, one waits."""
    first, second = admissions.waiting()
    admissions.ask_back(
        first.merchant_id, "Gehören Sie zum Museum, das schon hier ist?", "Paul Klein <paul@coburg.example>"
    )
    return tuple(f"/desk/city/applications/{one.id}" for one in (first, second))


def _keys(owner: UUID) -> tuple[str, ...]:
    """The page of one that is good and one that was taken back."""
    for name in ("Kasse im Laden", "Webshop"):
        made = api_keys.create(owner, KeyRequest(name=name))
    api_keys.revoke(made.key.id)
    return ("/desk/merchants/cafe/keys",)


def _business(owner: UUID) -> tuple[str, ...]:
    """The form of one that said everything of itself, which stands beside its posts."""
    said = {
        "opening_hours": 'Tu-Fr 09:00-12:30,14:00-18:00; Sa-Su 09:00-17:00; PH off; 2030 Dec 24-26 off || "nach Vereinbarung"',
        "phone": "+49 9561 1234", "contact": "hallo@rosengarten-konditorei.example", "url": "https://rosengarten.example",
        "imprint": "Rosa Rosenberger-Großmann, Herrngasse 12, 96450 Coburg, HRA 1234, Amtsgericht Coburg",
        "links": ["https://www.instagram.com/rosengarten", "https://www.facebook.com/rosengarten.konditorei.coburg"],
        "license_texts": "CC-BY-4.0", "license_pictures": "LicenseRef-all-rights-reserved",
    }  # fmt: skip
    logos.amend(owner, Amendment.model_validate(said), logos.made(drawn(400, 160)))
    return ("/desk/merchants/cafe/business?saved=1",)


def _results(post_id: UUID) -> tuple[str, ...]:
    """This month, of which networks and feed readers said something, and one in which nothing happened."""
    with db.transaction() as session:
        outlet = factories.destination(
            session, "mastodon", settings={"server": "https://mastodon.example"}
        ).id
        session.add(
            KeptEcho(post_id=post_id, destination_id=outlet, asked=1, likes=12, shares=3, at=clock.now())
        )
    said = {("merchant/cafe.rss", "Feedly"): 16, ("merchant/cafe.atom", "Inoreader"): 3}
    feed_audience.keep(said, clock.now())
    return ("/desk/merchants/cafe/results", "/desk/merchants/cafe/results?month=2024-02")


def _letter(email: str) -> str:
    """Somebody signs up; the token in their letter."""
    sign_up(email)
    with db.reading() as session:
        query = select(Delivery).where(Delivery.channel == "letter").order_by(Delivery.id.desc())
        letter = session.scalars(query).first()
        return str((letter.payload or {})["token"]) if letter else ""


def _went() -> None:
    """The first post arrived at one outlet, did not at another, and waits at the third."""
    with db.transaction() as session:
        first = session.scalars(select(Post.id).order_by(Post.created_at, Post.id)).first()
        query = select(Delivery).where(Delivery.post_id == first, Delivery.destination_id.is_not(None))
        for one, state in zip(
            session.scalars(query.order_by(Delivery.id)).all(), ("sent", "failed"), strict=False
        ):
            one.state = state
            if state == "failed":
                one.reason = Reason("was not taken; please try again")


def _connecting(kind: str) -> str:
    with db.reading() as session:
        owner = session.scalars(select(Post.merchant_id)).first()
    link = connecting.link(ConnectionRequest(channel=kind, name="Unser Kanal"), links.COMMAND, owner=owner)
    return urlsplit(link.url).path


def _rosa() -> tuple[str, str]:
    """The cookie of somebody who acts for two merchants and the city, and a link by which she may sign in."""
    people.add(ROSA, name="Rosa Rosenberger-Großmann", role="operator")
    people.add("amtsleitung@coburg.example", name="Paul Klein", role="viewer")
    people.join(ROSA, "cafe", "owner", name="Rosa Rosenberger-Großmann")
    people.join(ROSA, "museum", "member")
    people.join(ROSA, "wortreich-buchhandlung", "member")  # which may not post yet
    people.join("paul@rosengarten.example", "cafe", "member", name="Paul Klein")
    with db.transaction() as session:
        person = session.scalars(select(Person).where(Person.email == ROSA)).one()
        sessions.begin(session, person, Device("Firefox", "Android"), "link")
        cookie, _ = sessions.begin(session, person, Device("Safari", "iPhone"), "passkey")
    return cookie, urlsplit(sign_in.link(ROSA)[0]).path
