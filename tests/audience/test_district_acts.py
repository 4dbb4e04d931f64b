"""Parts of town are called otherwise, become one, stand alone again: businesses, readers and outlets follow at once."""

from uuid import UUID

import pytest

from syndication.audience import district_acts
from syndication.audience.district_acts import DistrictRow
from syndication.config import Settings
from syndication.content.interest import Interest
from syndication.errors import Conflict, Invalid, NotFound
from syndication.infra import db
from syndication.insight import audit_log
from syndication.insight.audit_log import LogFilter
from syndication.publishing import districts, merchants, posts
from syndication.publishing.merchants import Amendment
from tests import factories
from tests.audience.test_topic_acts import told
from tests.killed import outcomes
from tests.town import fan_out

#: Children for each act: one before and one behind each commit, and more than there are.
CHILDREN = 4


@pytest.fixture
def cafe(database: str, settings: Settings) -> UUID:
    return business("cafe", "Mitte")


def business(slug: str, district: str | None) -> UUID:
    with db.transaction() as session:
        return factories.merchant(session, slug, district=district).id


def reader(email: str, *chosen: str) -> None:
    with db.transaction() as session:
        factories.reader(session, email, cadence="instantly", interest=Interest(districts=chosen))


def rows() -> dict[str, tuple[int, int, tuple[str, ...]]]:
    return {one.name: (one.merchants, one.readers, one.formerly) for one in district_acts.listed()}


def place(merchant_id: UUID, district: str | None) -> str | None:
    return merchants.update(merchant_id, Amendment.model_validate({"district": district})).district


def test_one_is_called_otherwise_and_businesses_readers_and_outlets_go_along(cafe: UUID) -> None:
    business("bar", "Ost")
    reader("anna@example.org", "Mitte")
    reader("bert@example.org", "Ost")
    with db.transaction() as session:
        factories.destination(session, "webhook", interest=Interest(districts=("Mitte", "Ost")))
    posts.create(cafe, factories.event())
    fan_out()
    assert told() == ["anna@example.org"]
    assert district_acts.rename("Mitte", " Innenstadt ") == "Innenstadt"
    fan_out()
    assert told() == ["anna@example.org"], "what is out is not sent once more"
    assert merchants.read(cafe).district == "Innenstadt"
    assert district_acts.listed() == [
        DistrictRow(name="Innenstadt", merchants=1, readers=1, outlets=1, formerly=("Mitte",)),
        DistrictRow(name="Ost", merchants=1, readers=1, outlets=1, formerly=()),
    ]
    posts.create(cafe, factories.event("Noch eins"))
    fan_out()
    assert told() == ["anna@example.org"] * 2


def test_names_that_follow_each_other_lead_to_the_last_and_one_may_come_back(cafe: UUID) -> None:
    reader("anna@example.org", "Mitte")
    district_acts.rename("Mitte", "Zentrum")
    district_acts.rename("Zentrum", "Innenstadt")
    assert rows() == {"Innenstadt": (1, 1, ("Mitte", "Zentrum"))}
    assert district_acts.rename("Innenstadt", "Innenstadt") == "Innenstadt"
    district_acts.rename("Innenstadt", "Mitte")
    assert rows() == {"Mitte": (1, 1, ("Innenstadt", "Zentrum"))}
    assert districts.known() == ["Mitte"]


def test_whatever_comes_later_under_a_former_name_is_in_what_it_is_called_now(cafe: UUID) -> None:
    district_acts.rename("Mitte", "Innenstadt")
    assert place(business("bar", None), "Mitte") == "Innenstadt"
    new = merchants.apply(
        merchants.Application.model_validate(
            {"name": "Kiosk", "email": "k@kiosk.example", "district": "Mitte"}
        )
    )
    assert new.district == "Innenstadt"
    assert place(cafe, "Mitte ") == "Innenstadt"
    assert place(cafe, None) is None


def test_two_become_one_only_where_that_is_wanted(cafe: UUID) -> None:
    ost = business("bar", "Ost")
    reader("anna@example.org", "Mitte")
    reader("bert@example.org", "Ost")
    reader("cleo@example.org", "Mitte", "Ost")
    with pytest.raises(Conflict, match="Ost already"):
        district_acts.rename("Mitte", "Ost")
    assert set(rows()) == {"Mitte", "Ost"}
    district_acts.rename("Mitte", "Ost", join=True)
    assert rows() == {"Ost": (2, 3, ("Mitte",))}
    posts.create(ost, factories.event())
    fan_out()
    assert told() == ["anna@example.org", "bert@example.org", "cleo@example.org"]


def test_a_former_name_stands_alone_again_for_whoever_chose_it(cafe: UUID) -> None:
    reader("anna@example.org", "Mitte")
    district_acts.rename("Mitte", "Innenstadt")
    assert district_acts.split("Mitte") == "Innenstadt"
    assert rows() == {"Innenstadt": (1, 0, ()), "Mitte": (0, 1, ())}
    place(cafe, "Mitte")
    assert rows() == {"Mitte": (1, 1, ())}
    with pytest.raises(NotFound):
        district_acts.split("Mitte")


@pytest.mark.parametrize("name", ["", " ", "x" * 61])
def test_a_name_must_be_one(cafe: UUID, name: str) -> None:
    with pytest.raises(Invalid) as refused:
        district_acts.rename("Mitte", name)
    assert [one.field for one in refused.value.faults] == ["name"]
    with pytest.raises(NotFound):
        district_acts.rename("Nord", "Süd")
    assert set(rows()) == {"Mitte"}


def test_who_did_it_is_kept(cafe: UUID) -> None:
    district_acts.rename("Mitte", "Innenstadt")
    district_acts.split("Mitte")
    said = [
        (one.what, one.about_name, one.details)
        for one in audit_log.lines(LogFilter())
        if one.what.startswith("district")
    ]
    assert said == [
        ("district.split", "Mitte", {"to": "Innenstadt"}),
        ("district.renamed", "Mitte", {"to": "Innenstadt", "merchants": 1, "readers": 0}),
    ]


def test_killed_at_any_commit_all_of_it_is_done_or_nothing(database: str, settings: Settings) -> None:
    names = [f"Teil {number}" for number in range(CHILDREN)]
    made = [business(f"laden-{number}", name) for number, name in enumerate(names)]
    for number, name in enumerate(names):
        reader(f"r{number}@example.org", name)
    killed = outcomes("tests.audience.killed_while_filing", database, "rename district", settings, names)
    assert killed == [True, True] + [False] * (CHILDREN - 2), "one commit holds all of it"
    for number, name in enumerate(names):
        called = name if number == 0 else f"{name} neu"
        assert merchants.read(made[number]).district == called
        assert rows()[called][:2] == (1, 1), "a business and whoever wants it are never apart"
    assert district_acts.rename(names[0], f"{names[0]} neu") == f"{names[0]} neu"
