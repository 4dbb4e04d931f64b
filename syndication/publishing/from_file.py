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
from syndication.publishing.recognising import RECOGNISED
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
    taking = Import(every, merchant_id, tell=tell, dry_run=dry_run)
    for row in every:
        results.append(taking.take(row))
        if progress:
            progress(results[-1])
    summary = None
    if tell == "summary" and not dry_run:
        summary = taking.sum_up((one.source_ref, one.what) for one in results)
    return Report(tuple(results), dry_run, summary)


class Import:
    """The rows of one file on their way to becoming posts, one by one, in their order, as `run` takes them all.

    `counted`: what people are told of uses up the merchant's daily quota, as what is typed in does.
    """

    def __init__(
        self,
        rows: Sequence[Row],
        merchant_id: UUID,
        *,
        tell: Tell = "each",
        dry_run: bool = False,
        counted: bool = False,
    ) -> None:
        self._merchant_id, self._tell, self._counted = merchant_id, tell, counted
        self._dry_run = dry_run
        self._recognised = recognising.recognise(merchant_id, rows)
        #: What earlier rows of the same entry would have done in a dry run.
        self._earlier: dict[str, list[Draft]] = {}

    def take(self, row: Row, within: Callable[[Result], None] = lambda _: None) -> Result:
        """Make a post of the row, or find out why not. `within` hears of it in the transaction that writes the post, so that
        whoever keeps what was done keeps it together with that, or not at all."""
        try:
            return self._taken(row, within)
        except Invalid as error:
            result = self._ended(row, "refused", _sentence(error.faults))
        except SyndicationError as error:
            result = self._ended(row, "refused", Reason(str(error)))
        except OverflowError:
            result = self._ended(row, "refused", Reason("ends outside the years 1 to 9999"))
        return _told(result, within)

    def sum_up(self, results: Iterable[tuple[str | None, str]]) -> UUID | None:
        """The post that tells people of those of these, by reference and outcome, that nobody was told of; None for none."""
        refs = [ref for ref, what in results if ref and what in ("created", "revised", "unchanged")]
        made = stock.sum_up(self._merchant_id, refs, counted=self._counted)
        return made.id if made else None

    def _taken(self, row: Row, within: Callable[[Result], None]) -> Result:
        if row.draft is None:
            return _told(self._ended(row, "refused", _sentence(row.faults)), within)
        ref, merchant_id = row.source_ref or "", self._merchant_id
        known_as = self._recognised.earlier.get(ref)
        before = self._earlier.setdefault(ref, []) if self._dry_run and ref else []
        manner = stock.manner(self._tell, row.draft, counted=self._counted)
        if (over := _past(row.draft)) and not _stands(merchant_id, known_as or row.source_ref, before):
            return _told(self._ended(row, "past", over), within)
        if twin := self._recognised.twins.get(ref):
            words = Reason("says the same as {}, word for word: one post is enough", twin)
            return _told(self._ended(row, "refused", words), within)
        if row.version is not None:
            take = partial(series.submit, merchant_id, row, manner=manner, known_as=known_as)
        else:
            take = partial(posts.submit, merchant_id, row.draft, manner=manner)
        if not self._dry_run:
            with db.transaction():
                result = self._ended(row, take().what)
                within(result)
            return result
        calendars = row.version is not None
        what = rehearsal.tried(take) if calendars else rehearsal.preview(merchant_id, row.draft, after=before)
        if what in ("created", "revised"):
            before.append(row.draft)
        return _told(self._ended(row, what), within)

    def _ended(self, row: Row, what: What, reason: Reason = NO_REASON) -> Result:
        known_as = self._recognised.earlier.get(row.source_ref or "")
        remarks = (*row.remarks, RECOGNISED) if known_as and row.draft is not None else row.remarks
        return Result(row.position, row.source_ref, row.title, what, reason, remarks)


def _told(result: Result, within: Callable[[Result], None]) -> Result:
    with db.transaction():
        within(result)
    return result


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
