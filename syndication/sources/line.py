"""Reads one line of a table as the fields of a post; collects every fault, named by the file's own columns."""

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from syndication import kinds
from syndication.content.base import slugify
from syndication.content.reason import Reason
from syndication.errors import Fault
from syndication.kinds import KINDS
from syndication.kinds.contract import Span
from syndication.sources import cell, repair, span, title, when
from syndication.sources.when import Frame, Said

_KINDS = {word: kind.name for kind in KINDS for word in kind.called}
#: The kinds by which columns a line is looked for, the most telling first; and what it is that has none of them.
_TOLD_APART = sorted((kind for kind in KINDS if kind.known_by), key=lambda kind: len(kind.known_by))
_OTHERWISE = next(kind for kind in KINDS if not kind.known_by)
_PLAIN = ("title", "summary", "url", "language", "currency", "source_ref")
#: What is one line in a post, with the most characters it may have.
_LINES = {
    "title": 200, "summary": 500, "place": 200, "address": 300, "town": 100, "postcode": 20, "district": 100,
    "source_ref": 255, "image_alt": 500, "language": 20, "currency": 20, "kind": 60,
}  # fmt: skip
#: Cells that say when it begins, in which `entfällt` is a word about the whole; and those that may say `ausverkauft`.
_WHEN = {"day", "time", "from"}.union(*(kind.known_by for kind in KINDS))
_TELLING = {"price", *_WHEN}
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,30});", re.IGNORECASE)
_BARE_ADDRESS = re.compile(r"(?:[\w-]+\.)+[a-z]{2,}(?:[/?#]\S*)?", re.IGNORECASE)
#: Columns in which people also write `Konzert` or `Lesung`, which is a topic.
_GENRES = {"art", "typ", "type"}
_LANGUAGES = {"deutsch": "de", "german": "de", "englisch": "en", "english": "en"}
_CURRENCIES = {"€": "EUR", "EURO": "EUR"}
_MOST_TOPICS = 10
_MOST_BODY = 15_000
_PUBLIC = {"normal", "oeffentlich", "public"}


@dataclass(frozen=True)
class Before:
    """The day of the line above, and its hour; `heads`: it stood there alone, over all that follow."""

    day: date
    begins: int | None = None
    heads: bool = False


@dataclass(frozen=True)
class Around:
    """What the table says around a line: the names of its columns by their fields, what its dates leave open, the day above.

    `may_carry`: the days stand left of the titles, so that a blank one is that of the line above.
    """

    names: Mapping[str, str]
    frame: Frame
    zone: ZoneInfo
    before: Before | None = None
    may_carry: bool = False

    def table_kind(self) -> str | None:
        """The kind of post that the columns are made for; None where they tell of none."""
        return next(
            (kind.name for kind in _TOLD_APART if not self.names.keys().isdisjoint(kind.known_by)), None
        )


