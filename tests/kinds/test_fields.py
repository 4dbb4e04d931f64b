"""The box of a field comes from its type; a form asks each field once, in the words of its kind."""

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

import pytest
from pydantic import AwareDatetime, BaseModel, Field

from syndication import kinds
from syndication.content.base import Day, Line, Moment, Text, WebAddress, Words
from syndication.content.bounds import Few
from syndication.content.post import Image, Place
from syndication.content.topics import Topic
from syndication.kinds import fields
from syndication.kinds.contract import Boxed, Kind

LANGUAGES = ("de", "en")


class _Own:
    """A type that no box is known for."""


class _Model(BaseModel):
    model_config = {"arbitrary_types_allowed": True}

    yes: bool
    moment: Moment | None
    plain_moment: datetime
    aware: AwareDatetime
    day: Day
    plain_day: date | None
    price: Annotated[Decimal, Field(ge=0)] | None
    number: Annotated[int, Field(ge=1, le=10)]
    place: Place | None
    topics: Annotated[tuple[Topic, ...], Few(20)]
    images: tuple[Image, ...]
    choice: Literal["a", "b"] | None
    address: WebAddress | None
    line: Annotated[Line, Field(max_length=200)]
    short: Annotated[Words, Field(max_length=1000)] | None
    long: Annotated[Text, Field(max_length=1001)]
    endless: str
    said: Annotated[str, Boxed("text")]
    own: _Own
    either: int | str


@pytest.mark.parametrize(
    ("name", "box"),
    [
        ("yes", "yes"),
        ("moment", "moment"),
        ("plain_moment", "moment"),
        ("aware", "moment"),
        ("day", "day"),
        ("plain_day", "day"),
        ("price", "price"),
        ("number", "number"),
        ("place", "place"),
        ("topics", "topics"),
        ("images", "pictures"),
        ("choice", "choice"),
        ("address", "address"),
        ("line", "line"),
        ("short", "line"),
        ("long", "text"),
        ("endless", "line"),
        ("said", "text"),
    ],
)
def test_a_field_has_the_box_of_its_type(name: str, box: str) -> None:
    assert fields.box_of(_Model.model_fields[name]) == box


@pytest.mark.parametrize("name", ["own", "either"])
def test_a_type_without_a_box_is_named(name: str) -> None:
    with pytest.raises(TypeError, match="no box is known"):
        fields.box_of(_Model.model_fields[name])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", kinds.KINDS, ids=kinds.NAMES)
def test_a_form_asks_each_of_its_fields_once_and_in_words(kind: Kind[Any], language: str) -> None:
    asked = list(fields.questions(kind, language))
    names = [one.name for one in asked]
    wanted = [name for group in kind.form.groups for name in group.fields if name not in kind.form.left]
    assert sorted(names) == sorted(wanted)
    assert len(set(names)) == len(names)
    for one in asked:
        assert one.label not in ("", one.name), f"{one.name} has no words"
        assert (one.box == "choice") == bool(one.choices)
        assert one.needed == (
            kind.content.model_fields[one.name].is_required() or one.name in kind.form.needed
        )
        assert one.most is None or one.box in ("line", "text")


@pytest.mark.parametrize("kind", kinds.KINDS, ids=kinds.NAMES)
def test_it_asks_in_both_languages_the_same_in_other_words(kind: Kind[Any]) -> None:
    german, english = (list(fields.questions(kind, language)) for language in LANGUAGES)
    assert [(one.name, one.box, one.needed) for one in german] == [
        (one.name, one.box, one.needed) for one in english
    ]
    assert [one.label for one in german] != [one.label for one in english]


@pytest.mark.parametrize("kind", kinds.KINDS, ids=kinds.NAMES)
def test_what_is_folded_stands_apart_in_its_section_and_what_is_left_out_nowhere(kind: Kind[Any]) -> None:
    several = (one for one in fields.sections(kind, "de") if len((*one.questions, *one.folded)) > 1)
    before = next(several)
    hidden, *others = (one.name for one in (*before.questions, *before.folded))
    changed = _with(kind, folded=tuple(others), left=(*kind.form.left, hidden))
    after = next(one for one in fields.sections(changed, "de") if one.heading == before.heading)
    assert after.questions == ()
    assert sorted(one.name for one in after.folded) == sorted(others)
    assert hidden not in [one.name for one in fields.questions(changed, "de")]
    gone = _with(kind, left=(*kind.form.left, hidden, *others))
    assert before.heading not in [one.heading for one in fields.sections(gone, "de")]


def _with(kind: Kind[Any], **form: Any) -> Kind[Any]:
    """The kind with another form."""
    changed = type(kind)()
    changed.form = replace(kind.form, **form)  # type: ignore[misc]  # of the class elsewhere; this one is a copy
    return changed
