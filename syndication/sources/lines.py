"""The lines of an iCalendar file (RFC 5545 section 3.1) as they occur in the wild, in one plain form, and its entries.

Texts in quoted-printable or base64, as vCalendar 1.0 and what was made of it have them, are read here; so every property
means the same behind this door, however it was written.
"""

import binascii
import quopri
import re
from collections.abc import Iterable, Iterator

#: Folded lines are joined as bytes: many programs fold in the middle of a letter. Nothing goes on behind the end of an entry.
_FOLD = re.compile(rb"(?<!END:VEVENT)(?<!END:VEVENT\r)\r?\n[ \t]")
_QUOTED = re.compile(rb"[A-Z-]{1,40};(?:[^:]{0,200};)?(?:ENCODING=)?QUOTED-PRINTABLE[;:]", re.IGNORECASE)
_ENTRIES = (b"VEVENT", b"VTODO", b"VJOURNAL", b"VFREEBUSY")
_PARAMETER = re.compile(r';((?:"[^"]*"|[^";:])*)')
_NAME = re.compile(r"[A-Za-z0-9-]+")
_TEXTS = ("SUMMARY", "DESCRIPTION", "LOCATION", "CATEGORIES", "COMMENT", "CONTACT", "X-ALT-DESC")
_DATES = {"DATE", "DATE-TIME"}
#: What a property can be. Any other VALUE is passed over: it would make a text of a date, and what is meant can be read.
_TYPES = {
    "DTSTART": _DATES,
    "DTEND": _DATES,
    "DTSTAMP": _DATES,
    "RECURRENCE-ID": _DATES,
    "EXDATE": _DATES,
    "RDATE": {*_DATES, "PERIOD"},
    "DURATION": {"DURATION"},
    "RRULE": {"RECUR"},
    "SEQUENCE": {"INTEGER"},
    "GEO": {"FLOAT"},
    "ATTACH": {"URI", "BINARY"},
    "IMAGE": {"URI", "BINARY"},
    "URL": {"URI"},
    **{name: {"TEXT"} for name in (*_TEXTS, "UID", "STATUS", "CLASS")},
}


def unfolded(data: bytes) -> list[bytes]:
    """The lines as they were before they were folded; the soft line breaks of quoted-printable are joined, too."""
    joined, begun = list[bytes](), list[bytes]()
    for line in _FOLD.sub(b"", data).splitlines():
        begun.append(line)
        if line.endswith(b"=") and _QUOTED.match(begun[0]):
            begun[-1] = line[:-1]
        else:
            joined.append(b"".join(begun))
            begun = []
    return [*joined, b"".join(begun)] if begun else joined


def entries(lines: Iterable[bytes]) -> Iterator[tuple[str, list[bytes], bool]]:
    """Name and lines of each entry, and whether it ends. A time zone that stands in one is no part of it."""
    name, block, in_zone = b"", list[bytes](), False
    for line in lines:
        mark = line.strip().upper()
        begun = mark.removeprefix(b"BEGIN:") if mark.startswith(b"BEGIN:") else b""
        in_zone = begun == b"VTIMEZONE" or (in_zone and begun not in _ENTRIES and mark != b"END:" + name)
        if in_zone:
            in_zone = mark != b"END:VTIMEZONE"
            continue
        if begun in _ENTRIES:
            if name:
                yield name.decode(), block, False
            name, block = begun, [mark]
        elif name:
            if mark:
                block.append(line)
            if mark in (b"END:" + name, b"END:VCALENDAR"):
                yield name.decode(), block, mark == b"END:" + name
                name, block = b"", []
    if name:
        yield name.decode(), block, False


def begins(data: bytes) -> list[int]:
    """The lines of the file, counted from 1, in which its entries begin; none is a line that goes on with the one before."""
    found, before = list[int](), b""
    for number, line in enumerate(re.split(rb"\r?\n", data), 1):
        whole = not line[:1].isspace() or before == b"END:VEVENT"
        before = line.strip().upper()
        if whole and before.removeprefix(b"BEGIN:") in _ENTRIES and before.startswith(b"BEGIN:"):
            found.append(number)
    return found


def zones(lines: Iterable[bytes]) -> Iterator[bytes]:
    """The time zones that the file describes itself, each as a component."""
    block: list[bytes] = []
    for line in lines:
        mark = line.strip().upper()
        if mark == b"BEGIN:VTIMEZONE" or block:
            block.append(line)
        if mark == b"END:VTIMEZONE" and block:
            yield b"\r\n".join(block) + b"\r\n"
            block = []


def plain(line: str) -> str:
    """The line without an encoding, and without a VALUE that its property cannot have; empty where it says nothing.

    A RECURRENCE-ID without a value stays: what it is of is a date of a series, and not the series.
    """
    found = _NAME.match(line)
    name = found[0].upper() if found else ""
    if found is None or name not in _TYPES:
        return line
    parameters, place = [], found.end()
    while parameter := _PARAMETER.match(line, place):
        parameters.append(parameter[1])
        place = parameter.end()
    if not line.startswith(":", place):
        return line
    value = line[place + 1 :]
    if not value.strip() and name != "RECURRENCE-ID":
        return ""
    said = {key.strip().upper(): text for key, _, text in (one.partition("=") for one in parameters)}
    if "BINARY" not in _TYPES[name] and (encoding := _encoding(said)):
        value = _decoded(value, encoding, said.get("CHARSET", "utf-8"))
        parameters = [one for one in parameters if not _about_bytes(one)]
    kept = [one for one in parameters if _possible(name, one)]
    return "".join([name, *(f";{one}" for one in kept), ":", value])


def _possible(name: str, parameter: str) -> bool:
    key, _, text = parameter.partition("=")
    return key.strip().upper() != "VALUE" or text.strip('" ').upper() in _TYPES[name]


def _about_bytes(parameter: str) -> bool:
    key = parameter.partition("=")[0].strip().upper()
    return key in ("ENCODING", "CHARSET", "QUOTED-PRINTABLE", "BASE64")


def _encoding(said: dict[str, str]) -> str:
    named = said.get("ENCODING", "").upper()
    for encoding, names in (("QUOTED-PRINTABLE", ()), ("BASE64", ("B",))):
        if named in (encoding, *names) or encoding in said:
            return encoding
    return ""


def _decoded(value: str, encoding: str, charset: str) -> str:
    """The text with its line ends as RFC 5545 has them; as it is where it is not encoded, whatever it says."""
    raw = value.encode()
    if encoding == "BASE64":
        try:
            raw = binascii.a2b_base64(raw, strict_mode=True)
        except binascii.Error:
            return value
    else:
        raw = quopri.decodestring(raw)
    for name in (charset, "utf-8"):
        try:
            text = raw.decode(name)
            break
        except (LookupError, ValueError):
            continue
    else:
        text = raw.decode("cp1252", errors="replace")
    return re.sub(r"\r\n?|\n", r"\\n", text)
