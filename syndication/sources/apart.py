"""Reads files that strangers send, in a process of its own: what would take all memory, or no end, costs that process alone."""

import json
from contextlib import closing
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from syndication.content.reason import Reason
from syndication.errors import Fault, Invalid
from syndication.infra import confined
from syndication.sources import written
from syndication.sources.row import Row

_log = structlog.get_logger(__name__)
#: What the process may use beyond what it begins with (bytes), and for how long (seconds): 2,000 entries take 4 s and 60 MB.
_MEMORY, _SECONDS = 300_000_000, 20.0
_TOO_MUCH = Reason("unfolds to more than can be read; please save only its table, as CSV, or split it")
_UNREADABLE = Reason("cannot be read; please save it anew, or in another format")


def read(data: bytes, *, zone: ZoneInfo, now: datetime, name: str, most: int) -> list[Row]:
    """A row for each entry; what the file is, its content tells alone. `name` is what sentences call it.

    Raises Invalid where it cannot be read as a whole, holds more than `most` entries, or would take too much to read.
    """
    head = {"zone": zone.key, "now": now.isoformat(), "name": name, "most": most}
    # A child for each file: nothing of one, such as the time zones that it describes, is there for the next.
    with closing(confined.Child("syndication.sources.inside", memory=_MEMORY)) as child:
        try:
            answer = child.ask(json.dumps(head).encode() + b"\n" + data, seconds=_SECONDS)
            said: Any = json.loads(answer)
            if "faults" in said:
                raise Invalid(*(Fault(field, Reason.read(message)) for field, message in said["faults"]))
            return [written.read(one) for one in said["rows"]]
        except confined.Failed as failure:
            _log.warning("file.unread", why=failure.why, detail=str(failure)[:200])
            words = _TOO_MUCH if failure.why in ("memory", "slow") else _UNREADABLE
            raise Invalid.field("file", words) from failure
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise Invalid.field("file", _UNREADABLE) from error
