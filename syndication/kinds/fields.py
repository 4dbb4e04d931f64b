"""What a person fills in of a post: each field of a kind's form with the box it is typed into. Pure; reads no typed text."""

import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import MaxLen
from pydantic.fields import FieldInfo

from syndication.content import spelling
from syndication.content.post import Image, Place
from syndication.content.spelling import Spelled
from syndication.content.topics import Topic
from syndication.infra.rendering import gettext
from syndication.kinds.contract import Boxed, BoxName, Kind

#: From this many characters on a text has room for several lines.
_LONG = 1000
_BY_TYPE: Mapping[type, BoxName] = {
    bool: "yes",
    datetime: "moment",
    date: "day",
    Decimal: "price",
    int: "number",
    Place: "place",
}
_BY_MEMBER: Mapping[type, BoxName] = {Topic: "topics", Image: "pictures"}


def _(text: str) -> str:
    """Marks a text for translation where the language is known only later."""
    return text


#: What people are asked, whatever the kind; a form may ask in words of its own.
_LABELS: Mapping[str, str] = {
    "title": _("What is it?"),
    "summary": _("In one sentence"),
    "body": _("Everything else"),
    "images": _("Pictures"),
    "topics": _("Topics"),
    "url": _("A page of your own about it"),
    "place": _("Where?"),
    "price": _("Price"),
    "currency": _("Currency"),
    "language": _("In which language is it written?"),
}
_HINTS: Mapping[str, str] = {
    "url": _("Such as www.example.de/fest; left empty, people are led to its page here."),
    "topics": _("Few are better: people choose by them what they hear of."),
    "body": _("Leave an empty line between paragraphs. Addresses of the web can be tapped."),
}


@dataclass(frozen=True)
class Question:
    """One field as it is asked for. `most`: characters, None for no limit; `choices`: values and their words."""

    name: str
    label: str
    hint: str
    box: BoxName
    needed: bool
    most: int | None = None
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Section:
    """Questions that stand together; `folded` ones are behind "more"; a `closed` section as its Group has it."""

    heading: str
    questions: tuple[Question, ...]
    folded: tuple[Question, ...]
    closed: bool = False


def sections(kind: Kind[Any], language: str) -> tuple[Section, ...]:
    """The whole form of a kind, in a language that we speak."""
    say, form = gettext(language), kind.form
    found = []
    for group in form.groups:
        asked = [_question(kind, name, language) for name in group.fields if name not in form.left]
        if asked:
            folded = tuple(one for one in asked if one.name in form.folded)
            shown = tuple(one for one in asked if one.name not in form.folded)
            found.append(Section(say(group.heading), shown, folded, group.closed))
    return tuple(found)


def questions(kind: Kind[Any], language: str) -> Iterator[Question]:
    """The same one after the other."""
    for section in sections(kind, language):
        yield from (*section.questions, *section.folded)


def _question(kind: Kind[Any], name: str, language: str) -> Question:
    say, form, info = gettext(language), kind.form, kind.content.model_fields[name]
    label = form.labels.get(name) or _LABELS.get(name) or name
    choices = form.choices.get(name, ())
    box = "own" if name in form.own else "choice" if choices else box_of(info)
    return Question(
        name=name,
        label=say(label),
        hint=say(hint) if (hint := form.hints.get(name) or _HINTS.get(name, "")) else "",
        box=box,
        needed=info.is_required() or name in form.needed,
        most=_most(info) if box in ("line", "text") else None,
        choices=tuple((value, say(words)) for value, words in choices),
    )


def box_of(info: FieldInfo) -> BoxName:
    """The box for a field by its type. Raises TypeError for one that a kind must declare a box of its own for."""
    kind, marks = _plain(info.annotation, list(info.metadata))
    for mark in marks:
        if isinstance(mark, Boxed):
            return mark.box
    if get_origin(kind) is tuple and (box := _BY_MEMBER.get(get_args(kind)[0])):
        return box
    if get_origin(kind) is Literal:
        return "choice"
    if isinstance(kind, type):
        for known, box in _BY_TYPE.items():  # a bool is an int, a datetime a date: the narrower stand first
            if issubclass(kind, known):
                return box
        if issubclass(kind, str):
            if any(isinstance(one, Spelled) and one.pattern == spelling.WEB_ADDRESS for one in marks):
                return "address"
            return "text" if (_longest(marks) or 0) > _LONG else "line"
    if getattr(kind, "__name__", "") == "AwareDatetime":
        return "moment"
    raise TypeError(f"no box is known for {info.annotation}")


def _most(info: FieldInfo) -> int | None:
    return _longest(_plain(info.annotation, list(info.metadata))[1])


def _longest(marks: list[Any]) -> int | None:
    return next((one.max_length for one in marks if isinstance(one, MaxLen)), None)


def _plain(annotation: Any, marks: list[Any]) -> tuple[Any, list[Any]]:
    """The type without "or nothing" and without what is annotated to it, and those annotations."""
    if get_origin(annotation) is Annotated:
        first, *more = get_args(annotation)
        return _plain(first, [*marks, *_flat(more)])
    if get_origin(annotation) in (Union, types.UnionType):
        members = [one for one in get_args(annotation) if one is not type(None)]
        if len(members) == 1:
            return _plain(members[0], marks)
    return annotation, _flat(marks)


def _flat(marks: list[Any]) -> list[Any]:
    """With what pydantic's Field holds in itself."""
    return [one for mark in marks for one in ([*mark.metadata] if isinstance(mark, FieldInfo) else [mark])]
