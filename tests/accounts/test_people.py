"""Who people are and what they may do: one for each address, and somebody always remains who may decide."""

import pytest

from syndication.accounts import people
from syndication.accounts.people import Account
from syndication.content.base import new_id
from syndication.errors import Conflict, Invalid, NotFound
from syndication.infra import db
from tests import factories


@pytest.fixture(autouse=True)
def _shops(database: str, settings: object) -> None:
    with db.transaction() as session:
        factories.merchant(session, "cafe")
        factories.merchant(session, "museum")


def account(role: str | None = None, **merchants: str) -> Account:
    return Account(new_id(), new_id(), "Rosa", "rosa@cafe.example", "de", role, merchants)


def test_one_address_is_one_person_however_it_is_spelled() -> None:
    first = people.add("Rosa@Cafe.Example", name="Rosa Rosen")
    again = people.add("rosa@cafe.example", role="viewer")
    assert first.id == again.id
    assert (again.name, again.email, again.role) == ("Rosa Rosen", "rosa@cafe.example", "viewer")
    assert people.of_address("ROSA@CAFE.EXAMPLE").id == first.id
    assert [one.id for one in people.listed()] == [first.id]


def test_a_person_may_act_for_several_merchants() -> None:
    people.join("rosa@cafe.example", "cafe", "owner", name="Rosa")
    person = people.join("rosa@cafe.example", "museum")
    assert person.merchants == {"cafe": "owner", "museum": "member"}
    assert [(one.name, one.role) for one in people.members("cafe")] == [("Rosa", "owner")]


def test_a_merchant_keeps_an_owner() -> None:
    rosa = people.join("rosa@cafe.example", "cafe", "owner")
    paul = people.join("paul@cafe.example", "cafe")
    with pytest.raises(Conflict, match="another person an owner"):
        people.leave(rosa.id, "cafe")
    with pytest.raises(Conflict):
        people.join("rosa@cafe.example", "cafe", "member")
    people.join("paul@cafe.example", "cafe", "owner")
    people.leave(rosa.id, "cafe")
    assert [one.id for one in people.members("cafe")] == [paul.id]
    with pytest.raises(NotFound):
        people.leave(rosa.id, "cafe")


def test_the_city_keeps_an_operator() -> None:
    first = people.add("hall@coburg.example", role="operator")
    for act in (
        lambda: people.remove("hall@coburg.example"),
        lambda: people.give_role(first.id, None),
        lambda: people.add("hall@coburg.example", role="viewer"),
    ):
        with pytest.raises(Conflict, match="another person an operator"):
            act()
    people.add("other@coburg.example", role="operator")
    people.give_role(first.id, None)
    assert people.of_address("hall@coburg.example").role is None


def test_whoever_is_removed_is_gone_with_all_they_may_do() -> None:
    people.join("rosa@cafe.example", "cafe", "owner")
    assert people.remove("Rosa@cafe.example").merchants == {"cafe": "owner"}
    assert people.listed() == []
    assert people.members("cafe") == []
    with pytest.raises(NotFound):
        people.remove("rosa@cafe.example")


@pytest.mark.parametrize(
    ("act", "field"),
    [
        (lambda: people.add("nobody"), "email"),
        (lambda: people.add("a@b.example", language="fr"), "language"),
        (lambda: people.add("a@b.example", name="x" * 201), "name"),
        (lambda: people.amend(people.add("a@b.example").id, name=" ", language="de"), "name"),
    ],
)
def test_what_cannot_be_is_named(act: object, field: str) -> None:
    with pytest.raises(Invalid) as found:
        act()  # type: ignore[operator]
    assert [one.field for one in found.value.faults] == [field]


def test_a_merchant_that_is_not_there_lets_nobody_in() -> None:
    with pytest.raises(NotFound):
        people.join("rosa@cafe.example", "nowhere")
    assert people.listed() == []


def test_each_role_may_all_that_the_one_before_it_may() -> None:
    assert [account("viewer").may(one) for one in people.ROLES] == [True, False, False]
    assert [account("editor").may(one) for one in people.ROLES] == [True, True, False]
    assert [account("operator").may(one) for one in people.ROLES] == [True, True, True]
    assert not any(account().may(one) for one in people.ROLES)
    rosa = account(cafe="owner", museum="member")
    assert [rosa.may_for("cafe", one) for one in people.MEMBERSHIP_ROLES] == [True, True]
    assert [rosa.may_for("museum", one) for one in people.MEMBERSHIP_ROLES] == [True, False]
    assert [account("operator").may_for("cafe", one) for one in people.MEMBERSHIP_ROLES] == [False, False]
