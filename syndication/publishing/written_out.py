"""Writes a post back into the boxes of its form, so that `filled_in` reads the same from them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from syndication.content.post import Content, Place
from syndication.kinds import Kind, fields
from syndication.kinds.fields import Question
from syndication.publishing.filled_in import OWN, Desk, spelled
from syndication.sources import spoken


def written(kind: Kind[Any], content: Content, desk: Desk) -> dict[str, str]:
    """What a form holds that makes this content."""
    told: dict[str, str] = {}
    for question in fields.questions(kind, desk.language):
        if question.box == "own":
            told[question.name] = kind.form.own[question.name].written(content, desk.language)
        else:
            told |= _written(question, getattr(content, question.name), _moments(kind, content), desk)
    return {name: text for name, text in told.items() if text}


def kept(kind: Kind[Any], content: Content) -> dict[str, Any]:
    """The fields of a content that its form does not ask for, of JSON types."""
    own = {"kind", *(one.name for one in fields.questions(kind, "en"))}
    said = content.document()
    said.pop("spellings", None)
    return {
        name: value for name, value in said.items() if name not in own and value not in (None, [], {}, "")
    }


def placed(place: Place) -> str:
    """A place as a choice of the form's."""
    return json.dumps([place.name, place.address, place.latitude, place.longitude], ensure_ascii=False)


@dataclass(frozen=True)
class _Moments:
    """Which box says an end, and whether both are of whole days."""

    end: str
    whole: bool


def _moments(kind: Kind[Any], content: Content) -> _Moments:
    span = kind.form.span
    if span is None:
        return _Moments("", whole=False)
    return _Moments(span.end, whole=bool(span.whole) and bool(getattr(content, span.whole)))


def _written(question: Question, value: Any, moments: _Moments, desk: Desk) -> dict[str, str]:
    name = question.name
    match question.box:
        case "topics":
            return {name: "\n".join(topic.spelling for topic in value)}
        case "pictures":
            return dict(_written_pictures(name, value))
        case "place":
            return _written_place(name, value, desk)
        case "moment":
            return {name: _written_moment(value, desk, whole=moments.whole, ends=name == moments.end)}
        case "day":
            return {name: spoken.said(value, None, True, desk.zone, desk.language) if value else ""}
        case "price":
            return {
                name: "" if value is None else str(value).replace(".", "," if desk.language == "de" else ".")
            }
        case "yes":
            return {name: "1" if value else ""}
    return {name: "" if value is None else str(value)}


def _written_moment(value: datetime | None, desk: Desk, *, whole: bool, ends: bool) -> str:
    if value is None:
        return ""
    local = value.astimezone(desk.zone)
    if local.time() == time() and (whole or ends):  # midnight ends the day before it
        day = local.date() - timedelta(days=1) if ends else local.date()
        return spoken.said(day, None, True, desk.zone, desk.language)
    return spelled(local, desk)


def _written_pictures(name: str, images: Any) -> Iterator[tuple[str, str]]:
    for number, image in enumerate(images):
        yield f"{name}.{number}.url", image.url
        yield f"{name}.{number}.alt", image.alt


def _written_place(name: str, place: Place | None, desk: Desk) -> dict[str, str]:
    if place is None:
        return {}
    return {name: OWN if place == desk.place else placed(place)}
