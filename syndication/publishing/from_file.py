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
from syndication.content.reason import NO_REASON, Reason
from syndication.errors import Fault, Invalid, SyndicationError
from syndication.infra import db
from syndication.models import Post
from syndication.publishing import posts, recognising, rehearsal, series, stock
from syndication.publishing.recognising import RECOGNISED, Recognised
from syndication.publishing.stock import Tell
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
    reason: Reason = NO_REASON
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """The result of every row, in the order of the file."""

    results: tuple[Result, ...]
    dry_run: bool
    #: The post that tells people of what is new, where one does.
    summary: UUID | None = None

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
    tell: Tell = "each",
    dry_run: bool = False,
    progress: Callable[[Result], None] | None = None,
) -> Report:
    """A Report with one Result for each row; `dry_run` says what would happen and writes nothing.

    `tell` says who hears of new posts: nobody, everybody of all in one summary, or of each. What people were told of
    before is corrected as always.

    What is over already is reported as past and not published; a post that stood for later and is now over is revised.
    Rows commit one by one, so an import that was cut off is simply run again. No quota holds an import up.
    """
    every, results = list(rows), list[Result]()
    earlier: dict[str, list[Draft]] = {}
    recognised = recognising.recognise(merchant_id, every)
    for row in every:
        before = earlier.setdefault(row.source_ref, []) if dry_run and row.source_ref else []
        result = _result(row, merchant_id, recognised, tell, dry_run=dry_run, before=before)
        if row.draft is not None and result.what in ("created", "revised"):
            before.append(row.draft)
        results.append(result)
        if progress:
            progress(result)
    summary = None
    if tell == "summary" and not dry_run:
        stand = ("created", "revised", "unchanged")
        refs = [one.source_ref for one in results if one.source_ref and one.what in stand]
        summary = stock.sum_up(merchant_id, refs)
    return Report(tuple(results), dry_run, summary.id if summary else None)


def _result(
    row: Row, merchant_id: UUID, recognised: Recognised, tell: Tell, *, dry_run: bool, before: Sequence[Draft]
) -> Result:
    """`before`: what earlier rows of the same entry would have done in a dry run."""
    ref = row.source_ref or ""
    known_as = recognised.earlier.get(ref)
    remarks = (*row.remarks, RECOGNISED) if known_as else row.remarks

    def ended(what: What, reason: Reason = NO_REASON) -> Result:
        return Result(row.position, row.source_ref, row.title, what, reason, remarks)

    if row.draft is None:
        return ended("refused", _sentence(row.faults))
    manner = stock.manner(tell, row.draft)
    try:
        if (over := _past(row.draft)) and not _stands(merchant_id, known_as or row.source_ref, before):
            return ended("past", over)
        if twin := recognised.twins.get(ref):
            return ended("refused", Reason("says the same as {}, word for word: one post is enough", twin))
        if row.version is not None:
            take = partial(series.submit, merchant_id, row, manner=manner, known_as=known_as)
            return ended(rehearsal.tried(take) if dry_run else take().what)
        if dry_run:
            return ended(rehearsal.preview(merchant_id, row.draft, after=before))
        return ended(posts.submit(merchant_id, row.draft, manner=manner).what)
    except Invalid as error:
        return ended("refused", _sentence(error.faults))
    except SyndicationError as error:
        return ended("refused", Reason(str(error)))
    except OverflowError:
        return ended("refused", Reason("ends outside the years 1 to 9999"))


def _past(draft: Draft) -> Reason:
    """Since when it is over, on the city's clock; empty where it is not."""
    over_at = draft.over_at(settings().zone)
    if over_at is None or over_at > clock.now():
        return NO_REASON
    return Reason("already over on {}", f"{over_at.astimezone(settings().zone):%Y-%m-%d %H:%M}")


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


def _sentence(faults: Sequence[Fault]) -> Reason:
    """All faults in one, each behind the name of its column or field."""
    said = [
        Reason("{}: {}", one.field, Reason(one.message)) if one.field else Reason(one.message)
        for one in faults
    ]
    return reduce(lambda first, more: Reason("{}; {}", first, more), said)
