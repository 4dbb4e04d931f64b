"""Which language the caller reads: of pages, and of the reasons in answers of the API."""

from contextvars import ContextVar
from typing import Annotated

from pydantic import AfterValidator, Field

from syndication.rendering import LANGUAGES, said

#: The language of the API's caller, set for each request.
reading: ContextVar[str] = ContextVar("reading", default="en")

#: Why something is as it is, in the caller's language.
Reason = Annotated[
    str,
    AfterValidator(lambda text: said(text, reading.get())),
    Field(description="A sentence, in German for `Accept-Language: de`, else in English."),
]


def preferred(accept_language: str) -> str | None:
    """The first language that we speak, as the header of RFC 9110 section 12.5.4 lists them; None for none."""
    for part in accept_language.lower().split(","):
        short = part.strip()[:2]
        if short in LANGUAGES:
            return short
    return None
