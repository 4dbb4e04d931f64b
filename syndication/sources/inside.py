"""The confined half of `apart`: reads a stranger's file where it can use a bounded piece of memory and reach nothing."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from syndication import sources
from syndication.content.reason import Reason
from syndication.errors import Fault, Invalid

# What is loaded only when a workbook comes; later there is no way to the disk.
from syndication.sources import excel, opendocument, written  # noqa: F401


def answer(frame: bytes, _ask: Callable[[bytes], bytes]) -> bytes:
    """A line of JSON with `zone`, `now`, `name`, `most`, then the file; the rows as JSON, or the faults of the file."""
    head, _, data = frame.partition(b"\n")
    asked = json.loads(head)
    try:
        now, zone = datetime.fromisoformat(asked["now"]), ZoneInfo(asked["zone"])
        rows = list(sources.read_bytes(data, zone=zone, now=now, name=asked["name"]))
        if len(rows) > asked["most"]:
            words = Reason(
                "{} holds {} entries; {} are taken at once, please split it",
                asked["name"],
                len(rows),
                asked["most"],
            )
            raise Invalid(Fault("file", words))
        said: dict[str, Any] = {"rows": [written.written(row) for row in rows]}
    except Invalid as error:
        said = {"faults": [[one.field, Reason.quoted(one.message).stored()] for one in error.faults]}
    return json.dumps(said).encode()
