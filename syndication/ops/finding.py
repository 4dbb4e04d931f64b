"""What was found of one part of an installation, in words for whoever looks after it."""

from dataclasses import dataclass
from typing import Literal

from syndication.content.reason import NO_REASON, Reason

Verdict = Literal["ok", "warn", "bad"]


@dataclass(frozen=True)
class Finding:
    """What was found of one part, and for a `warn` or `bad` one what to do."""

    part: str
    verdict: Verdict
    said: Reason
    advice: Reason = NO_REASON
