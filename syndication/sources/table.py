"""Reads tables as people keep them, each line an entry: from their heading down, whatever stands around."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import reduce
from zoneinfo import ZoneInfo

from syndication.content.reason import Reason
from syndication.errors import Fault, Invalid
from syndication.sources import grid, heading, pieces, when
from syndication.sources.columns import english
from syndication.sources.heading import Heading
from syndication.sources.line import Around, Before, Line
from syndication.sources.pieces import Order
from syndication.sources.quoting import quoted
from syndication.sources.row import MOST_ENTRIES, Row, made, refused
from syndication.sources.when import Frame

#: How lines begin that are no entries: notes and sums at the foot.
_FOOT = re.compile(
    r"(?:alle angaben|(?:alle )?angaben ohne|ohne gewähr|änderungen (?:und .*)?vorbehalten|irrtümer|stand\b|quelle\b|legende\b"
    r"|hinweise?:|all (?:information|details)|subject to change|source:|as of\b|[*]+\s|seite \d"
    r"|page \d)",
    re.IGNORECASE,
)
_SUM = re.compile(r"(?:(?:gesamt)?summe|(?:ins)?gesamt|total|sum):?", re.IGNORECASE)
_AMOUNT = re.compile(r"[\d.,\s€%-]+")
_MOST_SHOWN = 300
#: So many lines that were passed over are named.
_MOST_LINES = 8


def read(data: bytes, *, zone: ZoneInfo, now: datetime) -> Iterator[Row]:
    """A row for each entry of a CSV file. Raises Invalid where no line names a column for the title."""
    remarks: list[str] = []
    lines = grid.lines_of(data, remarks)
    return rows(lines, heading.required(lines), zone=zone, now=now, remarks=remarks)


def rows(
    lines: Sequence[grid.Line],
    head: Heading,
    *,
    zone: ZoneInfo,
    now: datetime,
    remarks: list[str],
    sheet: str = "",
) -> Iterator[Row]:
    """A row for each entry below `head`; what is to be said about the whole file stands with the first of them.

    `sheet`: what a spreadsheet calls this one of its tables.
    """
    below = [line for line in lines[head.below :] if not heading.repeats(line, head)]
    if len(below) > MOST_ENTRIES:
        raise Invalid.field("file", Reason("holds more than {} lines; please split it.", MOST_ENTRIES))
    frame = Frame(
        now.astimezone(zone).date(), head.year or heading.year_in(sheet), order=_order(below, head, remarks)
    )
    names: dict[str, str] = {}
    for column in head.columns:
        if column.field:
            names.setdefault(column.field, column.name)
    _refuse_undated(below, head, frame, names)
    unread = [column.name for column in head.columns if column.name and not column.field]
    if unread:
        remarks.append(Reason("unknown columns were not read: {}", ", ".join(unread)[:_MOST_SHOWN]))
    table = _Table(head, Around(names, frame, zone, may_carry=_days_stand_left(head)), sheet)
    found = list(table.read(below))
    if table.passed:
        remarks.append(Reason("lines that are no entries were passed over: {}", _listed(table.passed)))
    if found and remarks:
        found[0] = replace(found[0], remarks=(*remarks, *found[0].remarks))
    return iter(found)


def _listed(passed: Sequence[Reason]) -> Reason:
    more = len(passed) - _MOST_LINES
    shown = [*passed[:_MOST_LINES], *([Reason("and {} more", more)] if more > 0 else [])]
    return reduce(lambda before, one: Reason("{}; {}", before, one), shown)


def _order(lines: Iterable[grid.Line], head: Heading, remarks: list[str]) -> Order:
    """How dates with slashes are written: what some number above 12 decides for all, else the language of the heading."""
    pairs = [
        pair for line in lines for text in line.filled if len(text) < 40 for pair in pieces.slashed(text)
    ]
    if not pairs or any(first > 12 for first, _ in pairs):
        return "day/month"
    if any(second > 12 for _, second in pairs):
        return "month/day"
    if english(head.columns):
        remarks.append(Reason("dates such as 3/4/2027 are read as month/day, as the columns are English"))
        return "month/day"
    remarks.append(Reason("dates such as 3/4/2027 are read as day/month, as the columns are not English"))
    return "day/month"


def _days_stand_left(head: Heading) -> bool:
    """Whether the first column is not the title, as where cells of several lines are merged."""
    return next((column.field for column in head.columns if column.field), None) != "title"


def _refuse_undated(lines: Sequence[grid.Line], head: Heading, frame: Frame, names: dict[str, str]) -> None:
    """Raises Invalid where the days stand in a column that is not known: its lines would become posts without an end."""
    if Around(names, frame, ZoneInfo("UTC")).table_kind() is not None or "until" in names:
        return
    for position, column in enumerate(head.columns):
        texts = [line.cells[position].strip() for line in lines if len(line.cells) > position]
        texts = [text for text in texts if text][:20]
        if column.field is None and texts and sum(_is_day(text, frame) for text in texts) > len(texts) / 2:
            raise Invalid.field(
                "file",
                Reason(
                    "has days in the column {}, which is not known; please name it Datum.",
                    quoted(column.name),
                ),
            )


def _is_day(text: str, frame: Frame) -> bool:
    try:
        return when.said(text, frame).first is not None
    except ValueError:
        return False


@dataclass
class _Table:
    """The walk down a table: what its headings say holds for the lines below them."""

    head: Heading
    around: Around
    sheet: str

    def __post_init__(self) -> None:
        self.passed: list[Reason] = []
        #: A day alone in a line, until a line below takes it.
        self._idle = Reason()

    def read(self, lines: Sequence[grid.Line]) -> Iterator[Row]:
        for line in lines:
            if not self._is_no_entry(line):
                yield self._row(line)
        self._pass_idle()

    def _is_no_entry(self, line: grid.Line) -> bool:
        """Whether a line heads others with a month or a day, or is a note; each is remembered."""
        filled = line.filled
        known = sum(column.field is not None for column in self.head.columns)
        if not filled or known < 2:
            return False
        dated = self.around.table_kind() is not None
        if dated and len(filled) == 1 and self._heads(filled[0], line):
            return True
        titled = any(
            column.field == "title" and text.strip()
            for column, text in zip(self.head.columns, line.cells, strict=False)
        )
        alone = len(filled) == 1
        note = (alone and not titled) or (_FOOT.match(filled[0]) and (alone or not titled))
        if note or (_SUM.fullmatch(filled[0]) and all(map(_AMOUNT.fullmatch, filled[1:]))):
            self.passed.append(self._shown(line))
            return True
        return False

    def _shown(self, line: grid.Line) -> Reason:
        return Reason("{} {}", self._where(line), quoted(line.filled[0][:60]))

    def _pass_idle(self) -> None:
        if self._idle:
            self.passed.append(self._idle)
        self._idle = Reason()

    def _heads(self, text: str, line: grid.Line) -> bool:
        """Whether it is a month or a day, which then holds for the lines below."""
        frame = self.around.frame
        if month := pieces.month_heading(text):
            year = month[1] or _following(frame, month[0])
            self.around = replace(self.around, frame=replace(frame, month=month[0], year=year), before=None)
            return True
        try:
            said = when.said(text, frame)
        except ValueError:
            return False
        if said.first is None or said.last is not None or said.begins is not None:
            return False
        self._pass_idle()
        self._idle = self._shown(line)
        self.around = replace(self.around, before=Before(said.first, heads=True))
        return True

    def _row(self, line: grid.Line) -> Row:
        position = self._where(line)
        cells = {
            column.field: text
            for column, text in zip(self.head.columns, line.cells, strict=False)
            if column.field and text.strip()
        }
        if line.fault:
            return refused(position, Fault("", line.fault))
        if any(text.strip() for text in line.cells[len(self.head.columns) :]):
            words = Reason(
                "has {} cells, the header only {}: put texts that hold the separator in quotes",
                len(line.cells),
                len(self.head.columns),
            )
            return refused(position, Fault("", words), title=cells.get("title", ""))
        reading = Line(cells, self.around)
        try:
            fields = reading.fields()
        except OverflowError:
            words = Reason("names a date outside the years 1 to 9999")
            return refused(position, Fault("", words), title=cells.get("title", ""))
        self._go_on(reading.below)
        row = made(position, fields, remarks=reading.remarks, faults=reading.faults)
        return replace(row, faults=tuple(self._named(fault) for fault in row.faults))

    def _go_on(self, below: Before | None) -> None:
        """The day of the line that was read is that of the next, unless one stands over both."""
        over = self.around.before if self.around.before and self.around.before.heads else None
        if over and below and below.day == over.day:
            self._idle = Reason()
        elif over is None or below:
            self._pass_idle()
            self.around = replace(self.around, before=below)

    def _named(self, fault: Fault) -> Fault:
        """A fault of the post under the name of the column which it came from."""
        field, _, rest = fault.field.partition(".")
        field = rest if rest in ("latitude", "longitude") else field
        name = self.around.names.get(field)
        return Fault(name, fault.message) if name else fault

    def _where(self, line: grid.Line) -> Reason:
        if self.sheet:
            return Reason("{}, row {}", self.sheet, line.number)
        return Reason("line {}", line.number)


def _following(frame: Frame, month: int) -> int | None:
    """The year of a month heading without one: that of the months above it, or the next behind December."""
    if frame.year is None or frame.month is None or month >= frame.month:
        return frame.year
    return frame.year + 1
