"""Chooses the caller's language, for pages and for reasons in the API."""

from contextvars import ContextVar
from typing import Annotated

from pydantic import BeforeValidator, Field, WithJsonSchema

from syndication.content import reason
from syndication.infra.reasons import translated_error
from syndication.infra.rendering import LANGUAGES
from syndication.web.accept import weighed

#: The language of the API's caller, set for each request.
reading: ContextVar[str] = ContextVar("reading", default="en")

#: Why something is as it is, in the caller's language.
Reason = Annotated[
    reason.Reason,
    WithJsonSchema({"type": "string"}),
    BeforeValidator(lambda said: translated_error(said, reading.get())),
    Field(description="A sentence, in German for `Accept-Language: de`, else in English."),
]


def preferred(accept_language: str) -> str | None:
    """The language that we speak and the caller likes best (RFC 9110 section 12.5.4), of equal ones the first; None for none."""
    best, language = 0.0, None
    for name, weight in weighed(accept_language).items():
        short = name.partition("-")[0]
        if short in LANGUAGES and weight > best:
            best, language = weight, short
    return language
