"""Says which reasons are one cause: equal but for what differs from case to case."""

import hashlib
import re

from syndication.content.reason import Reason

#: What differs from case to case of one cause: addresses, numbers of four digits and more, names that machines give.
_VARYING = re.compile(r"[^\s<>@]{1,64}@[^\s<>]{1,255}|\b(?=\w{0,63}\d)\w{6,}\b|\d{4,}")


def cause_of(reason: Reason) -> Reason:
    """A reason without what differs from case to case."""
    return reason.changed(lambda text: _VARYING.sub("…", text))


def mark(cause: Reason) -> str:
    """A short name for a cause of `cause_of`, for addresses of pages and for tables: 16 hexadecimal digits."""
    return hashlib.sha256(cause.stored().encode()).hexdigest()[:16]
