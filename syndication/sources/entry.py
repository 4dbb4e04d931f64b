"""Turns one calendar entry (VEVENT, RFC 5545 section 3.6.1) into the fields of a post."""

import hashlib
import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from icalendar import Component
from icalendar.prop import vBinary, vBroken, vCategory, vGeo

from syndication.content.base import slugify
from syndication.content.post import Status
from syndication.content.reason import Reason
from syndication.content.topics import spelled
from syndication.errors import Fault
from syndication.sources import repair, title
from syndication.sources.quoting import quoted
from syndication.sources.row import LONGEST_REF

_MOST_TOPICS = 10
_ALL_DAY = ("X-MICROSOFT-CDO-ALLDAYEVENT", "X-MICROSOFT-MSNCALENDAR-ALLDAYEVENT", "X-FUNAMBOL-ALLDAY")
_LONGEST_TOPIC = 60
_MOST_IMAGES = 10
_PICTURE = re.compile(r"\.(?:jpe?g|png|gif|webp|avif|svg)(?:\?|$)", re.IGNORECASE)
_BARE_ADDRESS = re.compile(r"(?:[\w-]+\.)+[a-z]{2,}(?:[/?#]\S*)?", re.IGNORECASE)
_STATUS: dict[str, Status] = {"CANCELLED": "cancelled", "CONFIRMED": "scheduled", "": "scheduled"}


def broken(value: Any) -> bool:
    """Whether icalendar kept a property that it could not read; asking such a one for anything raises."""
    return isinstance(value, vBroken)


def when(value: Any) -> Any:
    """What icalendar read of a property of times; None where it is of another type, or could not be read."""
    return None if broken(value) else getattr(value, "dt", None)


def shown(value: Any) -> Reason:
    """What stands in a property, fit for a sentence about it."""
    raw = value if broken(value) or isinstance(value, str) else getattr(value, "to_ical", lambda: value)()
    return quoted((raw.decode(errors="replace") if isinstance(raw, bytes) else str(raw))[:80])


