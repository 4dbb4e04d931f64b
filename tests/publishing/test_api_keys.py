"""API keys: shown once, kept as a digest, recognised, expired, revoked."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from syndication import clock
from syndication.content.base import new_id
from syndication.errors import Invalid, NotFound
from syndication.infra import db
from syndication.models import ApiKey
from syndication.publishing import api_keys
from syndication.publishing.api_keys import MERCHANT_SCOPES, KeyRequest
from tests import factories

pytestmark = pytest.mark.usefixtures("database")


def shop() -> UUID:
    """The id of a merchant."""
    with db.transaction() as session:
        return factories.merchant(session).id


def test_a_key_is_recognised_and_its_text_is_kept_nowhere() -> None:
    merchant_id = shop()
    made = api_keys.create(merchant_id, KeyRequest(name="till"))
    caller = api_keys.authenticate(made.text)
    assert caller is not None
    assert (caller.merchant_id, caller.scopes, caller.is_operator) == (
        merchant_id,
        frozenset(MERCHANT_SCOPES),
        False,
    )
    secret = made.text.split("_", 2)[2]  # which may hold this character, too
    with db.reading() as session:
        row = session.scalars(select(ApiKey)).one()
        assert secret not in str(vars(row))
    assert secret not in str(api_keys.listed())


def test_one_wrong_character_is_enough() -> None:
    text = api_keys.create(None, KeyRequest(name="hall", scopes=("operator",))).text
    swapped = text[:-1] + ("A" if text[-1] != "A" else "B")
    for wrong in (swapped, text.upper(), text + "A", text[4:], "syn_00000000_" + "A" * 43, "", "syn__"):
        assert api_keys.authenticate(wrong) is None


def test_a_merchants_key_never_holds_the_operators_scope() -> None:
    with pytest.raises(Invalid, match="scopes"):
        api_keys.create(shop(), KeyRequest(name="till", scopes=("operator",)))


def test_the_operators_scope_stands_for_all_others() -> None:
    caller = api_keys.authenticate(api_keys.create(None, KeyRequest(name="hall", scopes=("operator",))).text)
    assert caller is not None
    assert caller.is_operator
    assert all(caller.may(scope) for scope in MERCHANT_SCOPES)
    screen = api_keys.authenticate(
        api_keys.create(None, KeyRequest(name="screen", scopes=("posts:read",))).text
    )
    assert screen is not None
    assert not screen.is_operator
    assert not screen.may("posts:write")


def test_a_key_dies_at_its_end_or_when_it_is_taken_back() -> None:
    ends = clock.now() + timedelta(minutes=5)
    short = api_keys.create(None, KeyRequest(name="short", expires_at=ends))
    long = api_keys.create(None, KeyRequest(name="long"))
    assert api_keys.authenticate(short.text)
    clock.travel(timedelta(minutes=5))
    assert api_keys.authenticate(short.text) is None
    assert api_keys.authenticate(long.text)
    first = api_keys.revoke(long.key.id)
    assert api_keys.authenticate(long.text) is None
    assert api_keys.revoke(long.key.id).revoked_at == first.revoked_at
    with pytest.raises(Invalid, match="expires_at"):
        api_keys.create(None, KeyRequest(name="late", expires_at=clock.now() - timedelta(seconds=1)))
    for wrong in (
        lambda: api_keys.revoke("00000000"),
        lambda: api_keys.create(new_id(), KeyRequest(name="x")),
    ):
        with pytest.raises(NotFound):
            wrong()


def test_the_last_use_is_noted_once_a_minute() -> None:
    made = api_keys.create(None, KeyRequest(name="hall"))
    api_keys.authenticate(made.text)
    first = api_keys.listed()[0].last_used_at
    assert first is not None
    clock.travel(timedelta(seconds=30))
    api_keys.authenticate(made.text)
    assert api_keys.listed()[0].last_used_at == first
    clock.travel(timedelta(seconds=31))
    api_keys.authenticate(made.text)
    latest = api_keys.listed()[0].last_used_at
    assert latest is not None
    assert latest > first
