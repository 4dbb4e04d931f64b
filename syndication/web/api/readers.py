"""Readers over HTTP, for a town's own pages and apps: sign up, confirm, choose, leave, export, erase.

No key is needed: the token of the mail is the secret, and a sign-up does nothing before the mail is confirmed.
"""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path
from pydantic import Field
from starlette.requests import Request

from syndication.audience import readers, signups
from syndication.audience.readers import ReaderRecord
from syndication.content.base import Text, Value
from syndication.content.cadence import SPELLED
from syndication.content.spelling import TEXT, Spelled
from syndication.kinds.reading import WantedInterest
from syndication.web import throttle
from syndication.web.access import json_spoken
from syndication.web.api.pages import PREFIX, Answer
from syndication.web.problems import documented

router = APIRouter(prefix=f"{PREFIX}/readers", tags=["readers"], dependencies=[Depends(json_spoken)])

Language = Literal["de", "en"]
#: One that is longer is unknown like any other that we did not make.
Token = Annotated[str, Path(json_schema_extra={"maxLength": 199}, description="Out of a link in a mail.")]
CadenceText = Annotated[
    str,
    Spelled(SPELLED),
    Field(
        max_length=20, examples=["daily 07:00"], description="instantly, daily HH:MM or weekly mon..sun HH:MM"
    ),
]


class SignUp(Value):
    """Who wants to hear what, how often, and the words they agreed to."""

    email: Annotated[str, Field(max_length=254, examples=["anna@example.org"])]
    language: Language = "de"
    interest: WantedInterest = WantedInterest()
    cadence: CadenceText = "weekly thu 07:00"
    wording: Annotated[
        Text,
        Spelled(TEXT),
        Field(min_length=1, max_length=2000, description="The sentence the reader agreed to."),
    ]


class Preferences(Value):
    """All that a reader can choose."""

    language: Language
    interest: WantedInterest
    cadence: CadenceText


class Asked(Answer):
    """The same for every address, so that nobody learns who is on the list."""

    detail: str = "If the address can receive mail, a letter with a link to confirm is on its way."


class ReaderAnswer(ReaderRecord):
    """A reader, for the reader's own eyes."""

    state: Literal["pending", "confirmed", "left", "suppressed"]

    @classmethod
    def of(cls, record: ReaderRecord) -> "ReaderAnswer":
        """A record as an answer."""
        return cls.model_validate(record)


@router.post("", status_code=202, operation_id="signUp", responses=documented(429))
def sign_up(wanted: SignUp, request: Request) -> Asked:
    """Ask the owner of an address to confirm."""
    sign_up = signups.checked(
        wanted.email,
        language=wanted.language,
        interest=wanted.interest,
        cadence=wanted.cadence,
        source="api",
        wording=wanted.wording,
    )
    throttle.SIGN_UPS.count(request)
    signups.ask(sign_up)
    return Asked()


@router.post("/{token}/confirm", operation_id="confirmReader")
def confirm(token: Token) -> ReaderAnswer:
    """Confirm with the token of the first mail; twice is harmless."""
    return ReaderAnswer.of(readers.confirm(token))


@router.get("/{token}", operation_id="readReader")
def read(token: Token) -> ReaderAnswer:
    """What is chosen now."""
    return ReaderAnswer.of(readers.read(token))


@router.put("/{token}", operation_id="updateReader")
def update(token: Token, wanted: Preferences) -> ReaderAnswer:
    """Choose anew."""
    record = readers.update_preferences(
        token, interest=wanted.interest, cadence=wanted.cadence, language=wanted.language
    )
    return ReaderAnswer.of(record)


@router.post("/{token}/leave", operation_id="leaveReader")
def leave(token: Token) -> ReaderAnswer:
    """Unsubscribe; twice is harmless."""
    return ReaderAnswer.of(readers.leave(token))


@router.get("/{token}/export", operation_id="exportReader")
def export(token: Token) -> dict[str, Any]:
    """Everything that is kept about this reader (GDPR Art. 15 and 20)."""
    return readers.export(token)


@router.delete("/{token}", status_code=204, operation_id="eraseReader")
def erase(token: Token) -> None:
    """Forget this reader (GDPR Art. 17)."""
    readers.erase(token)