@dataclass
class Entry:
    """A calendar entry being read: what stands in it, and the remarks and faults gathered on the way."""

    position: Reason
    component: Component
    zone: ZoneInfo
    remarks: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def one(self, name: str) -> Any:
        """The property of that name, or None; the last where it stands twice. A broken one is a fault, and None."""
        value = self.component.get(name)
        if isinstance(value, list):
            self.remarks.append(Reason("{} stands more than once: the last was read", name))
            value = value[-1]
        if broken(value):
            self.faults.append(Fault(name, Reason("cannot be read: {}", shown(value))))
            return None
        return value

    def every(self, name: str) -> list[Any]:
        """All properties of that name, the broken ones too."""
        value = self.component.get(name, [])
        return value if isinstance(value, list) else [value]

    def sound(self, name: str, *types: type) -> list[Any]:
        """The properties of that name that are of one of `types`; of the others a remark is made, for a post can do without."""
        values = self.every(name)
        found = [value for value in values if isinstance(value, types) and not broken(value)]
        if len(found) < len(values):
            self.remarks.append(Reason("{} left out, it cannot be read", name))
        return found

    def text(self, name: str) -> str:
        """A property as plain text; empty where it is not there."""
        value = self.one(name)
        return "" if value is None else repair.wording(str(value), self.remarks)

    def moment(self, name: str) -> date | datetime | None:
        """A date, or an aware moment: one without a zone is on the city's clock. None where it is not there, or a fault."""
        value = self.component.get(name)
        if broken(value):
            return self._other_form(name, str(value))
        value = self.one(name)
        if value is None:
            return None
        found = when(value)
        if isinstance(found, datetime):
            return self._zoned(name, found, str(value.params.get("TZID", "")))
        if isinstance(found, date):
            if value.params.get("VALUE") != "DATE":
                self.remarks.append(Reason("date without VALUE=DATE read as all-day"))
            return found
        self.faults.append(Fault(name, Reason("is neither a date nor a date with a time")))
        return None

    def _zoned(self, name: str, moment: datetime, zone_name: str) -> datetime:
        if moment.tzinfo is not None:
            return moment
        if zone_name:
            self.remarks.append(
                Reason("unknown time zone {}: read in the city's zone", quoted(zone_name[:60]))
            )
        else:
            self.remarks.append(Reason("time without a zone: read in the city's zone"))
        return moment.replace(tzinfo=self.zone)

    def _other_form(self, name: str, raw: str) -> date | datetime | None:
        """What other programs write instead of a date of RFC 5545: ISO 8601 with hyphens, offsets or no seconds."""
        try:
            found = datetime.fromisoformat(raw.strip())
        except ValueError:
            self.faults.append(Fault(name, Reason("is not a date: {}", quoted(raw[:80]))))
            return None
        self.remarks.append(Reason("{} is not in the form of RFC 5545: read as ISO 8601", name))
        return found.date() if len(raw.strip()) <= 10 and "T" not in raw else self._zoned(name, found, "")

    @property
    def recurrence_id(self) -> date | datetime | None:
        """Which date of a series this entry replaces, None for all others."""
        return self.moment("RECURRENCE-ID")

    @property
    def uid(self) -> str:
        """The entry's UID; where it has none, one made of its title and start, which is the same at each export."""
        value = self.one("UID")
        if value is not None and (uid := repair.one_line(repair.cleaned(str(value), self.remarks))):
            return uid
        self.remarks.append(Reason("without UID: told apart by title and start"))
        start = self.component.get("DTSTART")
        raw = f"{self.named[0]}|{start.to_ical() if hasattr(start, 'to_ical') else start}"
        return "title-" + hashlib.sha256(raw.encode()).hexdigest()[:32]

    @property
    def named(self) -> tuple[str, Status | None]:
        """The title, and what it says of whether the event takes place."""
        return title.read(
            repair.shortened(repair.one_line(self.text("SUMMARY")), 200, Reason("title"), self.remarks)
        )

    def fields(self) -> dict[str, Any]:
        """The post's fields, recurrence and `source_ref` aside."""
        named, standing = self.named
        if title.says_moved(named):
            self.remarks.append(
                Reason("title says that it was moved: read as it stands, at the time that is given")
            )
        found: dict[str, Any] = {"kind": "event", "title": named}
        found |= self._times()
        found |= self._wording()
        found["place"] = self._place()
        found["topics"] = self._topics()
        found["images"] = self._images(found["title"])
        found["status"] = self._status(standing)
        if self.text("CLASS").upper() in ("PRIVATE", "CONFIDENTIAL"):
            self.faults.append(Fault("CLASS", Reason("says that this entry is not for the public")))
        return {name: value for name, value in found.items() if value not in (None, (), "")}

    def _times(self) -> dict[str, Any]:
        start = self.moment("DTSTART")
        if start is None:
            if not any(fault.field == "DTSTART" for fault in self.faults):
                self.faults.append(Fault("DTSTART", Reason("is missing: an event needs a start")))
            return {}
        start, end = self._whole_days(start, self._end(start))
        if isinstance(start, datetime):
            if end == start:
                self.remarks.append(Reason("ends when it begins: read as without an end"))
                end = None
            return {"starts_at": start, "ends_at": end}
        midnight = self.midnight(start)
        if isinstance(end, date) and end == start:
            self.remarks.append(Reason("ends on the day it begins: read as that whole day"))
            end = start + timedelta(days=1)
        return {
            "starts_at": midnight,
            "ends_at": None if end is None else self.midnight(end),
            "all_day": True,
        }

    def _whole_days(
        self, start: date | datetime, end: date | datetime | None
    ) -> tuple[date | datetime, date | datetime | None]:
        """Start and end as days where Outlook, or one of its kind, says beside two midnights that it means days."""
        said = any(self.text(name).upper() in ("TRUE", "1") for name in _ALL_DAY)
        first = self._day_of(start) if said and isinstance(start, datetime) else None
        if first is None:
            return start, end
        if not isinstance(end, datetime):
            return first, end
        last = self._day_of(end)
        return first, last or end.astimezone(self.zone).date() + timedelta(days=1)

    def _day_of(self, moment: datetime) -> date | None:
        """The day that a midnight begins, by its own clock or the city's."""
        here = moment.astimezone(self.zone)
        return next((one.date() for one in (moment, here) if one.time() == time()), None)

    def midnight(self, day: date) -> datetime:
        """The start of a day in the city."""
        return datetime.combine(day, time(), self.zone)

    def _end(self, start: date | datetime) -> date | datetime | None:
        """The end, of the same type as `start`."""
        end = self.moment("DTEND")
        if end is not None and isinstance(end, datetime) != isinstance(start, datetime):
            self.remarks.append(Reason("end left out: of start and end one is a date, the other a time"))
            return None
        duration = self.one("DURATION") if end is None else None
        if duration is None:
            return end
        length = when(duration)
        if not isinstance(length, timedelta) or length < timedelta(0):
            self.faults.append(Fault("DURATION", Reason("is not a length of time")))
            return None
        if isinstance(start, datetime):
            return (start.astimezone(UTC) + length) if length < timedelta(days=1) else start + length
        return start + max(timedelta(days=length.days), timedelta(days=1))

    def _wording(self) -> dict[str, Any]:
        text = self.text("DESCRIPTION") or self._page()
        text, url = repair.without_boilerplate(text, self._address(), self.remarks)
        body = repair.as_markdown(repair.shortened(text, 15_000, Reason("description"), self.remarks))
        summary = self.one("SUMMARY")
        language = str(summary.params.get("LANGUAGE", "")) if summary is not None else ""
        return {
            "body": body,
            "url": url,
            "language": language.lower()[:2] if re.match(r"[A-Za-z]{2}\b", language) else None,
        }

    def _page(self) -> str:
        """The description that is there as HTML alone, as Outlook writes it (RFC 9073 section 6.5 is the later form)."""
        found = [
            one
            for name in ("X-ALT-DESC", "STYLED-DESCRIPTION")
            for one in self.sound(name, str)
            if str(getattr(one, "params", {}).get("FMTTYPE", "text/html")).lower() == "text/html"
        ]
        return repair.words_of_page(str(found[0]), self.remarks) if found else ""

    def _address(self) -> str | None:
        url = self.text("URL")
        if re.fullmatch(r"https?://[^\s/]\S*", url) and len(url) <= 2000:
            return url
        if _BARE_ADDRESS.fullmatch(url):
            self.remarks.append(Reason("https:// put before the address"))
            return f"https://{url}"
        if url:
            self.remarks.append(Reason("URL left out, it is no web address: {}", quoted(url[:80])))
        return None

    def _place(self) -> dict[str, Any] | None:
        lines = [repair.one_line(line) for line in self.text("LOCATION").split("\n") if line.strip()]
        position = self._position()
        if not lines:
            return (
                {"name": f"{position['latitude']}, {position['longitude']}", **position} if position else None
            )
        name, address = lines[0], ", ".join(lines[1:])
        if len(name) > 200 and "," in name[:200]:
            head, _, tail = name.partition(",")
            name, address = head, ", ".join(part for part in (tail.strip(), address) if part)
        return {
            "name": repair.shortened(name, 200, Reason("place"), self.remarks),
            "address": repair.shortened(address, 300, Reason("address"), self.remarks) or None,
            **position,
        }

    def _position(self) -> dict[str, float]:
        found = self.sound("GEO", vGeo)
        if not found:
            return {}
        latitude, longitude = float(found[-1].latitude), float(found[-1].longitude)
        if (latitude, longitude) == (0, 0) or not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
            self.remarks.append(Reason("GEO left out, it is no position in a city"))
            return {}
        return {"latitude": latitude, "longitude": longitude}

    def _topics(self) -> tuple[str, ...]:
        """As they are spelled in the file, each once however it is spelled."""
        groups = self.sound("CATEGORIES", vCategory, str)
        named = [str(name) for group in groups for name in getattr(group, "cats", [group])]
        words = [
            repair.one_line(repair.wording(name, self.remarks))[:_LONGEST_TOPIC].strip() for name in named
        ]
        topics = dict[str, str]()
        for word in words:
            topics.setdefault(slugify(word), word)
        found = tuple(spelled(word) for slug, word in topics.items() if slug)
        if len(found) > _MOST_TOPICS:
            self.remarks.append(Reason("more than {} categories: the first became topics", _MOST_TOPICS))
        return found[:_MOST_TOPICS]

    def _images(self, alt: str) -> tuple[dict[str, str], ...]:
        found = []
        for one in [*self.sound("IMAGE", str, vBinary), *self.sound("ATTACH", str, vBinary)]:
            address, params = repair.with_characters(str(one)), getattr(one, "params", {})
            picture = str(params.get("FMTTYPE", "")).lower().startswith("image/") or _PICTURE.search(address)
            if picture and re.fullmatch(r"https://[^\s/]\S{0,1990}", address):
                found.append({"url": address, "alt": alt or "image"})
            else:
                self.remarks.append(Reason("attachment left out: not a picture with an https address"))
        if len(found) > _MOST_IMAGES:
            self.remarks.append(Reason("more than {} pictures: the first were kept", _MOST_IMAGES))
        return tuple({image["url"]: image for image in found}.values())[:_MOST_IMAGES]

    def _status(self, standing: Status | None) -> str:
        said = self.text("STATUS").upper()
        if said not in _STATUS:
            self.remarks.append(Reason("STATUS {} read as scheduled", said[:40]))
        status = _STATUS.get(said, "scheduled")
        if standing is None or status == "cancelled":
            return status
        self.remarks.append(Reason("title says {}: told as that", Reason(standing.replace("_", " "))))
        return standing


def reference(uid: str, *more: str) -> str:
    """A `source_ref` of a UID and what tells its parts apart; one that would be too long is cut and hashed."""
    whole = "/".join((uid, *more))
    if len(whole) <= LONGEST_REF:
        return whole
    return f"{whole[: LONGEST_REF - 65]}-{hashlib.sha256(whole.encode()).hexdigest()}"
