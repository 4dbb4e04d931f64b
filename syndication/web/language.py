"""Chooses the caller's language, for pages and for reasons in the API."""

from contextvars import ContextVar
from typing import Annotated

from pydantic import BeforeValidator, Field, WithJsonSchema
from starlette.requests import HTTPConnection

from syndication.content import reason
from syndication.infra.languages import LANGUAGES
from syndication.infra.reasons import translated_error
from syndication.web.accept import listed, weighed

#: The language of whoever calls, set for each request: of pages it is `layout.language_of`.
reading: ContextVar[str] = ContextVar("reading", default="en")

#: Why something is as it is, in the caller's language.
Reason = Annotated[
    reason.Reason,
    WithJsonSchema({"type": "string"}),
    BeforeValidator(lambda said: translated_error(said, reading.get())),
    Field(description="A sentence, in German for `Accept-Language: de`, else in English."),
]


def asked(request: HTTPConnection) -> str:
    """`?lang=` where it names a language that we speak; else empty."""
    lang = request.query_params.get("lang", "")
    return lang if lang in LANGUAGES else ""


def preferred(request: HTTPConnection, otherwise: str) -> str:
    """The language that we speak and the caller likes best, by all its Accept-Language headers; see `best`."""
    return best(listed(request.headers, "accept-language"), otherwise)


def best(accept_language: str, otherwise: str) -> str:
    """The language that we speak and a header likes best (RFC 9110 section 12.5.4), of equal ones the first.

    A range fits the language it begins with (`de-AT` fits German, as in RFC 4647 section 3.4). What it does not name has
    the weight of `*`, and without one it comes last; what it refuses (q=0) comes only where everything is refused.
    Among those that nobody named `otherwise` goes first.
    """
    weights = weighed(accept_language)
    named: dict[str, float] = {}
    for name, weight in weights.items():
        short = name.partition("-")[0]
        if short in LANGUAGES and (weight > 0 or name == short):
            named[short] = 0.0 if weights.get(short) == 0 else max(weight, named.get(short, 0.0))
    known = {language: named.get(language, weights.get("*", 0.001)) for language in _usual_first(otherwise)}
    ranked = [*named, *(language for language in known if language not in named)]
    return max(ranked, key=lambda language: known[language]) if any(known.values()) else otherwise


def _usual_first(otherwise: str) -> list[str]:
    return sorted(LANGUAGES, key=lambda language: language != otherwise)
