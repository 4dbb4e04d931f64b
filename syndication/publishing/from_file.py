"""Imports the rows of a file as posts, one by one; importing the same file again changes nothing."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial, reduce
from typing import Literal
from uuid import UUID

from sqlalchemy import select

from syndication import clock
from syndication.config import settings
from syndication.content.post import Draft
from syndication.content.reason import Reason
from syndication.errors import Fault, Invalid, SyndicationError
from syndication.infra import db
from syndication.models import Post
from syndication.publishing import posts, recognising, series
from syndication.publishing.recognising import RECOGNISED, Recognised
from syndication.sources import Row

What = Literal["created", "revised", "unchanged", "past", "refused"]
OUTCOMES: tuple[What, ...] = ("created", "revised", "unchanged", "past", "refused")


@dataclass(frozen=True)
class Result:
    """What one row led to; `reason` says why it was refused or is past, `remarks` what was repaired."""

    position: str
    source_ref: str | None
    title: str
    what: What
    reason: str = ""
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """The result of every row, in the order of the file."""

    results: tuple[Result, ...]
    dry_run: bool

    def count(self, what: What) -> int:
        """How many rows ended so."""
        return Counter(result.what for result in self.results)[what]

    def of(self, what: What) -> tuple[Result, ...]:
        """The rows that ended so."""
        return tuple(result for result in self.results if result.what == what)


def run(
    rows: Iterable[Row],
    merchant_id: UUID,
    *,
    dry_run: bool = False,
    progress: Callable[[Result], None] | None = None,
) -> Report:
    """A Report with one Result for each row; `dry_run` says what would happen and writes nothing.

    What is over already is reported as past and not published; a post that stood for later and is now over is revised.
    Rows commit one by one, so an import that was cut off is simply run again. No quota holds an import up.
    """
    every, results = list(rows), list[Result]()
    earlier: dict[str, list[Draft]] = {}
    recognised = recognising.recognise(merchant_id, every)
    for row in every:
        before = earlier.setdefault(row.source_ref, []) if dry_run and row.source_ref else []
        result = _result(row, merchant_id, recognised, dry_run=dry_run, before=before)
        if row.draft is not None and result.what in ("created", "revised"):
            before.append(row.draft)
        results.append(result)
        if progress:
            progress(result)
    return Report(tuple(results), dry_run)


def _result(
    row: Row, merchant_id: UUID, recognised: Recognised, *, dry_run: bool, before: Sequence[Draft]
) -> Result:
    """`before`: what earlier rows of the same entry would have done in a dry run."""
    ref = row.source_ref or ""
    known_as = recognised.earlier.get(ref)
    remarks = (*row.remarks, RECOGNISED) if known_as else row.remarks

    def ended(what: What, reason: str = "") -> Result:
        return Result(row.position, row.source_ref, row.title, what, reason, remarks)

    if row.draft is None:
        return ended("refused", _sentence(row.faults))
    try:
        if (over := _past(row.draft)) and not _stands(merchant_id, known_as or row.source_ref, before):
            return ended("past", over)
        if twin := recognised.twins.get(ref):
            return ended("refused", Reason("says the same as {}, word for word: one post is enough", twin))
        if row.version is not None:
            take = partial(series.submit, merchant_id, row, known_as=known_as)
            return ended(posts.tried(take) if dry_run else take().what)
        if dry_run:
            return ended(posts.preview(merchant_id, row.draft, after=before))
        return ended(posts.submit(merchant_id, row.draft, count_quota=False).what)
    except Invalid as error:
        return ended("refused", _sentence(error.faults))
    except SyndicationError as error:
        return ended("refused", str(error))
    except OverflowError:
        return ended("refused", "ends outside the years 1 to 9999")


def _past(draft: Draft) -> str:
    """Since when it is over, on the city's clock; empty where it is not."""
    over_at = draft.over_at(settings().zone)
    if over_at is None or over_at > clock.now():
        return ""
    return f"already over on {over_at.astimezone(settings().zone):%Y-%m-%d %H:%M}"


def _stands(merchant_id: UUID, source_ref: str | None, before: Sequence[Draft]) -> bool:
    """Whether the entry has a post that people still take for coming, so that they must hear of the new date."""
    if before:
        return not _past(before[-1])
    with db.reading() as session:
        coming = select(Post.id).where(
            Post.merchant_id == merchant_id,
            Post.source_ref == source_ref,
            Post.state != "withdrawn",
            (Post.over_at.is_(None)) | (Post.over_at > clock.now()),
        )
        return session.scalar(coming) is not None


def _sentence(faults: Iterable[Fault]) -> Reason:
    """What is wrong, in one line that can be put into the language of whoever reads the table."""
    said = [
        Reason("{}: {}", one.field, message) if one.field else message
        for one in faults
        for message in [Reason.quoted(one.message)]
    ]
    return reduce(lambda before, one: Reason("{}; {}", before, one), said)
