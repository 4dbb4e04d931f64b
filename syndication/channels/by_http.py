"""Sends one HTTP request and turns its outcome into a receipt or a verdict; shared by all channels that speak HTTP."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal

from syndication.channels.messages import HttpMessage
from syndication.channels.tools import Tools
from syndication.channels.verdicts import Gone, Receipt, Refused, TryLater, Unconfirmed, Verdict
from syndication.content.reason import Reason
from syndication.infra.http import Answer, Failure

#: Who answered, where it is no network with a name.
_ADDRESS = Reason("The address")
#: Longest part of an answer that is kept for people to read (characters).
_KEPT = 1000
#: Statuses by which a server says "not now".
_LATER = {408, 409, 425, 429}
#: Headers in which somebody shows who they are; what is shorter than this in them is the name of a scheme.
_ACCESS, _SHORTEST = {"authorization", "proxy-authorization", "x-api-key", "x-auth-token", "cookie"}, 8
#: Statuses by which a server asks for fewer requests.
_SLOWER = {429, 502, 504}


@dataclass(frozen=True)
class Rule:
    """One row of a network's table of answers: what it says, and what that means for whoever reads the ledger.

    `status` None is any; `says` is looked for in the body, whatever its case. The first row that fits counts.
    """

    status: int | None
    says: str
    #: `fine`: what was asked for is already so. `access`: the owner must renew the access. `gone` closes the outlet.
    verdict: Literal["fine", "later", "refused", "access", "gone"]
    reason: str = ""

    def fits(self, answer: Answer) -> bool:
        """Whether the answer is what this row describes."""
        return self.status in (None, answer.status) and self.says.lower() in shown(answer).lower()


def send(
    message: HttpMessage,
    tools: Tools,
    *,
    gone: frozenset[int] = frozenset({404, 410}),
    repeatable: bool = True,
) -> Receipt:
    """Send `message` once. Returns a Receipt for 2xx and raises the Verdict for all else; `gone` closes the outlet.

    Where a repeat would post twice (not `repeatable`), a request whose fate is unknown becomes Unconfirmed.
    """
    answer = call(message, tools, gone=gone, repeatable=repeatable)
    return Receipt(code=answer.status, answer=shown(answer))


def call(
    message: HttpMessage,
    tools: Tools,
    *,
    rules: Sequence[Rule] = (),
    who: str = _ADDRESS,
    gone: frozenset[int] = frozenset(),
    repeatable: bool = True,
    outlet: bool = True,
    most_read: int | None = None,
) -> Answer:
    """One request; its answer where that is 2xx or `fine` by `rules`. Raises the Verdict for all else, in the name of `who`.

    Not `repeatable`: a request whose fate is unknown becomes Unconfirmed. Not `outlet`: a failure says nothing about
    what else would get through.
    """
    try:
        answer = tools.http.request(
            message.method, message.url, headers=message.headers, body=message.body, most_read=most_read
        )
    except Failure as failure:
        if failure.blocked:
            raise Refused(failure.reason) from failure
        if failure.sent and not repeatable:
            raise Unconfirmed(failure.reason) from failure
        raise TryLater(failure.reason, outlet=outlet, slow=failure.timed_out) from failure
    answer = _without_access(answer, message)
    rule = next((rule for rule in rules if rule.fits(answer)), None)
    if (200 <= answer.status < 300 and rule is None) or (rule is not None and rule.verdict == "fine"):
        return answer
    if rule is not None:
        raise _by_rule(rule, answer)
    if not repeatable and answer.status in (408, 500, 502, 504):
        # A gateway that lost patience, or a server that broke, may have done it all the same.
        raise Unconfirmed(
            Reason("{} answered {}; whether it was posted is not known.", who, answer.status),
            code=answer.status,
            answer=shown(answer),
        )
    raise verdict_for(answer, gone=gone, now=message_date(answer), who=who)


def _without_access(answer: Answer, message: HttpMessage) -> Answer:
    """The answer as people may read it: some servers repeat the access they were shown, which may be one for this session."""
    body = answer.body
    for name, value in message.headers:
        if name.lower() in _ACCESS:
            # "Bearer abc", "Basic abc", "vapid t=abc, k=def", or the access alone.
            words = re.split(r"[\s,;]+", value)
            found = {piece for word in words for piece in (word, word.partition("=")[2])}
            for access in sorted(found, key=len, reverse=True):
                if len(access) >= _SHORTEST:
                    body = body.replace(access.encode(), b"(secret)")
    return replace(answer, body=body)


def _by_rule(rule: Rule, answer: Answer) -> Verdict:
    status, said, reason = answer.status, shown(answer), Reason(rule.reason)
    match rule.verdict:
        case "later":
            after = retry_after(answer, message_date(answer))
            return TryLater(reason, after=after, slow=status in _SLOWER, code=status, answer=said)
        case "gone":
            return Gone(reason, code=status, answer=said)
        case _:
            return Refused(reason, credentials=rule.verdict == "access", code=status, answer=said)


def verdict_for(
    answer: Answer, *, gone: frozenset[int], now: datetime | None = None, who: str = _ADDRESS
) -> Verdict:
    """What a status other than 2xx means for the delivery. `now` is the remote's own idea of it, for Retry-After."""
    status, said = answer.status, shown(answer)
    if status in gone:
        return Gone(
            Reason("{} answered {}: it no longer accepts posts.", who, status), code=status, answer=said
        )
    if status < 200 or 300 <= status < 400:
        return Refused(
            Reason(
                "{} answered {} and points elsewhere. Please enter the final address; redirects are not followed.",
                who,
                status,
            ),
            code=status,
            answer=said,
        )
    if status in (401, 403):
        return Refused(
            Reason(
                "{} answered {}: it does not accept our access. Please renew the secret or the permission there.",
                who,
                status,
            ),
            credentials=True,
            code=status,
            answer=said,
        )
    if status in _LATER or status >= 500:
        return TryLater(
            Reason("{} answered {}. It will be tried again.", who, status),
            after=retry_after(answer, now),
            slow=status in _SLOWER,
            code=status,
            answer=said,
        )
    return Refused(Reason("{} answered {} and refuses this post.", who, status), code=status, answer=said)


