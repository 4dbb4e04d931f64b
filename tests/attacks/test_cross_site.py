"""Attack 40, forged requests: another website makes the browser of somebody signed in send every form there is.

Bar: each gets 403 and changes nothing, except a mail program's one click (RFC 8058). The API knows no cookie. In full for
everybody who can sign in.
"""

from collections.abc import Mapping

import pytest

from syndication.audience import readers
from tests.attacks.conftest import ROLES, Besieged, changed, changing, rows
from tests.conftest import FULL
from tests.web.shown import ROSA

pytestmark = pytest.mark.enough("sqlite")  # refused before any SQL

#: What browsers say when another website makes them send something: new ones, old ones, and a page on our own domain.
FOREIGN: tuple[Mapping[str, str], ...] = (
    {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "null"},
    {"Sec-Fetch-Site": "same-site", "Origin": "http://shop.localhost:8000"},
    {"Origin": "https://evil.example"},
    {"Origin": "http://localhost:8000.evil.example"},
)
#: What a form or a script may send from elsewhere without asking first (WHATWG Fetch, "simple" content types).
SIMPLE = ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain")


def test_no_form_of_another_website_is_taken_in_the_name_of_whoever_is_signed_in(besieged: Besieged) -> None:
    for who in ROLES if FULL else ("the owner of the café", "an operator"):
        token, tried = besieged.enter(who), 0
        before = rows()
        for method, path in changing():
            if path.startswith("/api/"):
                tried += by_a_simple_request(who, method, path, besieged)
                continue
            # Even with the secret of the form, wherever it leaked.
            sent = [(headers, {"token": token}) for headers in FOREIGN]
            if path.startswith("/desk"):  # old browsers say nothing at all; then the secret is what they lack
                sent += [(headers, {"a": "b"}) for headers in ({}, {"Origin": "null"})]
            for headers, data in sent:
                answer = besieged.client.request(method, besieged.address(path), data=data, headers=headers)
                right = {403} if data != {"a": "b"} else {403, 404}  # 404: what they may not even look at
                assert answer.status_code in right, f"{who}: {method} {path} {headers}"
                tried += 1
        print(f"[{who}: {tried} requests]")
        assert tried > 400
        assert changed(before) == {}


def by_a_simple_request(who: str, method: str, path: str, besieged: Besieged) -> int:
    """What a cookie alone does in the API: nothing. How many requests that were."""
    for kind in SIMPLE:
        headers = {**FOREIGN[0], "Content-Type": kind}
        answer = besieged.client.request(method, besieged.address(path), content=b"{}", headers=headers)
        # 401: no key; 404 and 415: what needs none asks for the secret in the address, or for JSON.
        assert answer.status_code in (401, 404, 415), f"{who}: {method} {path} {kind}"
        assert "access-control-allow-origin" not in answer.headers
    return len(SIMPLE)


def test_our_own_pages_and_one_click_of_a_mail_program_are_let_through(besieged: Besieged) -> None:
    """Without this, a service that refuses everything would pass.

    Also attack 45: the POST is that of RFC 8058, section 3.2; tests/channels/test_newsletter.py has the headers.
    """
    besieged.client.cookies.clear()
    where = f"/leave/{readers.token_for('anna@example.org')}"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = besieged.client.post(where, content=b"List-Unsubscribe=One-Click", headers=form)
    assert answer.status_code == 200
    assert {"location", "set-cookie"}.isdisjoint(answer.headers)
    assert readers.read(where.rpartition("/")[2]).state == "left"
    token, wrong = besieged.enter_as(ROSA), []
    paths = [path for method, path in changing() if method == "POST" and path.startswith("/desk")]
    for path in sorted(paths, key=lambda one: ("sign-out" in one, "session" in one)):
        answer = besieged.client.post(
            besieged.address(path), data={"token": token}, headers={"Sec-Fetch-Site": "same-origin"}
        )
        if answer.status_code in (401, 403, 500):
            wrong.append((path, answer.status_code))
    assert wrong == []
