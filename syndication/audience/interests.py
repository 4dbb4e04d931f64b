"""Stores each distinct interest as one row, shared by everyone who has it."""

from collections.abc import Sequence

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, object_session

from syndication.channels.envelope import Publisher
from syndication.content.interest import Interest
from syndication.content.post import Content
from syndication.infra import db
from syndication.models import InterestRow
from syndication.publishing import districts, filing


def ensure(session: Session, interest: Interest) -> int:
    """The id of the row for `interest`, written where it is new; two who ask at once get the same one."""
    key = interest.key()
    db.insert_new(session, InterestRow, [{"key": key, "facets": interest.model_dump(mode="json")}])
    return session.scalars(select(InterestRow.id).where(InterestRow.key == key)).one()


def load(row: InterestRow) -> Interest:
    """The interest that a row holds, its topics as they are filed, parts of town as they are called now."""
    if (session := object_session(row)) is not None:
        return _read(session, row)
    with db.reading() as session:
        return _read(session, row)


def _read(session: Session, row: InterestRow) -> Interest:
    wanted, filed = Interest.model_validate(row.facets), filing.of(session)
    if filed.concerns(wanted.topics):
        wanted = wanted.model_copy(update={"topics": filed.topics(wanted.topics)})
    if wanted.districts:
        wanted = wanted.model_copy(update={"districts": districts.current(session, wanted.districts)})
    return wanted


def wants(interest: Interest, content: Content, publisher: Publisher) -> bool:
    """Whether somebody with this interest is to hear of `content` from `publisher`."""
    return interest.matches(content, merchant=publisher.slug, district=publisher.district)


def all_of(session: Session, ids: Sequence[int] | Select[int] | None = None) -> dict[int, Interest]:
    """Interests to compare posts with, by the ids of their rows; all of them where none are named.

    Each names its topics and parts of town by their former names, too: a post may have been read a moment before somebody
    called one otherwise, and is not to fall between the two.
    """
    statement = select(InterestRow)
    if ids is not None:
        statement = statement.where(InterestRow.id.in_(ids))
    return {row.id: _by_all_names(session, row) for row in session.scalars(statement)}


def _by_all_names(session: Session, row: InterestRow) -> Interest:
    wanted, filed = Interest.model_validate(row.facets), filing.of(session)
    return wanted.model_copy(
        update={
            "topics": filed.all_names(wanted.topics) if filed.known else wanted.topics,
            "districts": districts.all_names(session, wanted.districts) if wanted.districts else (),
        }
    )
