"""Every act over HTTP leaves its line in the audit log, or stands here with the reason why it leaves none; and who reads it."""

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from syndication.accounts import people, sessions
from syndication.accounts.sessions import Device
from syndication.config import Settings
from syndication.content.base import new_id
from syndication.infra import db
from syndication.insight import audit_log
from syndication.insight.audit_log import LogFilter, LogRow
from syndication.models import Person
from syndication.web import rules, signed_in
from syndication.web.app import create_app
from tests import factories
from tests.web.conftest import Party
from tests.web.deeds import CAFE, OF_PAGES, Desk
from tests.web.test_acts import asked as asked_of
from tests.web.test_api_access import RULES, ready_for, things, weekly

pytestmark = pytest.mark.enough("sqlite")  # that acts are written down; tests/audit has the table, on both
__all__ = ["things"]

_READERS = "it is a reader's own affair: their consents prove it, and the log holds nothing of readers"
_DRAFTS = "a draft is nobody's business before it is posted, and its merchant alone sees it"
_LOOKED_AT = "nothing is made of a file that is only looked at; taking it in is written down"
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
    ("POST", "/desk/merchants/{slug}/files"): _LOOKED_AT,
    ("POST", "/desk/merchants/{slug}/files/{file_id}/discard"): _LOOKED_AT,
    ("POST", "/desk/city/readers/imports"): _LOOKED_AT,
    ("POST", "/desk/city/look"): "a draft of the look is nobody's business before it is put in force",
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
    ("POST", "/series"): "series.begun",
    ("POST", "/series/{series_id}/successor"): "series.changed",
    ("PATCH", "/series/{series_id}"): "series.changed",
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
    if path.startswith("/series"):
        things |= weekly(cafe)
    party = operator if RULES[method, path].scope == "operator" else cafe
    before = newest().id
    if path in ("/destinations/{destination_id}/replay", "/destinations/{destination_id}/retry"):
        body = {"since": "2026-01-01T00:00:00Z"} if path.endswith("replay") else {}
        answer = party(method, path.format(**things), json=body)
    else:
        answer = asked_of(party, method, path, things)
    assert answer.status_code < 300, answer.text
    line = next(row for row in audit_log.lines(LogFilter()) if row.what == OF_THE_API[method, path])
    assert line.id > before
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
