"""Every act over HTTP leaves its line in the audit log, or stands here with the reason why it leaves none; and who reads it."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from syndication import clock, destinations
from syndication.accounts import admissions, applications, people, reports, sessions, sign_in
from syndication.accounts.reports import Notice
from syndication.accounts.sessions import Device
from syndication.config import Settings
from syndication.content.base import new_id
from syndication.infra import db
from syndication.insight import audit_log
from syndication.insight.audit_log import LogFilter, LogRow
from syndication.models import Delivery, Passkey, Person
from syndication.publishing import api_keys, drafts, posts
from syndication.publishing.api_keys import KeyRequest
from syndication.publishing.drafts import Written
from syndication.web import rules, signed_in
from syndication.web.app import create_app
from tests import factories
from tests.accounts.test_applications import answered
from tests.accounts.test_applications import token as link_token
from tests.town import fan_out
from tests.web.conftest import Party
from tests.web.test_acts import asked as asked_of
from tests.web.test_api_access import RULES, ready_for, things

pytestmark = pytest.mark.enough("sqlite")  # that acts are written down; tests/audit has the table, on both
__all__ = ["things"]

_READERS = "it is a reader's own affair: their consents prove it, and the log holds nothing of readers"
_DRAFTS = "a draft is nobody's business before it is posted, and its merchant alone sees it"
_ASKS = "it only asks; what follows is written down"
#: Routes that leave no line, and why.
SILENT: dict[tuple[str, str], str] = {
    **{
        ("POST", path): _READERS
        for path in (
            "/sign-up", "/confirm/{token}", "/preferences/{token}", "/leave/{token}", "/notices", "/notices/state",
            "/notices/off", "/api/v1/readers", "/api/v1/readers/{token}/confirm", "/api/v1/readers/{token}/leave",
        )
    },
    ("PUT", "/api/v1/readers/{token}"): _READERS,
    ("DELETE", "/api/v1/readers/{token}"): _READERS,
    **{
        ("POST", f"/desk/merchants/{{slug}}/posts/{{post_id}}/{act}"): _DRAFTS
        for act in ("write", "discard", "again")
    },
    **{
        ("POST", path): _ASKS
        for path in ("/apply", "/sign-in", "/sign-in/passkey/ask", "/desk/account/passkeys/ask")
    },
    ("POST", "/api/v1/prices/advice"): "it changes nothing",
    ("POST", "/api/v1/destinations/{destination_id:uuid}/dry-run"): "it changes nothing",
}  # fmt: skip
#: What needs a device or a network; the test that does it for real looks at the log.
ELSEWHERE = {
    ("POST", "/sign-in/passkey"): "tests/web/test_desk.py",
    ("POST", "/desk/account/passkeys"): "tests/web/test_desk.py",
    ("POST", "/connect/{token}"): "tests/web/test_connect.py",
}
#: What each route of the API writes down.
OF_THE_API = {
    ("POST", "/posts"): "post.created",
    ("PUT", "/posts/{post_id}"): "post.revised",
    ("PATCH", "/posts/{post_id}"): "post.revised",
    ("DELETE", "/posts/{post_id}"): "post.withdrawn",
    ("POST", "/pictures"): "picture.added",
    ("POST", "/destinations"): "outlet.made",
    ("PATCH", "/destinations/{destination_id}"): "outlet.changed",
    ("DELETE", "/destinations/{destination_id}"): "outlet.removed",
    ("POST", "/destinations/{destination_id}/pause"): "outlet.paused",
    ("POST", "/destinations/{destination_id}/resume"): "outlet.resumed",
    ("POST", "/destinations/{destination_id}/rotate-secret"): "outlet.secret",
    ("POST", "/destinations/{destination_id}/test"): "outlet.tested",
    ("POST", "/destinations/{destination_id}/replay"): "delivery.replayed",
    ("POST", "/destinations/{destination_id}/retry"): "delivery.retried",
    ("POST", "/destinations/{destination_id}/connect"): "link.made",
    ("POST", "/destinations/connect"): "link.made",
    ("DELETE", "/destinations/links/{link_id}"): "link.ended",
    ("POST", "/deliveries/{delivery_id}/replay"): "delivery.replayed",
    ("POST", "/deliveries/{delivery_id}/retry"): "delivery.retried",
    ("POST", "/merchants"): "merchant.admitted",
    ("PATCH", "/merchants/{slug}"): "merchant.changed",
    ("POST", "/merchants/{slug}/admit"): "merchant.admitted",
    ("POST", "/merchants/{slug}/suspend"): "merchant.suspended",
    ("POST", "/merchants/{slug}/keys"): "key.made",
    ("POST", "/keys"): "key.made",
    ("DELETE", "/keys/{key_id}"): "key.revoked",
}


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


@pytest.fixture
def desk(database: str, settings: Settings) -> Iterator[Desk]:
    with db.transaction() as session:
        merchant_id = factories.merchant(session, "cafe").id
    person = people.join("rosa@cafe.example", "cafe", "owner", name="Rosa Rosen")
    people.add("rosa@cafe.example", role="operator")
    people.add("otto@coburg.example", name="Otto", role="operator")
    people.join("paul@cafe.example", "cafe", "owner", name="Paul")
    with TestClient(
        create_app(settings), headers={"Accept": "text/html"}, raise_server_exceptions=False
    ) as one:
        with db.transaction() as session:
            row = session.get_one(Person, person.id)
            secret, browser = sessions.begin(session, row, Device(), "link")
        one.cookies.set(signed_in._cookie(), secret)
        account = sessions.account(secret)
        assert account is not None
        yield Desk(one, person.id, browser.id, merchant_id, sessions.form_token(account))


def outlet(desk: Desk, channel: str = "webhook") -> UUID:
    wanted = {"channel": channel, "name": "Unser Webshop", "settings": {"url": "http://127.0.0.1:9/hook"}}
    return destinations.create(
        desk.merchant_id, destinations.DestinationRequest.model_validate(wanted), counted=True
    ).destination.id


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
    ("POST", "/desk/city/team"): (
        lambda d: d.post("/desk/city/team", email="neu@coburg.example", name="Neu", role="viewer"),
        "person.added",
    ),
    ("POST", "/desk/city/team/{person_id}"): (
        lambda d: d.post(f"/desk/city/team/{member(d, 'otto@coburg.example')}"),
        "person.role",
    ),
}  # fmt: skip -- a line says how and what


def changing() -> set[tuple[str, str]]:
    return {(method, path) for method, path in rules.TABLE if method != "GET"}


def of_the_api(method: str, path: str) -> tuple[str, str]:
    return method, "/api/v1" + path.replace("{destination_id}", "{destination_id:uuid}")


def newest() -> LogRow:
    return audit_log.lines(LogFilter(), limit=1)[0]


def test_every_route_that_changes_something_is_written_down_or_says_why_not() -> None:
    written_down = {of_the_api(*one) for one in OF_THE_API} | set(OF_PAGES)
    assert written_down | set(SILENT) | set(ELSEWHERE) == changing()
    assert not written_down & set(SILENT)
    assert all(len(reason) > 10 for reason in SILENT.values())


@pytest.mark.parametrize(("method", "path"), sorted(OF_THE_API))
def test_what_is_done_with_a_key_is_written_down(
    method: str, path: str, things: dict[str, Any], cafe: Party, operator: Party
) -> None:
    ready_for("/deliveries/{delivery_id}/retry" if path.endswith("/retry") else path, things)
    party = operator if RULES[method, path].scope == "operator" else cafe
    before = newest().id
    if path in ("/destinations/{destination_id}/replay", "/destinations/{destination_id}/retry"):
        body = {"since": "2026-01-01T00:00:00Z"} if path.endswith("replay") else {}
        answer = party(method, path.format(**things), json=body)
    else:
        answer = asked_of(party, method, path, things)
    assert answer.status_code < 300, answer.text
    line = newest()
    assert line.id > before
    assert line.what == OF_THE_API[method, path]
    assert line.by == f"key {party.key.split('_')[1]}"
    assert (line.by_name, line.way) == ("hall" if party is operator else "shop", "api")
    if path not in ("/keys", "/merchants"):
        assert line.merchant == "cafe"
    assert party.key not in str(line)


@pytest.mark.parametrize(("method", "path"), sorted(OF_PAGES))
def test_what_is_done_on_a_page_is_written_down(method: str, path: str, desk: Desk) -> None:
    do, what = OF_PAGES[method, path]
    answer = do(desk)
    assert answer.status_code in (200, 303), answer.text
    line = next(row for row in audit_log.lines(LogFilter()) if row.way == "page" and row.what == what)
    if path.startswith("/desk"):
        assert (line.by, line.by_name) == (f"person {desk.person_id}", "Rosa Rosen")
    elif path.startswith("/posts"):
        assert (line.by, line.by_name) == ("", "")
    else:
        assert line.by.startswith(("application ", "person "))
    for words in ("anna", "Anna", "gegen das Gesetz", "StGB", "Gewalt", "erlaubt"):
        assert words not in str(line)
    if "{slug}" in path:
        assert line.merchant == "cafe"


def test_nothing_is_written_down_where_nothing_was_done(desk: Desk) -> None:
    before = newest().id
    for path, data in (
        (f"{CAFE}/keys", {"name": "", "scopes": ""}),
        (f"{CAFE}/team", {"email": "no address"}),
        (f"{CAFE}/posts/{new_id()}/acts/withdraw", {}),
        ("/desk/city/team/" + str(desk.person_id).replace("0", "1"), {}),
    ):
        assert desk.post(path, **data).status_code >= 400
    assert newest().id == before
