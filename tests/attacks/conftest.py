"""A town in which everything is there that could be attacked, and everybody who may attack it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from syndication.accounts import people, sessions
from syndication.accounts.sessions import Device
from syndication.config import Settings
from syndication.infra import db
from syndication.models import ApiKey, Base, BrowserSession, Membership, Merchant, Passkey, Person
from syndication.web import rules, signed_in
from syndication.web.app import create_app
from tests.web.shown import ROSA, Shown, furnish

#: Everybody with a cookie, by what they may do for the city and for the café.
ROLES: Mapping[str, tuple[str | None, str | None]] = {
    "a stranger who is signed in": (None, None),
    "a member of the café": (None, "member"),
    "the owner of the café": (None, "owner"),
    "a viewer": ("viewer", None),
    "an editor": ("editor", None),
    "an operator": ("operator", None),
}
#: What stands in an address where no page of the town says it.
_ELSE = {
    "act": "withdraw", "turn": "stop", "number": "1", "size": "page", "on": "2030-01-01", "kind": "event",
    "name": "vorlage.csv", "path": "all.rss", "digest": "0" * 16,
}  # fmt: skip
_NOBODY_THERE = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True)
class Besieged:
    """The town: its app, and what each route's address is for something that is there."""

    client: TestClient
    shown: Shown
    things: Mapping[str, str]

    def address(self, path: str) -> str:
        """The address of a route, of the thing that the page nearest to it shows."""
        found = {**_ELSE, **self.things, **self._nearest(path)}
        return re.sub(r"\{(\w+)(?::\w+)?\}", lambda one: found.get(one[1], _NOBODY_THERE), path)

    def _nearest(self, path: str) -> dict[str, str]:
        def shared(route: str) -> int:
            both = zip(route.split("/"), path.split("/"), strict=False)
            return next((n for n, (one, other) in enumerate(both) if one != other), 99)

        found: dict[str, str] = {}
        for route in sorted(self.shown.pages, key=shared):
            pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/?]+)", re.sub(r"[.]", r"\.", route))
            if match := re.match(pattern, self.shown.pages[route][0]):
                found |= match.groupdict()
        return found

    def enter(self, who: str) -> str:
        """Sign somebody in by their cookie; the token of their forms."""
        city, own = ROLES[who]
        email = re.sub(r"\W+", "-", who) + "@example.org"
        people.add(email, role=city)  # type: ignore[arg-type]  # the table above
        if own:
            people.join(email, "cafe", own)  # type: ignore[arg-type]  # the table above
        return self.enter_as(email)

    def enter_as(self, email: str) -> str:
        """The same for somebody of the town."""
        with db.transaction() as session:
            person = session.scalars(select(Person).where(Person.email == email)).one()
            secret, _ = sessions.begin(session, person, Device(), "link")
        self.client.cookies.clear()
        self.client.cookies.set(signed_in._cookie(), secret)
        known = sessions.account(secret)
        assert known is not None
        return sessions.form_token(known)


def come_from(client: TestClient, host: str) -> None:
    """The next requests come from this address."""
    transport: Any = client._transport
    transport.client = (host, 40000)


def changing() -> list[tuple[str, str]]:
    """Method and path of every route that may change something, as the table of rules knows them."""
    return [one for one in rules.TABLE if one[0] != "GET"]


def rows() -> dict[str, set[str]]:
    """All that the database holds: table → its rows."""
    with db.reading() as session:
        return {
            table.name: {repr(tuple(row)) for row in session.execute(select(table))}
            for table in Base.metadata.sorted_tables
        }


def changed(before: Mapping[str, set[str]]) -> dict[str, Any]:
    """What came and what went since: table → rows."""
    after = rows()
    return {name: sorted(before[name] ^ after[name]) for name in after if before[name] != after[name]}


@pytest.fixture
def client(database: str, settings: Settings) -> Iterator[TestClient]:
    """The web app; errors of the server come back as answers, as over a wire."""
    with TestClient(create_app(settings), raise_server_exceptions=False, follow_redirects=False) as one:
        yield one


@pytest.fixture
def besieged(client: TestClient) -> Besieged:
    """The town that has something of everything."""
    shown = furnish()
    with db.transaction() as session:
        rosa = session.scalars(select(Person).where(Person.email == ROSA)).one()
        cafe = session.scalars(select(Merchant.id).where(Merchant.slug == "cafe")).one()
        session.add(
            Passkey(
                person_id=rosa.id,
                credential="c" * 20,
                public_key=b"k",
                sign_count=0,
                name="Handy",
                made_at=rosa.created_at,
            )
        )
        member = select(Membership.person_id).where(
            Membership.merchant_id == cafe, Membership.role == "member"
        )
        session.flush()
        things = {
            "key_id": session.scalars(select(ApiKey.id).where(ApiKey.merchant_id == cafe)).first(),
            "person_id": session.scalars(member).one(),
            "session_id": session.scalars(select(BrowserSession.id).where(BrowserSession.person_id == rosa.id)).first(),
            "passkey_id": session.scalars(select(Passkey.id)).one(),
        }  # fmt: skip
    return Besieged(client, shown, {name: str(value) for name, value in things.items()})
