"""One HTTP request, one verdict: what every channel that speaks HTTP shares."""

from datetime import datetime
from email.utils import parsedate_to_datetime

from syndication.channels.base import (
    Gone,
    HttpMessage,
    Receipt,
    Refused,
    Tools,
    TryLater,
    Unconfirmed,
    Verdict,
)
from syndication.http import Answer, Failure

#: Longest part of an answer that is kept for people to read (characters).
_KEPT = 1000
#: Statuses by which a server says "not now".
_LATER = {408, 409, 425, 429}
#: Statuses by which a server asks for fewer requests.
_SLOWER = {429, 502, 504}


def deliver(
    message: HttpMessage,
    tools: Tools,
    *,
    gone: frozenset[int] = frozenset({404, 410}),
    repeatable: bool = True,
) -> Receipt:
    """Send `message` once. Returns a Receipt for 2xx and raises the Verdict for all else; `gone` closes the outlet.

    Where a repeat would post twice (not `repeatable`), a request whose fate is unknown becomes Unconfirmed.
    """
    try:
        answer = tools.http.request(message.method, message.url, headers=message.headers, body=message.body)
    except Failure as failure:
        if failure.blocked:
            raise Refused(failure.reason) from failure
        if failure.sent and not repeatable:
            raise Unconfirmed(failure.reason) from failure
        raise TryLater(failure.reason, slow=failure.timed_out) from failure
    if 200 <= answer.status < 300:
        return Receipt(code=answer.status, answer=shown(answer))
    raise verdict_for(answer, gone=gone, now=message_date(answer))


def verdict_for(answer: Answer, *, gone: frozenset[int], now: datetime | None = None) -> Verdict:
    """What a status other than 2xx means for the delivery. `now` is the remote's own idea of it, for Retry-After."""
    status, said = answer.status, shown(answer)
    if status in gone:
        return Gone(f"The address answered {status}: it no longer accepts posts.", code=status, answer=said)
    if status < 200 or 300 <= status < 400:
        return Refused(
            f"The address answered {status} and points elsewhere. Please enter the final address; redirects are not followed.",
            code=status,
            answer=said,
        )
    if status in (401, 403):
        return Refused(
            f"The address answered {status}: it does not accept our access. Please renew the secret or the permission there.",
            credentials=True,
            code=status,
            answer=said,
        )
    if status in _LATER or status >= 500:
        return TryLater(
            f"The address answered {status}. It will be tried again.",
            after=retry_after(answer, now),
            slow=status in _SLOWER,
            code=status,
            answer=said,
        )
    return Refused(f"The address answered {status} and refuses this post.", code=status, answer=said)


def retry_after(answer: Answer, now: datetime | None) -> float | None:
    """Seconds of a Retry-After header (RFC 9110 section 10.2.3), from a number or a date; None for anything else."""
    value = (answer.headers.get("retry-after") or "").strip()
    if value.isascii() and value.isdigit() and len(value) < 10:
        return float(value)
    moment = _http_date(value)
    if moment is None or now is None:
        return None
    return max(0.0, (moment - now).total_seconds())


def message_date(answer: Answer) -> datetime | None:
    """The remote's own clock, so that a Retry-After date needs none of ours."""
    return _http_date(answer.headers.get("date") or "")


def _http_date(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError):
        return None
    return moment if moment.tzinfo else None


def shown(answer: Answer) -> str:
    """The beginning of what the remote said, as text without control characters."""
    text = answer.body[: 4 * _KEPT].decode("utf-8", "replace")
    return "".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in text)[:_KEPT]
