"""Attack 44, tokens: every kind of secret in an address, a form or a header is forged, swapped, cut, rotated and grown old.

Bar: no forged one is accepted; after the keys were rotated, and two years later, readers still unsubscribe.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from itsdangerous import URLSafeSerializer, URLSafeTimedSerializer
from sqlalchemy import select
from starlette.testclient import TestClient

from syndication import clock, config
from syndication.accounts import applications, people, sessions, sign_in
from syndication.accounts.sessions import Device
from syndication.audience import readers, tokens
from syndication.destinations import connecting, links
from syndication.destinations.connecting import ConnectionRequest
from syndication.infra import db
from syndication.infra.signing import Box, Tokens, derived
from syndication.models import Person, Reader
from syndication.publishing import api_keys
from syndication.publishing.api_keys import KeyRequest
from syndication.web import signed_in
from syndication.web.desk import readers as desk_readers
from syndication.web.site import stamps
from syndication.web.site.choices import Typed
from tests import factories, town
from tests.accounts.test_applications import TYPED, letters
from tests.conftest import FULL

pytestmark = pytest.mark.enough("sqlite")  # what is signed lies above SQL
NEW, OLD = "another key of a test city, as long as it must be", factories.KEYS[0]
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@dataclass(frozen=True)
class Kind:
    """A kind of secret: one that is good, one of somebody else, and whether a text opens what it is for.

    `signed`: it goes with the secret keys; the others are random, and rows say whose they are. `lasts`: for how long.
    """

    mine: str
    other: str
    opens: Callable[[str], bool]
    signed: bool
    lasts: timedelta | None


def of_a_reader(email: str) -> tuple[str, str]:
    """The token of their mails, and that of the letter by which they confirm."""
    town.sign_up(email)
    with db.transaction() as session:
        reader = session.scalars(select(Reader).where(Reader.email == email)).one()
        confirming = tokens.confirmation(reader)
    return readers.token_for(email), confirming


def of_an_application(email: str) -> str:
    wanted = applications.checked({**TYPED, "name": email, "email": email}, language="de", wording="Ja.")
    applications.ask(wanted)
    applications.answer(wanted.id)
    return str(letters()[-1]["connect"].rpartition("/")[2])


def of_a_session(email: str) -> tuple[str, str]:
    """The cookie of somebody who signed in, and the secret of their forms."""
    with db.transaction() as session:
        person = session.scalars(select(Person).where(Person.email == email)).one()
        secret, _ = sessions.begin(session, person, Device(), "link")
    known = sessions.account(secret)
    assert known is not None
    return secret, sessions.form_token(known)


@pytest.fixture
def kinds(client: TestClient) -> Mapping[str, Kind]:
    """Every kind, with doors that only look."""
    with db.transaction() as session:
        cafe, museum = factories.merchant(session, "cafe").id, factories.merchant(session, "museum").id
        own_reader = factories.reader(session, "a@example.org").id
        other_reader = factories.reader(session, "b@example.org").id
    for email in ("boss@coburg.example", "chef@coburg.example"):
        people.add(email, role="operator")
    mine, others = of_a_reader("anna@example.org"), of_a_reader("bert@example.org")
    sessions_ = [of_a_session(email) for email in ("boss@coburg.example", "chef@coburg.example")]
    ways = [
        urlsplit(connecting.link(ConnectionRequest(channel="telegram", name=str(n)), links.COMMAND, owner=owner).url)
        .path.rpartition("/")[2]
        for n, owner in enumerate((cafe, museum))
    ]  # fmt: skip
    enter = [
        sign_in.link(email)[0].rpartition("/")[2] for email in ("boss@coburg.example", "chef@coburg.example")
    ]
    keys = [api_keys.create(one, KeyRequest(name="k")).text for one in (cafe, museum)]
    typed = [Typed({"email": email}, {}).sealed("email") for email in ("x@example.org", "y@example.org")]
    given = [stamps.new(), stamps.new()]
    clock.travel(timedelta(seconds=3))

    def got(path: str) -> Callable[[str], bool]:
        accept = "application/json" if path.startswith("/api") else "text/html"
        return lambda text: client.get(path + text, headers={"Accept": accept}).status_code == 200

    def at_the_desk(path: str) -> Callable[[str], bool]:
        cookie = {"Cookie": f"{signed_in._cookie()}={sessions_[0][0]}"}
        return lambda text: client.get(path + text, headers=cookie).status_code == 200

    def by_cookie(text: str) -> bool:
        return sessions.account(text) is not None

    def by_form(text: str) -> bool:
        known = sessions.account(sessions_[0][0])
        return known is not None and sessions.is_form_token(known, text)

    def by_key(text: str) -> bool:
        answer = client.get("/api/v1/posts", headers={b"Authorization": f"Bearer {text}".encode()})
        return answer.status_code == 200

    def filled_in(text: str) -> bool:
        return "@example.org" in client.get("/sign-up", params={"typed": text}).text

    def by_a_person(text: str) -> bool:
        return not stamps.by_a_robot(Typed({"stamp": text}, {})) and not stamps.used_up(
            Typed({"stamp": text}, {}), {"x": ""}
        )

    hour, day, year = timedelta(hours=1), timedelta(days=1), None
    return {
        "preferences": Kind(mine[0], others[0], got("/preferences/"), True, year),
        "leave": Kind(mine[0], others[0], got("/leave/"), True, year),
        "the API of readers": Kind(mine[0], others[0], got("/api/v1/readers/"), True, year),
        "confirm": Kind(mine[1], others[1], got("/confirm/"), True, tokens.CONFIRM_WITHIN),
        "a reader at the desk": Kind(
            desk_readers.reference(own_reader), desk_readers.reference(other_reader),
            at_the_desk("/desk/city/readers/"), True, year,
        ),
        "a form's stamp": Kind(given[0], given[1], by_a_person, True, day),
        "a form's secret": Kind(sessions_[0][1], sessions_[1][1], by_form, True, sessions.LASTS),
        "what was typed": Kind(typed[0], typed[1], filled_in, True, hour),
        "apply": Kind(of_an_application("c@neu.example"), of_an_application("d@neu.example"), got("/apply/"), False,
                      applications.CONFIRM_WITHIN),
        "sign in": Kind(enter[0], enter[1], got("/sign-in/"), False, sign_in.GOOD_FOR),
        "connect": Kind(ways[0], ways[1], got("/connect/"), False, links.USUAL),
        "a session": Kind(sessions_[0][0], sessions_[1][0], by_cookie, False, sessions.LASTS),
        "an API key": Kind(keys[0], keys[1], by_key, False, year),
    }  # fmt: skip


def forged(kind: Kind) -> Iterator[str]:
    """What is near to a good one, and none."""
    good, middle = kind.mine, len(kind.mine) // 2
    yield from (good[:length] for length in range(0, len(good), 1 if FULL else 7))
    for place in range(0, len(good), 1 if FULL else 5):
        for letter in LETTERS if place >= len(good) - 2 else (LETTERS[(place * 7) % 64],):
            if letter != good[place]:
                yield good[:place] + letter + good[place + 1 :]
    yield from (good + "A", "A" + good, good + ".A", good.swapcase(), good[::-1], good[:-1] + "ä", good * 3)
    yield good[:middle] + kind.other[middle:]
    yield kind.other[:middle] + good[middle:]
    if "." in good:
        payload, _, signature = good.rpartition(".")
        yield f"{kind.other.rpartition('.')[0]}.{signature}"
        yield f"{payload}.{'A' * len(signature)}"
        yield f"{payload}."
        yield payload
    for purpose in ("reader", "confirm", "form", "reader at the desk", "itsdangerous", ""):
        value = Tokens((OLD,), "reader").read(good) or [1, "x"]
        yield Tokens(("a key that somebody else made up, long enough",), purpose).make(value)
        yield str(URLSafeSerializer(derived(OLD, "links"), salt=f"{purpose}x").dumps(value))
        yield str(URLSafeSerializer(OLD, salt=purpose).dumps(value))
        yield str(URLSafeTimedSerializer(OLD, salt=purpose).dumps(value))
    yield Box(("a key that somebody else made up, long enough",)).close({"texts": {"email": "x@example.org"}})


def test_nothing_forged_opens_anything(kinds: Mapping[str, Kind], capsys: pytest.CaptureFixture[str]) -> None:
    tried = 0
    for name, kind in kinds.items():
        assert kind.opens(kind.mine), name
        for text in forged(kind):
            if text not in (kind.mine, kind.other):
                tried += 1
                assert not kind.opens(re.sub(r"[/?#]", "", text)), f"{name}: {text!r} of {kind.mine!r}"
    with capsys.disabled():
        print(f" [{tried} forged, {len(kinds)} kinds]", end="")


def test_none_opens_what_is_anothers(kinds: Mapping[str, Kind]) -> None:
    same = {"preferences", "leave", "the API of readers"}
    for name, kind in kinds.items():
        for what, other in kinds.items():
            if what != name and not {what, name} <= same:
                assert not kind.opens(other.mine), f"{what} opens {name}"
    assert not kinds["a form's secret"].opens(kinds["a form's secret"].other), "of another session"
    found = {name: readers.read(kind.mine).email for name, kind in kinds.items() if name in same}
    assert set(found.values()) == {"anna@example.org"}


def test_keys_are_rotated_without_a_pause_and_taken_back_for_good(
    kinds: Mapping[str, Kind], settings: config.Settings
) -> None:
    for keys, works in (((NEW, OLD), True), ((NEW,), False)):
        config.use(config.Settings(**{**settings.model_dump(), "secret_keys": keys}))
        for name, kind in kinds.items():
            assert kind.opens(kind.mine) == (works or not kind.signed), f"{name} with {len(keys)} keys"


def test_each_is_over_in_time_and_a_reader_unsubscribes_two_years_later(
    kinds: Mapping[str, Kind], client: TestClient
) -> None:
    began = clock.now()
    for name, kind in sorted(kinds.items(), key=lambda one: one[1].lasts or timedelta()):
        if kind.lasts is not None:
            clock.travel(began + kind.lasts + timedelta(minutes=1) - clock.now())
            assert not kind.opens(kind.mine), name
    clock.travel(timedelta(days=730))
    assert kinds["leave"].opens(kinds["leave"].mine)
    answer = client.post(f"/leave/{kinds['leave'].mine}", data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert readers.read(kinds["leave"].mine).state == "left"


def test_every_use_of_the_secret_keys_is_tried_here() -> None:
    """Whoever adds a purpose finds this test."""
    found: set[str] = set()
    for path in Path("syndication").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        found |= set(re.findall(r"(?:Box|Tokens)\(settings\(\)\.keys, \"([^\"]+)\"\)", text))
        found |= set(re.findall(r"\b_tokens\(\"([^\"]+)\"\)", text)) | set(
            re.findall(r"\b_box\(\"([^\"]+)\"\)", text)
        )
    assert found == {
        "reader", "confirm", "reader at the desk", "form",
        # They lie in our own rows; nobody sends them.
        "connect letter", "connect link",
        # It travels to a network and back: tests/web/test_connect_links.py.
        "connect state",
    }  # fmt: skip
