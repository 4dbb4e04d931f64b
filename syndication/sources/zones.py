"""Time zones that a calendar describes itself (VTIMEZONE, RFC 5545 section 3.6.5), as far as they cost no more than a moment."""

import re
from collections.abc import Iterable
from contextlib import suppress
from itertools import islice

from icalendar import Timezone
from icalendar.timezone import tzp

from syndication.content import recurrence
from syndication.sources import lines

#: What icalendar raises for blocks it cannot read.
UNREADABLE = (ValueError, LookupError, AttributeError, TypeError, ArithmeticError)
_RULE = re.compile(rb"^RRULE(?:;[^:\r\n]*)?:([^\r\n]*)", re.IGNORECASE | re.MULTILINE)
#: Longest description (bytes): Europe/Berlin with all its changes since 1893 has a tenth of it.
_LONGEST = 50_000
#: And so many of them; a file has one, or the few that its visitors brought.
_MOST = 100


def learn(plain: Iterable[bytes]) -> None:
    """Have the zones that these lines describe known by their names, and those of the file before forgotten.

    The times of one that is damaged, or no clock of this world, are read in the city's zone, and each row says so.
    """
    tzp.use_zoneinfo()
    for described in islice(lines.zones(plain), _MOST):
        if len(described) <= _LONGEST and all(_changes_yearly(rule) for rule in _RULE.findall(described)):
            with suppress(*UNREADABLE):
                Timezone.from_ical(described)


def _changes_yearly(rule: bytes) -> bool:
    """Clocks change once a year by each rule. One that comes by the minute, or never, would be walked for minutes."""
    parts = [one for one in rule.decode(errors="replace").split(";") if one.strip()]
    usual = [one for one in parts if not one.upper().startswith(("UNTIL=", "COUNT="))]
    try:
        recurrence.checked(";".join(usual), None)
        return recurrence.parsed(";".join(usual)).frequency == "YEARLY"
    except ValueError:
        return False
