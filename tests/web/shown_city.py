"""What the town hall's pages have to show: a day with something in it, newsletters, lists of readers."""

from datetime import UTC, timedelta

from sqlalchemy import select

from syndication import clock
from syndication.accounts import people, reviews, suspensions
from syndication.accounts.suspensions import Suspension
from syndication.audience import district_acts, mailings, reader_imports
from syndication.audit import acting
from syndication.config import settings
from syndication.content.interest import Interest
from syndication.content.reason import Reason
from syndication.destinations.values import PAUSED
from syndication.infra import db
from syndication.ledger import bulk
from syndication.ledger.selection import Selection
from syndication.models import Alert, AlertMessage, Attempt, Delivery, Destination, Merchant, Post, Tally
from syndication.ops import alerts
from syndication.publishing import api_keys, approving, look, posts, review
from syndication.publishing.api_keys import KeyRequest
from syndication.publishing.look import Look
from syndication.publishing.merge_patch import patched
from tests import factories
from tests.infra.test_images import drawn


def town_hall() -> dict[str, tuple[str, ...]]:
    """A day with something in it: what waits, failed and is in doubt, and an act that was stopped half-way."""
    with db.transaction() as session:
        failed = session.scalars(select(Delivery).where(Delivery.state == "failed")).all()
        for one in failed:
            one.attempts = 3
            reason = Reason("{} answered {}. It will be tried again.", "hofladen.example", 503)
            session.add_all(
                Attempt(
                    delivery_id=one.id, at=clock.now(), duration=132, outcome=outcome, reason=reason, code=503,
                    answer="<html>Service Unavailable</html>", trigger="schedule",
                )
                for outcome in ("later", "failed")
            )  # fmt: skip
        hours = [clock.now().astimezone(UTC) - timedelta(hours=number) for number in range(400)]
        session.add_all(
            Tally(metric=f"hourly_{outcome}", channel="newsletter", label=f"{at:%Y-%m-%d %H}", value=count)
            for number, at in enumerate(hours)
            for outcome, count in (("sent", 40 + number * 37 % 60), ("failed", number % 7 // 6 * 9))
        )
        counted()
    alerted()
    act = bulk.begin("replay", Selection(states=("failed",)), "Berta Boss <boss@coburg.example>")
    bulk.stop(act)
    number = failed[0].id
    return {
        "/desk/city": ("/desk/city",),
        "/desk/city/trouble": ("/desk/city/trouble",),
        "/desk/city/month": ("/desk/city/month",),
        "/desk/city/month/{name}": (f"/desk/city/month/{clock.now():%Y-%m}", "/desk/city/month/2020-01"),
        "/desk/city/alerts": ("/desk/city/alerts", "/desk/city/alerts?done=tested"),
        "/desk/city/deliveries": ("/desk/city/deliveries?state=failed&state=waiting", "/desk/city/deliveries?days=1"),
        "/desk/city/deliveries/{delivery_id}": (f"/desk/city/deliveries/{number}",),
        "/desk/city/acts/new": (
            "/desk/city/acts/new?act=replay&state=failed&state=waiting",
            "/desk/city/acts/new?act=drop&state=sent",
        ),
        "/desk/city/acts/{act_id}": (f"/desk/city/acts/{act}",),
    }  # fmt: skip


def outlets() -> dict[str, tuple[str, ...]]:
    """The city's outlets: one that works, one that lets us in no more, one that is paused, and what comes with the city."""
    since = clock.now() - timedelta(hours=5)
    refused = {
        "state": "paused",
        "failing_since": since,
        "reason": Reason(
            "{} answered {}: it does not accept our access. Please renew the secret or the permission there.",
            "mastodon.example",
            401,
        ),
    }
    with db.transaction() as session:
        made = [
            factories.destination(session, "telegram", name="Coburg auf Telegram", settings={"chat": "@coburg"}).id,
            factories.destination(session, "mastodon", name="@stadt@mastodon.example", **refused).id,
            factories.destination(session, "webhook", name="Stadtwebsite", settings={"url": "https://coburg.example/h"},
                                  state="paused", reason=PAUSED).id,
            *session.scalars(select(Destination.id).where(Destination.channel == "newsletter")),
        ]  # fmt: skip
    return {
        "/desk/city/outlets": ("/desk/city/outlets",),
        "/desk/city/outlets/{outlet_id}": tuple(f"/desk/city/outlets/{one}" for one in made),
    }


def districts() -> dict[str, tuple[str, ...]]:
    """Three businesses in three parts of town, of which one was called otherwise."""
    with db.transaction() as session:
        everybody = list(session.scalars(select(Merchant).order_by(Merchant.slug)))
        for merchant, name in zip(everybody, ("Altstadt", "Ketschendorf", "Scheuerfeld"), strict=False):
            merchant.district = name
    district_acts.rename("Altstadt", "Innenstadt")
    return {
        "/desk/city/districts": (
            "/desk/city/districts",
            "/desk/city/districts?done=renamed&district=Innenstadt",
        ),
        "/desk/city/districts/one": ("/desk/city/districts/one?name=Innenstadt",),
    }


def counted() -> None:
    """A month's deliveries over several channels, as they are folded."""
    name = f"{clock.now():%Y-%m}"
    with db.transaction() as session:
        session.merge(Tally(metric="months_since", channel="", label="", value=1.6e9))
        for number, channel in enumerate(
            ("newsletter", "letter", "webhook", "mastodon", "telegram", "webpush", "facebook")
        ):
            for metric, label, value in (
                ("month_sent", name, 812_345 // (number + 1)), ("month_failed", name, number * 3),
                (f"arrival_{name}", "5.0", 60), (f"arrival_{name}", "900.0", 40),
            ):  # fmt: skip
                session.merge(Tally(metric=metric, channel=channel, label=label, value=value))


def alerted() -> None:
    """Two alerts that are on, one that was, and a test."""
    now = clock.now()
    with db.transaction() as session:
        for rule, name, minutes, lasted, said in (
            ("disk", "stadtserver-03.rechenzentrum.example", 190, None, Reason("{} MB are free at {}.", 1400, "/srv")),
            ("failures", "Mastodon", 40, None, Reason("Of {} tries since the hour before this one, {} did not arrive.", 42, 40)),
            ("queue.mail", "", 5000, 95, Reason("{} could go out; the oldest has waited for {} minutes.", 812, 61)),
        ):  # fmt: skip
            began = now - timedelta(minutes=minutes)
            row = Alert(
                rule=rule, about=name, name=name, began_at=began, found_at=began, on_at=began, seen_at=now, said=said,
                ended_at=began + timedelta(minutes=lasted) if lasted else None,
            )  # fmt: skip
            session.add(row)
            session.flush()
            for number, state in enumerate(("sent", "waiting")):
                session.add(
                    AlertMessage(
                        alert_id=row.id, key=f"{row.id}-{number}", edge="on", recipient="city", made_at=began,
                        due_at=now + timedelta(hours=1), state=state,
                    )
                )  # fmt: skip
        factories.destination(session, "ntfy", name="Ntfy der Stadtverwaltung", settings={"topic": "coburg"})
    alerts.test(settings())


def newsletters() -> dict[str, tuple[str, ...]]:
    """One of tomorrow that is held and has an introduction, one that goes out, one that was cancelled."""
    zone = settings().zone
    slots = []
    for days, state in ((1, "held"), (2, "open"), (-1, "cancelled")):
        at = (clock.now().astimezone(zone) + timedelta(days=days)).replace(
            hour=7, minute=0, second=0, microsecond=0
        )
        slots.append(at.astimezone(UTC))
        with db.transaction() as session:
            if days > 0:
                factories.reader(
                    session, f"lisa{days}@example.org", cadence="daily 07:00", next_slot_at=slots[-1],
                    interest=Interest(kinds=("event",), topics=("musik",)),
                )  # fmt: skip
        if state == "held":
            mailings.introduce(
                slots[-1], {"de": "Liebe Leserinnen und Leser,\n\nam Samstag ist Markt.", "en": ""}
            )
            mailings.hold(
                slots[-1],
                "Rosa Rosenberger-Großmann <rosa.rosenberger-grossmann@rosengarten-konditorei.example>",
            )
        elif state == "cancelled":
            mailings.cancel(slots[-1], "Paul Klein <paul@coburg.example>")
    return {
        "/desk/city/editions": ("/desk/city/editions",),
        "/desk/city/editions/{slot}": tuple(
            f"/desk/city/editions/{slot:%Y%m%dT%H%M%S}{query}"
            for slot, query in zip(slots, ("?done=hold", "", ""), strict=True)
        ),
    }


def businesses() -> dict[str, tuple[str, ...]]:
    """One that is suspended until a day, with posts that wait and that stand; the list, whole and empty."""
    with db.transaction() as session:
        slug = "tabak"
        owner = factories.merchant(session, slug, name="Tabak- und Zeitschriftenhandlung Rauchfang").id
        factories.destination(session, "webhook", merchant_id=owner, name="Ladenseite", state="disabled",
                              settings={"url": "http://127.0.0.1:1/t"}, failing_since=clock.now())  # fmt: skip
    people.join("tina@tabak.example", slug, "owner", name="Tina Tabak")
    posts.create(owner, factories.event("Zeitschriftentag"))
    for days in (1, 2):
        posts.create(
            owner,
            factories.event("Zeitschriftenbörse", days=9, publish_at=clock.now() + timedelta(days=days)),
        )
    with acting.entering("page", "service", ""):
        until = clock.now() + timedelta(days=30)
        because = "Zweimal haben Sie für Tabak geworben. Das ist hier nicht erlaubt."
        suspensions.suspend(owner, Suspension(because=because, until=until))
    at = "/desk/city/merchants"
    return {
        at: (at, f"{at}?q=nirgends", f"{at}?state=suspended"),
        f"{at}/{{slug}}": (f"{at}/cafe?done=quota", f"{at}/{slug}", f"{at}/wortreich-buchhandlung"),
        f"{at}/{{slug}}/suspend": (f"{at}/cafe/suspend", f"{at}/{slug}/suspend"),
        f"{at}/{{slug}}/admit": (f"{at}/{slug}/admit", f"{at}/cafe/admit"),
    }


def to_look_at() -> dict[str, tuple[str, ...]]:
    """A post at once, one whose hour has passed, a correction that was put right, one that was sent back."""
    with db.transaction() as session:
        owner = factories.merchant(session, "trachten", name="Trachten-Stübl Hinterhuber").id
    out = posts.create(owner, factories.event("Trachtenschau", summary="Mit Blasmusik."))
    review.set_own(owner, "always")
    new = posts.create(owner, factories.event("Dirndl-Flohmarkt der Donaudampfschifffahrtsgesellschaft"))
    late = posts.create(
        owner, factories.offer("Hosenträger für alle", publish_at=clock.now() + timedelta(hours=1))
    )
    back = posts.create(owner, factories.event("Jodelabend"))
    said = {"title": "Große Trachtenschau mit Blasmuhsik", "summary": "Mit Blasmusik und Brezen."}
    posts.revise(owner, out.id, lambda now: patched(now, said))
    with acting.entering("page", "service", "Otto Amt"):
        reviews.send_back(back.id, "Bitte schreiben Sie dazu, was der Eintritt kostet.")
        approving.edit(out.id, 1, {"title": "Große Trachtenschau mit Blasmusik"})
    with db.transaction() as session:
        session.get_one(Post, late.id).publish_at = clock.now() - timedelta(minutes=1)
    at = "/desk/city/review"
    return {
        at: (at,),
        f"{at}/{{post_id}}": tuple(f"{at}/{one.id}" for one in (new, late, out, back)),
    }


def lists() -> tuple[str, ...]:
    """A list that was looked at, and one that was taken in."""
    table = (
        "Adresse;Sprache;Themen;Datum;Wortlaut;Quelle\nlena@example.org;de;Musik;24.12.2025;Ja, gern.;Stadtfest\n"
        "ohne.nachweis@example.org;de;;;;\nkeine adresse;de;;;;\nanna@example.org;de;;24.12.2025;Ja.;\n"
    )
    made = [reader_imports.check(table.encode(), "Paul Klein <paul@coburg.example>") for _ in range(2)]
    reader_imports.begin(made[1])
    reader_imports.sweep()
    return tuple(f"/desk/city/readers/imports/{one}" for one in made)


def keys() -> tuple[str, ...]:
    """A key that is in use, one that was taken back; businesses have theirs."""
    used = api_keys.create(
        None, KeyRequest(name="Kalender auf der Website der Stadt", scopes=("posts:read",))
    )
    api_keys.authenticate(used.text)
    lost = api_keys.create(None, KeyRequest(name="Statistik des Stadtmarketings", scopes=("operator",)))
    api_keys.revoke(lost.key.id)
    return ("/desk/city/keys",)


def looks() -> dict[str, tuple[str, ...]]:
    """Texts that are in force, and a look that is being prepared, whose colours nobody could read."""
    texts = {one: {"de": f"## {one.capitalize()}\n\nDas steht hier.", "en": ""} for one in look.PAGES}
    look.prepare(Look(texts=texts))
    look.put_in_force()
    look.prepare(Look("Coburg erleben", "#ffe680", "#222222", "", texts), logo=look.made(drawn(400, 160)))
    return {
        "/desk/city/look": ("/desk/city/look?done=1",),
        "/desk/city/look/preview": ("/desk/city/look/preview",),
        **{f"/{one}": (f"/{one}",) for one in look.PAGES},
    }
