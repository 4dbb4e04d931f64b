"""Deeds on pages: how Rosa, who owns the café and decides for the city, does each thing that changes something."""

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from starlette.testclient import TestClient

from syndication import clock, destinations
from syndication.accounts import admissions, applications, people, reports, sessions, sign_in
from syndication.accounts.reports import Notice
from syndication.accounts.sessions import Device
from syndication.audience import reader_imports
from syndication.content.base import new_id
from syndication.infra import db
from syndication.insight import one_reader
from syndication.ledger import bulk
from syndication.ledger.selection import Selection
from syndication.models import Delivery, Passkey, Person
from syndication.publishing import api_keys, drafts, file_work, files, merchants, posts, review, weekly
from syndication.publishing.api_keys import KeyRequest
from syndication.publishing.drafts import Written
from syndication.web.desk.readers import reference
from tests import factories
from tests.accounts.test_applications import answered
from tests.accounts.test_applications import token as link_token
from tests.audience.test_mailings import daily
from tests.town import fan_out
from tests.web.test_writing import boxes


@dataclass
class Desk:
    """Rosa, who owns the café and decides for the city, at her desk."""

    client: TestClient
    person_id: UUID
    session_id: UUID
    merchant_id: UUID
    token: str

    def post(self, path: str, **data: Any) -> Any:
        """Send one of her forms."""
        return self.client.post(path, data={"token": self.token, **data}, follow_redirects=False)


def outlet(desk: Desk, channel: str = "webhook") -> UUID:
    wanted = {"channel": channel, "name": "Unser Webshop", "settings": {"url": "http://127.0.0.1:9/hook"}}
    return destinations.create(
        desk.merchant_id, destinations.DestinationRequest.model_validate(wanted), counted=True
    ).destination.id


def city_outlet() -> str:
    """The address of a webhook of the city."""
    wanted = {"channel": "webhook", "name": "Stadtwebsite", "settings": {"url": "http://127.0.0.1:9/hook"}}
    request = destinations.DestinationRequest.model_validate(wanted)
    return f"/desk/city/outlets/{destinations.create(None, request).destination.id}"


def delivery(desk: Desk, state: str) -> int:
    outlet(desk)
    posts.create(desk.merchant_id, factories.event())
    fan_out()
    with db.transaction() as session:
        row = session.scalars(select(Delivery).where(Delivery.destination_id.is_not(None))).one()
        row.state, row.attempts = state, 1
        return row.id


def written(desk: Desk) -> UUID:
    """A draft that can be posted."""
    draft = Written(new_id(), "event", {"title": "Lesung", "starts_at": "2030-12-01T19:30", "place": "own"})
    drafts.save(desk.merchant_id, draft)
    return draft.id


def passkey(desk: Desk) -> UUID:
    with db.transaction() as session:
        row = Passkey(
            person_id=desk.person_id, credential="x", public_key=b"x", sign_count=0, name="Handy",
            made_at=clock.now(), used_at=None,
        )  # fmt: skip
        session.add(row)
        session.flush()
        return row.id


def browser(desk: Desk) -> UUID:
    with db.transaction() as session:
        person = session.get_one(Person, desk.person_id)
        return sessions.begin(session, person, Device(), "link")[1].id


def applied(desk: Desk) -> UUID:
    answered()
    applications.confirm(link_token())
    return admissions.waiting()[0].id


def member(desk: Desk, email: str) -> UUID:
    return people.of_address(email).id


def reported(desk: Desk) -> UUID:
    post = posts.create(desk.merchant_id, factories.event())
    notice = Notice(explanation="Das ist gegen das Gesetz.", name="Anna", email="anna@example.org")
    return reports.take(post.id, notice, language="de", wording="Ja.")


