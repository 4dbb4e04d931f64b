"""The settings as they are: each in words, with its value and where that came from; secrets are only said to be set."""

import re
from typing import Any

from fastapi import APIRouter, Depends
from pydantic import SecretStr
from pydantic_core import PydanticUndefined
from starlette.requests import Request
from starlette.responses import Response

from syndication.config import Settings, origin, settings
from syndication.content.reason import Reason
from syndication.infra.reasons import translated_reason
from syndication.infra.rendering import span, whole
from syndication.web import signed_in
from syndication.web.desk.city.frame import city_page
from syndication.web.desk.city.setting_words import CHOICES, GROUPS, HIDDEN_PARTS, SPANS
from syndication.web.signed_in import Visitor

router = APIRouter(prefix="/desk/city", dependencies=[Depends(signed_in.allowed)])

_ON, _OFF, _EMPTY, _NONE = Reason("yes"), Reason("no"), Reason("empty"), Reason("none, so at once")
_SET, _UNSET = Reason("set, and shown to nobody"), Reason("not set")


@router.get("/settings")
def shown(request: Request, known: Visitor) -> Response:
    """All settings, in groups."""
    language = known.language
    groups = [
        (
            name,
            translated_reason(heading, language),
            [_row(one, words, language) for one, words in rows.items()],
        )
        for name, heading, rows in GROUPS
    ]
    return city_page(request, known, "settings.html", groups=groups)


def _row(name: str, words: Reason, language: str) -> dict[str, Any]:
    came, where = origin(name)
    info = Settings.model_fields[name]
    return {
        "name": name,
        "words": translated_reason(words, language),
        "value": _value(name, getattr(settings(), name), language),
        "from": translated_reason(_source(came, where), language),
        "variable": f"SYNDICATION_{name.upper()}",
        "description": info.description,
        "usual": "" if info.default is PydanticUndefined else _value(name, info.default, language),
    }


def _source(came: str, where: str) -> Reason:
    if came == "environment":
        return Reason("environment variable {}", where)
    if came == "file":
        return Reason("file {}", where)
    return Reason("given at the start") if came == "start" else Reason("nothing was set: as delivered")


def _value(name: str, value: Any, language: str) -> str:
    if _secret(value):
        return translated_reason(_SET if _held(value) else _UNSET, language)
    if isinstance(value, bool):
        return translated_reason(_ON if value else _OFF, language)
    if name in CHOICES and str(value) in CHOICES[name]:
        return translated_reason(CHOICES[name][str(value)], language)
    if isinstance(value, tuple):
        return ", ".join(span(one, language) if name in SPANS else str(one) for one in value)
    if isinstance(value, int | float):
        if name in SPANS:
            return span(value, language) if value else translated_reason(_NONE, language)
        return whole(int(value), language)
    text = str(value)
    if name in HIDDEN_PARTS:
        text = without_login(text)
    return text or translated_reason(_EMPTY, language)


def _secret(value: Any) -> bool:
    return isinstance(value, SecretStr) or (
        isinstance(value, tuple) and any(isinstance(one, SecretStr) for one in value)
    )


def _held(value: Any) -> bool:
    parts = value if isinstance(value, tuple) else (value,)
    return any(one.get_secret_value() for one in parts)


def without_login(url: str) -> str:
    """An address of a database or a broker without name and password, and without what stands behind a question mark.

    Where an @ stands so that nobody can say where a password ends, only the kind of address is told.
    """
    scheme, sep, rest = url.partition("://")
    host = re.split(r"[/?#]", rest, maxsplit=1)[0]
    path = rest[len(host) :]
    if "@" in path and not scheme.startswith("sqlite"):
        return f"{scheme}{sep}…"
    return f"{scheme}{sep}{host.rpartition('@')[2]}{re.split(r'[?#]', path, maxsplit=1)[0]}"