class Line:
    """The cells of one line on their way to the fields of a post. It is the `Cells` of its kind."""

    def __init__(self, cells: Mapping[str, str], around: Around) -> None:
        self.around = around
        self.zone = around.zone
        self.faults: list[Fault] = []
        self.remarks: list[str] = []
        #: The day on which it begins, and its hour, for the line below; None where it says none, or several.
        self.below: Before | None = None
        self._status: str | None = None
        self._told: list[str] = []
        #: Others than the price say nothing by themselves beside one that is in words.
        self._price_in_words = False
        self.values: dict[str, str] = {}
        for name, text in cells.items():
            if kept := self._kept(name, text):
                self.values[name] = kept

    def _kept(self, name: str, text: str) -> str:
        """The cell without what readers should not see; empty where it says that there is nothing."""
        text = repair.cleaned(text, self.remarks).replace("\xa0", " ").strip()
        if cell.is_error(text):
            self.fault(name, Reason("holds {}, which a spreadsheet shows where it could not calculate", text))
            return ""
        if name in ("title", "summary", "body", "place", "address"):
            text = _ENTITY.sub(
                lambda found: html.unescape(found[0]), repair.without_html(text, self.remarks)
            ).strip()
        if name in _LINES:
            text = repair.shortened(
                repair.one_line(text), _LINES[name], self.around.names.get(name, name), self.remarks
            )
        elif (
            name in _TELLING and (state := cell.state(text)) and (name in _WHEN or not cell.is_nothing(text))
        ):
            self._status = state
            return ""
        return "" if name not in ("title", "body") and cell.is_nothing(text) else text

    def fault(self, name: str, message: str) -> None:
        """Note what is wrong with a cell."""
        found = Fault(self.around.names.get(name, name), message)
        if found not in self.faults:
            self.faults.append(found)

    def fields(self) -> dict[str, Any]:
        """The post's fields; raises OverflowError for a date outside the years 1 to 9999."""
        found: dict[str, Any] = {name: self.values[name] for name in _PLAIN if name in self.values}
        if said := found.get("language"):
            found["language"] = _LANGUAGES.get(slugify(said), said.lower())
        if said := found.get("currency"):
            found["currency"] = _CURRENCIES.get(said.upper(), said.upper())
        if said := found.get("body"):
            found["body"] = repair.shortened(said, _MOST_BODY, self.around.names["body"], self.remarks)
        found |= self._title()
        self._refuse_private()
        found["url"] = self._address()
        found["kind"] = self._kind()
        found["price"] = self.price("price")
        if kinds.named(found["kind"]):
            found |= kinds.by_name(found["kind"]).from_cells(self)
        found["status"] = self._state()
        found["place"] = self._place()
        found["topics"] = self._topics()
        found["images"] = self._images()
        found["publish_at"] = self.start_of("publish_at")
        if said := "\n\n".join(filter(None, (self.values.get("body"), "\n".join(self._told)))):
            found["body"] = repair.as_markdown(said)
        return {name: value for name, value in found.items() if value not in (None, [])}

    def _topics(self) -> list[str]:
        """What the columns of topics name, and of kinds what is none."""
        texts = re.split(r"[,;|\n]", self.values.get("topics", ""))
        genre = self.values.get("kind", "")
        if slugify(genre) not in _KINDS:
            texts.append(genre)
        found = list({slugify(one): one.strip()[:60] for one in reversed(texts) if slugify(one)}.values())[
            ::-1
        ]
        if len(found) > _MOST_TOPICS:
            self.remarks.append(Reason("more than {} topics: the first were kept", _MOST_TOPICS))
        return found[:_MOST_TOPICS]

    def _images(self) -> list[dict[str, str]]:
        address = self.values.get("image", "")
        if address and not re.fullmatch(r"https://[^\s/]\S{0,1990}", address):
            self.remarks.append(Reason("picture left out, it has no https address: {}", address[:80]))
            return []
        alt = self.values.get("image_alt") or self.values.get("title") or "image"
        return [{"url": address, "alt": alt}] if address else []

    def _read(self, name: str, read: Any, *more: Any) -> Any:
        """The cell as `read` takes it; None where it is empty or, with a fault, wrong."""
        text = self.values.get(name)
        if text is None:
            return None
        try:
            return read(text, *more)
        except ValueError as error:
            self.fault(name, str(error))
            return None

    def _in_words(self, name: str) -> None:
        """The cell goes into the text, under the name of its column."""
        self._told.append(f"{self.around.names.get(name, name)}: {self.values[name]}")

    def _refuse_private(self) -> None:
        """Programs for appointments mark what is nobody else's business."""
        name = "private" if self.yes("private") else "sensitivity"
        said = self.values.get(name, "")
        if said and slugify(said) not in _PUBLIC:
            self.fault(name, Reason("says that this entry is not for the public"))

    def _address(self) -> str | None:
        said = self.values.get("url")
        if said is None or re.match(r"https?://", said, re.IGNORECASE):
            return said
        if _BARE_ADDRESS.fullmatch(said):
            self.remarks.append(Reason("https:// put before the address"))
            return f"https://{said}"
        self._in_words("url")
        return None

    def _kind(self) -> str:
        """What the line says that it is; else what its own cells are made for, else what its table is."""
        said = self.values.get("kind")
        if said is not None and (
            slugify(said) in _KINDS or slugify(self.around.names["kind"]) not in _GENRES
        ):
            return _KINDS.get(slugify(said), said)
        own = next(
            (kind.name for kind in _TOLD_APART if not self.values.keys().isdisjoint(kind.known_by)), None
        )
        if own is None and self.values.keys().isdisjoint(_OTHERWISE.columns):
            own = self.around.table_kind()
        return own or _OTHERWISE.name

    def _title(self) -> dict[str, Any]:
        """The title without what it says of whether its event takes place: that is the status."""
        if "title" not in self.values:
            return {}
        named, state = title.read(self.values["title"])
        if state is not None:
            self._status = self._status or state
            self.remarks.append(Reason("title says {}: told as that", Reason(state.replace("_", " "))))
        return {"title": named}

    def _state(self) -> str | None:
        said = self.values.get("status")
        state = None if said is None else cell.state(said) or said.lower()
        return self._status or state if state in (None, "scheduled") else state

    def price(self, name: str) -> str | None:
        """A price as a plain decimal; any other words about it go into the text."""
        text = self.values.get(name)
        if text is None:
            return None
        try:
            amount = cell.price(text)
            if name == "price" or not self._price_in_words:
                return amount
            self._in_words(name)
        except ValueError:
            self._price_in_words = self._price_in_words or name == "price"
            self._in_words(name)
            if name == "price" and cell.is_free_with_thanks(text):
                return "0"
        return None

    # When

    def _said(self, names: Sequence[str], *, hours: bool = False, after: date | None = None) -> list[Said]:
        """What these cells say; a fault for each that cannot be read."""
        found = []
        for name in names:
            a_number = after is not None and self.values.get(name, "").isdecimal()  # `22`, for the end
            one: Said | None = self._read(name, self._parsed, hours or a_number, after)
            if one is not None:
                found.append(one)
                self.remarks += one.remarks
                for note in one.notes:
                    self._status = cell.state(note) or self._status
                    if not cell.state(note):
                        self._told.append(note)
        return found

    def _parsed(self, text: str, hours: bool, after: date | None) -> Said:
        return when.said(text, self.around.frame, hours=hours, after=after)

    def span(
        self,
        starts: Sequence[str],
        hours: Sequence[str],
        ends: Sequence[str],
        end_hours: Sequence[str],
        whole: str,
    ) -> Span | None:
        """From when to when, whatever of day and hours stands in which of these cells; None where no day is said."""
        clean = len(self.faults)
        # Beside a column for the day, what is called the beginning is an hour.
        *earlier, last = [name for name in starts if name in self.values] or [starts[-1]]
        days = [*self._said(earlier, hours=True), *self._said([last])]
        begin = span.Cells(days, self._said(hours, hours=True), zone=self.zone)
        readable = len(self.faults) == clean
        first = begin.first or (self._carried(begin.begins) if readable else None)
        cells = replace(
            begin,
            ends=self._said(ends, after=first),
            end_hours=self._said(end_hours, hours=True),
            whole=self.yes(whole),
        )
        if first is None:
            if readable and any(one.last for one in begin.starts):
                name = next(name for name in starts if name in self.values)
                self.fault(name, Reason("says until when, and not from when; please name the first day"))
            elif readable:
                self._no_day([*starts, *hours])
            return None
        if cells.last in (None, first):
            self.below = Before(first, begin.begins)
        try:
            return span.joined(cells, first)
        except ValueError as error:
            self.fault(next(name for name in (*hours, *starts, *ends) if name in self.values), str(error))
            return None

    def _carried(self, begins: int | None) -> date | None:
        """The day of the line above, where this line's is blank as in merged cells, and its hour is not earlier."""
        before = self.around.before
        if before is None:
            return None
        follows = begins is not None and before.begins is not None and begins >= before.begins
        if before.heads:
            return before.day
        if self.around.may_carry and follows:
            self.remarks.append(Reason("without a day: that of the line above was taken"))
            return before.day
        return None

    def _no_day(self, names: Sequence[str]) -> None:
        """The fault stands at a column for it that is blank, else at one that says something else."""
        there = sorted((name for name in names if name in self.around.names), key=self.values.__contains__)
        self.fault(there[0] if there else names[-1], Reason("names no day, such as 24.12.2026"))

    def moment(self, *names: str, last: bool = False) -> datetime | date | None:
        """The first of these cells that holds something; `last`: the later of two days, None where it names one."""
        name = next((name for name in names if name in self.values), names[0])
        found: Said | None = self._read(name, self._parsed, False, None)
        if found is None:
            return None
        if last:
            return found.last if found.first else None
        self.remarks += found.remarks
        if found.at is not None:
            return found.at
        day = found.first or found.last
        if day is None:
            self._no_day([name])
            return None
        hour = found.begins if found.begins is not None else found.ends
        return day if hour is None else when.at(day, hour, self.zone)

    def start_of(self, *names: str) -> datetime | None:
        """The same, where a date means its beginning."""
        found = self.moment(*names)
        return found if isinstance(found, datetime) or found is None else self.at(found, time())

    def clock_time(self, name: str, *, last: bool = False) -> time | None:
        """A time of day; midnight for the end of the day. `last`: the later of two, None where the cell names one."""
        found: Said | None = self._read(name, self._parsed, True, None)
        if found is None:
            return None
        minutes = found.ends if last or found.begins is None else found.begins
        return None if minutes is None else time(*divmod(minutes % 1440, 60))

    def yes(self, name: str) -> bool:
        """Whether the cell says yes."""
        return bool(self._read(name, cell.yes))

    def at(self, day: date, hour: time) -> datetime:
        """That time of that day in the city."""
        return datetime.combine(day, hour, self.zone)

    def day_after(self, day: date) -> datetime:
        """The end of that day in the city: people who write "until the 24th" mean the whole of it."""
        return datetime.combine(day + timedelta(days=1), time(), self.zone)

    # Where

    def _place(self) -> dict[str, Any] | None:
        """The place, its street and town; the nearest of them that is said is its name."""
        values = self.values
        town = " ".join(filter(None, (values.get("postcode"), values.get("town"))))
        street, district = values.get("address", ""), values.get("district", "")
        parts = [values.get("place", ""), street]
        parts += [part for part in (district, town) if part and not _holds(parts, part)]
        said = [part for part in parts if part]
        position: dict[str, Any] = {
            axis: self._read(axis, cell.number) for axis in ("latitude", "longitude") if axis in values
        }
        if not (said or position):
            return None
        name, *rest = said or [", ".join(map(str, position.values()))]
        if name == town:
            name = values.get("town") or town
        return {"name": name, "address": ", ".join(rest) or None, **position}


def _holds(parts: Sequence[str], part: str) -> bool:
    return any(part.casefold() in other.casefold() for other in parts)