def report(desk: Desk) -> Any:
    """Somebody who is not signed in reports a post."""
    at = f"/posts/{posts.create(desk.merchant_id, factories.event()).id}/report"
    stamp = re.findall(r'name="stamp" value="([^"]+)"', desk.client.get(at).text)[0]
    clock.travel(timedelta(seconds=3))
    typed = {"explanation": "Das ist gegen das Gesetz.", "name": "Anna", "email": "anna@example.org"}
    return desk.client.post(at, data={**typed, "agreed": "1", "stamp": stamp}, follow_redirects=False)


def waits(desk: Desk) -> UUID:
    """A post that waits for the town hall."""
    review.set_own(desk.merchant_id, "always")
    return posts.create(desk.merchant_id, factories.event()).id


def every_week(desk: Desk) -> UUID:
    """What comes every week: a quiz."""
    post = factories.post(desk.merchant_id, factories.evening("Kneipenquiz", days=3))
    weekly.begin(desk.merchant_id, (weekly_id := new_id()), post.content, weekly.Plan())
    return weekly_id


def begin_every_week(desk: Desk) -> Any:
    at = (
        f"{CAFE}/posts/{factories.post(desk.merchant_id, factories.evening('Kneipenquiz', days=3)).id}/weekly"
    )
    return desk.post(at, **{**boxes(desk.client.get(at).text), "token": desk.token})


def all_dates_say(desk: Desk) -> Any:
    """She writes other words for all dates, and lets them out from the check page."""
    form = f"{CAFE}/posts/{every_week(desk)}/write"
    desk.post(
        form, **{**boxes(desk.client.get(form).text), "token": desk.token, "price": "3 €", "then": "check"}
    )
    return desk.post(f"{CAFE}/weekly/{weekly.listed(desk.merchant_id)[0].id}/check")


def brought(desk: Desk) -> UUID:
    """A file that was looked at."""
    table = "Titel;Beginn\nLesung;24.12.2030 19:30\n"
    with io.BytesIO(table.encode()) as file:
        file_id = files.add(
            desk.merchant_id, file, "termine.csv", tell="nobody", by="Rosa Rosen <rosa@cafe.example>"
        )
    while files.read(desk.merchant_id, file_id).at_work:
        file_work.work(file_id)
    return file_id


def anna() -> str:
    """The name of a reader in addresses of the desk."""
    with db.transaction() as session:
        factories.reader(session, "anna@example.org")
    return reference(one_reader.reader("anna@example.org").id)


def a_topic(desk: Desk) -> str:
    posts.create(desk.merchant_id, factories.event(topics=["Musik"]))
    return "musik"


def a_district(desk: Desk) -> str:
    merchants.update(desk.merchant_id, merchants.Amendment(district="Mitte"))
    return "Mitte"


def an_act(desk: Desk) -> int:
    delivery(desk, "failed")
    return bulk.begin(
        "replay", Selection(states=("failed",), channel="webhook"), "Otto <otto@coburg.example>"
    )


