"""What sending can come to: a receipt, or a verdict that says why not, for somebody who can act on it."""

from dataclasses import dataclass

from syndication.content.characters import legible
from syndication.content.reason import Reason


@dataclass(frozen=True)
class Receipt:
    """The outlet has it. `reference` lets a revision edit it and a withdrawal delete it.

    `link` is where people see it there; `remark` says aloud what could not be expressed; `cooldown` is for how many seconds
    the outlet asked to be left alone after this one.
    """

    reference: str | None = None
    code: int | None = None
    answer: str = ""
    link: str | None = None
    remark: str = ""
    cooldown: float = 0.0


class Verdict(Exception):
    """Why it was not sent, as a sentence for whoever can act on it. `code` and `answer` are the remote's own words.

    A `reason` that is a mere text is shown to everybody as it is; a Reason in the language of whoever reads it.
    """

    def __init__(self, reason: str, *, code: int | None = None, answer: str = "") -> None:
        super().__init__(reason)
        self.reason = Reason.quoted(reason)
        self.code = code
        self.answer = legible(answer)


class TryLater(Verdict):
    """It may work later. `after` is the remote's own wish in seconds; `outlet`: nothing else will get through now either."""

    def __init__(
        self,
        reason: str,
        *,
        after: float | None = None,
        outlet: bool = True,
        slow: bool = False,
        code: int | None = None,
        answer: str = "",
    ) -> None:
        super().__init__(reason, code=code, answer=answer)
        self.after = after
        self.outlet = outlet
        #: The remote asked for less (429, 502, 504) or did not answer in time.
        self.slow = slow


class Refused(Verdict):
    """It will never be accepted as it is. `credentials`: the owner must renew the access.

    `outlet`: whoever else it were for, the outlet would not have it from us.
    """

    def __init__(
        self,
        reason: str,
        *,
        credentials: bool = False,
        outlet: bool = False,
        code: int | None = None,
        answer: str = "",
    ) -> None:
        super().__init__(reason, code=code, answer=answer)
        self.credentials = credentials
        self.outlet = outlet


class Gone(Verdict):
    """The outlet is closed for good: the destination is switched off, or the reader suppressed."""


class Unconfirmed(Verdict):
    """Whether it arrived cannot be known (P7). Never tried again by itself unless the channel is repeatable."""