def retry_after(answer: Answer, now: datetime | None) -> float | None:
    """Seconds the remote asks for: Retry-After, or the moment at which its rate limit starts anew."""
    found = _retry_after_header(answer, now)
    return found if found is not None else cooldown(answer, now) or None


def cooldown(answer: Answer, now: datetime | None = None) -> float:
    """Seconds until more is allowed, where X-RateLimit-Remaining (or RateLimit-Remaining) has come to 0; else 0.0.

    The reset is read as seconds from now, as a Unix time, or as a date; of `now` the remote's own idea is best.
    """
    moment = now or message_date(answer)
    for prefix in ("x-ratelimit-", "ratelimit-"):
        left, reset = (answer.headers.get(prefix + name, "").strip() for name in ("remaining", "reset"))
        if left == "0" and reset:
            return _seconds_until(reset, moment)
    return 0.0


def _seconds_until(reset: str, now: datetime | None) -> float:
    try:
        number = float(reset)
    except ValueError:
        try:
            moment = datetime.fromisoformat(reset)
        except ValueError:
            return 0.0
        return max(0.0, (moment - now).total_seconds()) if now and moment.tzinfo else 0.0
    if not 0 <= number < 1e11:
        return 0.0
    if number < 1e8:
        return number
    return max(0.0, number - now.timestamp()) if now else 0.0


def json_of(answer: Answer, who: str, *, repeatable: bool = True) -> Any:
    """The JSON a network answered. A 2xx without JSON comes from something in between; whether it posted is not known."""
    try:
        return json.loads(answer.body)
    except ValueError as error:
        reason = Reason("{} answered with something that is no JSON.", who)
        if repeatable:
            raise TryLater(reason, code=answer.status, answer=shown(answer)) from error
        raise Unconfirmed(reason, code=answer.status, answer=shown(answer)) from error


def _retry_after_header(answer: Answer, now: datetime | None) -> float | None:
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