LIST = b"Adresse;Datum;Wortlaut\nanna@example.org;24.12.2025;Ja.\n"
CAFE = "/desk/merchants/cafe"
#: Each page that changes something → how Rosa does it, and what must be written down.
OF_PAGES: dict[tuple[str, str], tuple[Callable[[Desk], Any], str]] = {
    ("POST", "/apply/{token}"): (
        lambda d: (answered(), d.client.post(f"/apply/{link_token()}"))[1],
        "merchant.applied",
    ),
    ("POST", "/sign-in/{token}"): (
        lambda d: d.client.post(
            "/sign-in/" + sign_in.link("paul@cafe.example")[0].rpartition("/")[2], follow_redirects=False
        ),
        "person.signed_in",
    ),
    ("POST", "/desk/sign-out"): (lambda d: d.post("/desk/sign-out"), "person.signed_out"),
    ("POST", "/desk/account"): (
        lambda d: d.post("/desk/account", name="Rosa R.", language="de"),
        "person.changed",
    ),
    ("POST", "/desk/account/sessions/others"): (
        lambda d: d.post("/desk/account/sessions/others"),
        "person.signed_out",
    ),
    ("POST", "/desk/account/sessions/{session_id}"): (
        lambda d: d.post(f"/desk/account/sessions/{browser(d)}"),
        "person.signed_out",
    ),
    ("POST", "/desk/account/passkeys/{passkey_id}"): (
        lambda d: d.post(f"/desk/account/passkeys/{passkey(d)}", name="Uhr"),
        "passkey.changed",
    ),
    ("POST", "/desk/merchants/{slug}/posts/{post_id}/check"): (
        lambda d: d.post(f"{CAFE}/posts/{written(d)}/check", how="now"),
        "post.created",
    ),
    ("POST", "/desk/merchants/{slug}/posts/{post_id}/acts/{act}"): (
        lambda d: d.post(f"{CAFE}/posts/{posts.create(d.merchant_id, factories.event()).id}/acts/withdraw"),
        "post.withdrawn",
    ),
    ("POST", "/desk/merchants/{slug}/deliveries/{delivery_id}/{act}"): (
        lambda d: d.post(f"{CAFE}/deliveries/{delivery(d, 'unconfirmed')}/there"),
        "delivery.seen",
    ),
    ("POST", "/desk/merchants/{slug}/outlets"): (
        lambda d: d.post(f"{CAFE}/outlets", channel="webhook", name="Shop", url="http://127.0.0.1:9/h"),
        "outlet.made",
    ),
    ("POST", "/desk/merchants/{slug}/outlets/{outlet_id}/test"): (
        lambda d: d.post(f"{CAFE}/outlets/{outlet(d)}/test"),
        "outlet.tested",
    ),
    ("POST", "/desk/merchants/{slug}/outlets/{outlet_id}/rhythm"): (
        lambda d: d.post(f"{CAFE}/outlets/{outlet(d)}/rhythm", name="Anders"),
        "outlet.changed",
    ),
    ("POST", "/desk/merchants/{slug}/outlets/{outlet_id}/interest"): (
        lambda d: d.post(f"{CAFE}/outlets/{outlet(d)}/interest", kinds="event"),
        "outlet.changed",
    ),
    ("POST", "/desk/merchants/{slug}/outlets/{outlet_id}/secret"): (
        lambda d: d.post(f"{CAFE}/outlets/{outlet(d)}/secret"),
        "outlet.secret",
    ),
    ("POST", "/desk/merchants/{slug}/outlets/{outlet_id}/{act}"): (
        lambda d: d.post(f"{CAFE}/outlets/{outlet(d)}/pause"),
        "outlet.paused",
    ),
    ("POST", "/desk/merchants/{slug}/keys"): (
        lambda d: d.post(f"{CAFE}/keys", name="Kasse", scopes="posts:write", seen=""),
        "key.made",
    ),
    ("POST", "/desk/merchants/{slug}/keys/{key_id}"): (
        lambda d: d.post(f"{CAFE}/keys/{api_keys.create(d.merchant_id, KeyRequest(name='x')).key.id}"),
        "key.revoked",
    ),
    ("POST", "/desk/merchants/{slug}/business"): (
        lambda d: d.post(f"{CAFE}/business", address="Markt 2"),
        "merchant.changed",
    ),
    ("POST", "/desk/merchants/{slug}/team"): (
        lambda d: d.post(f"{CAFE}/team", email="neu@cafe.example", name="Neu", role="member"),
        "person.joined",
    ),
    ("POST", "/desk/merchants/{slug}/team/{person_id}"): (
        lambda d: d.post(f"{CAFE}/team/{member(d, 'paul@cafe.example')}"),
        "person.left",
    ),
    ("POST", "/desk/city/applications/{application_id}"): (
        lambda d: d.post(f"/desk/city/applications/{applied(d)}", act="ask", because="Wo ist das?"),
        "application.asked_back",
    ),
    ("POST", "/desk/city/posts/{post_id}/remove"): (
        lambda d: d.post(
            f"/desk/city/posts/{posts.create(d.merchant_id, factories.event()).id}/remove",
            why="unlawful",
            ground="§ 130 StGB",
            statement="Ein Aufruf zur Gewalt.",
        ),
        "post.withdrawn",
    ),
    ("POST", "/desk/city/reports/{report_id}"): (
        lambda d: d.post(f"/desk/city/reports/{reported(d)}", because="Das ist erlaubt."),
        "report.kept",
    ),
    ("POST", "/posts/{post_id}/report"): (report, "report.received"),
    ("POST", "/desk/city/look/preview"): (
        lambda d: (
            d.post("/desk/city/look", name="Coburg erleben", brand="#004488"),
            d.post("/desk/city/look/preview", act="force"),
        )[1],
        "look.changed",
    ),
    ("POST", "/desk/city/outlets"): (
        lambda d: d.post("/desk/city/outlets", channel="webhook", name="Website", url="http://127.0.0.1:9/h"),
        "outlet.made",
    ),
    ("POST", "/desk/city/outlets/{outlet_id}/test"): (
        lambda d: d.post(f"{city_outlet()}/test"),
        "outlet.tested",
    ),
    ("POST", "/desk/city/outlets/{outlet_id}/rhythm"): (
        lambda d: d.post(f"{city_outlet()}/rhythm", name="Anders"),
        "outlet.changed",
    ),
    ("POST", "/desk/city/outlets/{outlet_id}/interest"): (
        lambda d: d.post(f"{city_outlet()}/interest", kinds="event"),
        "outlet.changed",
    ),
    ("POST", "/desk/city/outlets/{outlet_id}/secret"): (
        lambda d: d.post(f"{city_outlet()}/secret", seen=""),
        "outlet.secret",
    ),
    ("POST", "/desk/city/outlets/{outlet_id}/{act}"): (
        lambda d: d.post(f"{city_outlet()}/pause"),
        "outlet.paused",
    ),
    ("POST", "/desk/city/topics/{topic}"): (
        lambda d: d.post(f"/desk/city/topics/{a_topic(d)}", act="rename", name="Klang"),
        "topic.renamed",
    ),
    ("POST", "/desk/city/districts/one"): (
        lambda d: d.post("/desk/city/districts/one", district=a_district(d), name="Altstadt", act="rename"),
        "district.renamed",
    ),
    ("POST", "/desk/city/merchants/{slug}/review"): (
        lambda d: d.post("/desk/city/merchants/cafe/review", review="always"),
        "review.rules",
    ),
    ("POST", "/desk/city/review/rules"): (
        lambda d: d.post("/desk/city/review/rules", scope="new", first_posts="3"),
        "review.rules",
    ),
    ("POST", "/desk/city/review"): (
        lambda d: d.post("/desk/city/review", post=f"{waits(d)}:1"),
        "review.approved",
    ),
    ("POST", "/desk/city/review/{post_id}"): (
        lambda d: d.post(
            f"/desk/city/review/{waits(d)}", act="back", because="Das ist erlaubt.", version="1"
        ),
        "review.returned",
    ),
    ("POST", "/desk/city/merchants/{slug}/enter"): (
        lambda d: d.post("/desk/city/merchants/cafe/enter"),
        "acting.begun",
    ),
    ("POST", "/desk/leave"): (
        lambda d: (d.post("/desk/city/merchants/cafe/enter"), d.post("/desk/leave"))[1],
        "acting.ended",
    ),
    ("POST", "/desk/city/merchants/{slug}/quota"): (
        lambda d: d.post("/desk/city/merchants/cafe/quota", posts_per_day="7"),
        "merchant.changed",
    ),
    ("POST", "/desk/city/merchants/{slug}/district"): (
        lambda d: d.post("/desk/city/merchants/cafe/district", district="Altstadt"),
        "merchant.changed",
    ),
    ("POST", "/desk/city/merchants/{slug}/suspend"): (
        lambda d: d.post("/desk/city/merchants/cafe/suspend", because="Das ist erlaubt.", stands="stays"),
        "merchant.suspended",
    ),
    ("POST", "/desk/city/merchants/{slug}/admit"): (
        lambda d: d.post("/desk/city/merchants/cafe/admit"),
        "merchant.admitted",
    ),
    ("POST", "/desk/city/keys"): (
        lambda d: d.post("/desk/city/keys", name="Website", scopes="posts:read", seen=""),
        "key.made",
    ),
    ("POST", "/desk/city/keys/{key_id}"): (
        lambda d: d.post(f"/desk/city/keys/{api_keys.create(None, KeyRequest(name='x')).key.id}"),
        "key.revoked",
    ),
    ("POST", "/desk/city/team"): (
        lambda d: d.post("/desk/city/team", email="neu@coburg.example", name="Neu", role="viewer"),
        "person.added",
    ),
    ("POST", "/desk/city/team/{person_id}"): (
        lambda d: d.post(f"/desk/city/team/{member(d, 'otto@coburg.example')}"),
        "person.role",
    ),
    ("POST", "/desk/merchants/{slug}/posts/{post_id}/weekly"): (begin_every_week, "series.begun"),
    ("POST", "/desk/merchants/{slug}/weekly/{weekly_id}/check"): (all_dates_say, "series.changed"),
    ("POST", "/desk/merchants/{slug}/weekly/{weekly_id}/dates/{on}/{act}"): (
        lambda d: d.post(
            f"{CAFE}/weekly/{every_week(d)}/dates/{weekly.listed(d.merchant_id)[0].dates[0].on}/skip"
        ),
        "series.changed",
    ),
    ("POST", "/desk/merchants/{slug}/weekly/{weekly_id}/{act}"): (
        lambda d: d.post(f"{CAFE}/weekly/{every_week(d)}/end"),
        "series.ended",
    ),
    ("POST", "/desk/merchants/{slug}/files/{file_id}"): (
        lambda d: d.post(f"{CAFE}/files/{brought(d)}", tell="nobody"),
        "file.taken",
    ),
    ("POST", "/desk/city/deliveries/{delivery_id}/{act}"): (
        lambda d: d.post(f"/desk/city/deliveries/{delivery(d, 'unconfirmed')}/there"),
        "delivery.seen",
    ),
    ("POST", "/desk/city/alerts"): (
        lambda d: d.post("/desk/city/alerts", **{"on.queue.mail": "1", "limit.queue.mail": "90"}),
        "alerts.chosen",
    ),
    ("POST", "/desk/city/alerts/test"): (lambda d: d.post("/desk/city/alerts/test"), "alerts.tested"),
    ("POST", "/desk/city/acts"): (
        lambda d: (
            delivery(d, "failed"),
            d.post("/desk/city/acts", act="replay", channel="webhook", state="failed"),
        )[1],
        "bulk.begun",
    ),
    ("POST", "/desk/city/acts/{act_id}/{turn}"): (
        lambda d: d.post(f"/desk/city/acts/{an_act(d)}/stop"),
        "bulk.stopped",
    ),
    ("POST", "/desk/city/editions/{slot}"): (
        lambda d: d.post(f"/desk/city/editions/{daily('anna@example.org'):%Y%m%dT%H%M%S}", act="hold"),
        "edition.held",
    ),
    ("POST", "/desk/city/readers"): (
        lambda d: (
            anna(),
            d.client.get(d.post("/desk/city/readers", email="anna@example.org").headers["location"]),
        )[1],
        "reader.found",
    ),
    ("POST", "/desk/city/readers/{ref}"): (
        lambda d: d.post(f"/desk/city/readers/{anna()}", act="erase"),
        "reader.erased",
    ),
    ("POST", "/desk/city/readers/imports/{import_id}"): (
        lambda d: d.post(
            f"/desk/city/readers/imports/{reader_imports.check(LIST, 'Otto')}",
            act="begin",
        ),
        "readers.imported",
    ),
}  # fmt: skip -- a line says how and what
