"""The short form of an id that people read and type, and the row it stands for (decision 0036)."""

import re
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, String, cast, func, literal, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from syndication.errors import Invalid, NotFound
from syndication.infra import db
from syndication.models import ConnectLink, Destination, Post, Revision

#: Digits of the form that listings show, and the fewest that stand for an id.
SHOWN, LEAST = 8, 4
_WHOLE = 32
_DIGITS = re.compile(r"[0-9a-f]+")
#: Candidates named where several fit.
_NAMED = 5


@dataclass(frozen=True)
class Thing:
    """What has such ids: the word for it, and the command that lists it."""

    model: type[Post | Destination | ConnectLink]
    word: str
    listed_by: str


POST = Thing(Post, "post", "syndication posts list")
DESTINATION = Thing(Destination, "destination", "syndication destinations")
LINK = Thing(ConnectLink, "link", "syndication destinations links")


def short(identity: UUID) -> str:
    """The end of an id, as listings show it."""
    return identity.hex[-SHOWN:]


def whole_id(thing: Thing, text: str) -> UUID:
    """The id that is, ends with or begins with `text`: hexadecimal digits of any case, with dashes or without.

    A whole id is returned unseen. Raises Invalid where `text` is no id or several fit, and names these; NotFound for none.
    """
    digits = text.strip().lower().replace("-", "")
    if not _DIGITS.fullmatch(digits) or len(digits) > _WHOLE:
        raise Invalid.field(thing.word, f"{text} is not an id; `{thing.listed_by}` shows them")
    if len(digits) == _WHOLE:
        return UUID(digits)
    if len(digits) < LEAST:
        raise Invalid.field(thing.word, f"{text} is too short for an id; give at least {LEAST} of its digits")
    with db.reading() as session:
        found = _fitting(session, thing, digits)
        if len(found) > 1:
            named = ", ".join(f"{one} ({name})" for one, name in found[:_NAMED])
            more = " and others" if len(found) > _NAMED else ""
            raise Invalid.field(thing.word, f"{text} fits several ids: {named}{more}; give more of it")
    if not found:
        raise NotFound(f"There is no {thing.word} {text}; `{thing.listed_by}` shows them.")
    return found[0][0]


def _fitting(session: Session, thing: Thing, digits: str) -> list[tuple[UUID, str]]:
    """Ids that end or begin so, with what people call each; one more than are named, at most."""
    column: InstrumentedAttribute[UUID] = thing.model.id
    first, last = UUID(digits.ljust(_WHOLE, "0")), UUID(digits.ljust(_WHOLE, "f"))
    # PostgreSQL writes an id with dashes, SQLite keeps it without.
    spelled = func.replace(cast(column, String), "-", "")
    fits: ColumnElement[bool] = column.between(first, last) | spelled.like(literal(f"%{digits}"))
    statement = select(column, _name(thing)).where(fits).order_by(column.desc()).limit(_NAMED + 1)
    return [(identity, str(called)) for identity, called in session.execute(statement)]


def _name(thing: Thing) -> Any:
    """What people call one of them: a post has its title in its revision, the others have a name."""
    if not issubclass(thing.model, Post):
        return thing.model.name
    current = (Revision.post_id == Post.id) & (Revision.number == Post.revision)
    return select(Revision.content["title"].as_string()).where(current).scalar_subquery()
