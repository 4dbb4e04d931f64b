"""Errors that tell their reader what is wrong and what can be done about it.

SyndicationError
├── Invalid          a field is wrong; names it
├── NotFound         nothing there, or nothing this caller may know of
├── Forbidden        the caller is known and may not
├── Conflict         the state of things does not allow it now
├── QuotaExceeded    allowed, but too much of it
└── Unavailable      a part we need does not answer
"""

from dataclasses import dataclass


class SyndicationError(Exception):
    """Base of all errors that are worded for a person; `str(error)` is that sentence."""


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with one field; `field` is a dotted path such as `place.latitude`, or empty."""

    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}" if self.field else self.message


class Invalid(SyndicationError):
    """Input that cannot be accepted; `faults` holds every fault found, never only the first."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("; ".join(str(fault) for fault in faults))
        self.faults = faults

    @classmethod
    def field(cls, field: str, message: str) -> "Invalid":
        """An error about exactly one field."""
        return cls(Fault(field, message))


class NotFound(SyndicationError):
    """The thing does not exist, or the caller may not know that it does."""


class Forbidden(SyndicationError):
    """The caller is known, and may not do this."""


class Conflict(SyndicationError):
    """The request contradicts the present state."""


class _Later(SyndicationError):
    """It makes sense to try again, after `after` seconds where that is known."""

    def __init__(self, sentence: str, after: float | None = None) -> None:
        super().__init__(sentence)
        self.after = after


class QuotaExceeded(_Later):
    """A limit is reached, one agreed with the merchant or one for everybody; the sentence says when it frees up."""


class TooOften(_Later):
    """Somebody does something more often than is good for others; the sentence says what."""


class Unavailable(_Later):
    """A part of the system does not answer; trying again later is sensible."""
