"""People name a thing by the end of its id; what fits several is refused, and says which."""

from uuid import UUID

import pytest

from syndication import config
from syndication.content.base import new_id
from syndication.errors import Invalid, NotFound
from syndication.infra import db
from syndication.insight import short_ids
from syndication.insight.short_ids import DESTINATION, POST, short, whole_id
from tests import factories
from tests.town import publish

#: Made in one millisecond, as fast as posts of one import are; the ends of the first two are alike in eight digits.
TWIN_A = UUID("019ac0de-1234-7abc-8def-0000deadbeef")
TWIN_B = UUID("019ac0de-1234-7abc-8def-1111deadbeef")
OTHER = UUID("019ac0de-1234-7abc-8def-2222cafe0123")


@pytest.fixture
def outlets(database: str) -> None:
    with db.transaction() as session:
        for identity, name in ((TWIN_A, "Rathaus"), (TWIN_B, "Bücherei"), (OTHER, "Museum")):
            factories.destination(session, id=identity, name=name)


def refusal(text: str) -> str:
    with pytest.raises(Invalid) as error:
        whole_id(DESTINATION, text)
    return str(error.value)


@pytest.mark.parametrize(
    "spelled",
    [
        short(OTHER), "0123", "CAFE0123", " cafe0123 ", "2222-cafe-0123", "def-2222cafe0123",
        str(OTHER), OTHER.hex, str(OTHER).upper(),
    ],
)  # fmt: skip
def test_any_end_that_no_other_has_stands_for_an_id(outlets: None, spelled: str) -> None:
    assert whole_id(DESTINATION, spelled) == OTHER


def test_a_beginning_that_no_other_has_stands_for_it_too(database: str) -> None:
    with db.transaction() as session:
        factories.destination(session, id=TWIN_A)
        factories.destination(session, id=UUID("029ac0de-1234-7abc-8def-1111deadbeef"))
    assert whole_id(DESTINATION, "019ac0de") == TWIN_A
    assert whole_id(DESTINATION, "019ac0de-1234") == TWIN_A


@pytest.mark.parametrize("text", ["deadbeef", "019ac0de-1234"])
def test_what_fits_several_is_refused_and_names_them(outlets: None, text: str) -> None:
    said = refusal(text)
    assert f"{TWIN_A} (Rathaus)" in said
    assert f"{TWIN_B} (Bücherei)" in said
    assert "give more of it" in said


@pytest.mark.parametrize("text", ["", "12", "abc", "wein", "%", "____", "de%d", "1" * 33, "deadbeef'--"])
def test_what_is_no_id_is_refused(outlets: None, text: str) -> None:
    assert "id" in refusal(text)


def test_what_nothing_has_is_not_found_and_a_whole_id_is_taken_at_its_word(outlets: None) -> None:
    with pytest.raises(NotFound, match="There is no destination ffffffff"):
        whole_id(DESTINATION, "ffffffff")
    unknown = new_id()
    assert whole_id(DESTINATION, str(unknown)) == unknown


def test_posts_that_fit_are_told_apart_by_their_titles(database: str, settings: config.Settings) -> None:
    first, second = publish(title="Weinabend"), publish("kino", title="Film")
    assert whole_id(POST, short(first.id)) == first.id
    pairs = zip(first.id.hex, second.id.hex, strict=True)
    shared = first.id.hex[: next(place for place, (one, other) in enumerate(pairs) if one != other)]
    with pytest.raises(Invalid) as error:
        whole_id(POST, shared)
    assert "(Weinabend)" in str(error.value)
    assert "(Film)" in str(error.value)


def test_of_very_many_that_fit_a_few_are_named(database: str) -> None:
    with db.transaction() as session:
        for number in range(9):
            factories.destination(session, id=UUID(f"{number:08x}-1234-7abc-8def-0000deadbeef"))
    said = refusal("deadbeef")
    assert said.count("deadbeef (") == short_ids._NAMED
    assert "and others" in said
