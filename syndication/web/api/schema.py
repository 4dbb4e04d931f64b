"""The OpenAPI document: FastAPI's, completed with every answer that can occur."""

from collections.abc import Iterator
from typing import Any

from syndication.channels import CHANNELS
from syndication.kinds import KINDS
from syndication.web.api import merge_patch
from syndication.web.problems import FieldFault, Problem, documented

Document = dict[str, Any]

DESCRIPTION = """\
Post once, arrive everywhere: hand in a post, and it goes to newsletters, feeds, calendars and webhooks by itself.

Send the key you got from the city as `Authorization: Bearer syn_…`. A merchant's key sees only what is that merchant's;
what belongs to others is answered with 404. Bodies are JSON in UTF-8, at most 1 MB, pictures aside. Moments are RFC 3339 and
carry a zone. Whatever goes wrong comes back as a problem document (RFC 9457) that names the field.
"""
TAGS = [
    {"name": "posts", "description": "What merchants say."},
    {"name": "destinations", "description": "Outlets that get the posts."},
    {"name": "deliveries", "description": "What went where, what did not, and why."},
    {"name": "channels", "description": "The kinds of outlets there are."},
    {
        "name": "readers",
        "description": "Signing up for the newsletter, and leaving it. No key: the mail holds a token.",
    },
    {"name": "merchants", "description": "Who may publish. For the operator."},
    {"name": "keys", "description": "Access to this API. For the operator."},
]

#: Statuses that any operation can answer with: what is accepted, what was asked for, is the database there.
_ALWAYS = (406, 422, 503)
#: The same for those that need a key.
_WITH_KEY = (401, 403)
#: The same for those with a body: unreadable, too slow, too large, not JSON.
_WITH_BODY = (400, 408, 413, 415)
_RETRIED = ("429", "503")
_METHODS = ("get", "post", "put", "patch", "delete")

_DRAFTS: Document = {
    name: {"summary": summary, "value": dict(fields)}
    for kind in KINDS
    for name, (summary, fields) in {kind.name: kind.example, **kind.variants}.items()
}
_EXAMPLES: dict[str, Document] = {
    "createPost": _DRAFTS,
    "revisePost": _DRAFTS,
    "createDestination": {
        "webhook": {
            "summary": "A signed webhook for one kind of posts",
            "value": {
                "channel": "webhook",
                "name": "Tourist board",
                "settings": {"url": "https://board.example/hooks/coburg"},
                "interest": {"kinds": [KINDS[0].name]},
            },
        }
    },
    "createMerchant": {
        "cafe": {
            "summary": "A café",
            "value": {
                "name": "Café am Markt",
                "email": "hallo@cafe.example",
                "address": "Markt 1, 96450 Coburg",
            },
        }
    },
    "amendPost": {
        "place": {"summary": "No place, another title", "value": {"title": "Weinabend", "place": None}},
    },
    "createSeries": {
        "quiz": {
            "summary": "Every week, each date told the day before",
            "value": {"post": "01a21ca9-7f83-7f6a-b053-cd5b8e607090", "days_before": 1, "hour": "17:00"},
        }
    },
    "changeSeries": {
        "holidays": {
            "summary": "One date falls out, and all over Christmas",
            "value": {
                "skipped": ["2030-12-12"],
                "closed": {"first_day": "2030-12-23", "last_day": "2031-01-07"},
            },
        }
    },
    "succeedSeries": {
        "rhythm": {
            "summary": "From January on every second Wednesday",
            "value": {"first_on": "2031-01-08", "interval": 2},
        }
    },
    "replayDestination": {
        "count": {
            "summary": "How many would go out again",
            "value": {"since": "2026-08-01T00:00:00Z", "states": ["failed"], "dry_run": True},
        }
    },
}


def completed(document: Document) -> Document:
    """The document with problem answers, examples and headers in place."""
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for model in (FieldFault, Problem):
        schemas[model.__name__] = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas[model.__name__].pop("$defs", None)
    for replaced in ("HTTPValidationError", "ValidationError"):
        schemas.pop(replaced, None)
    merge_patch.describe(document)
    schemas["ConnectionRequest"]["properties"]["channel"]["enum"] = [
        one.kind for one in CHANNELS if one.configurable and (one.connector is not None or one.typed)
    ]
    schemas["DestinationRequest"]["properties"]["channel"]["enum"] = [
        one.kind for one in CHANNELS if one.configurable
    ]
    for operation, in_path in _operations(document):
        _parameters(operation)
        _answers(operation, in_path)
        if example := _EXAMPLES.get(operation["operationId"]):
            for media in operation["requestBody"]["content"].values():
                media["examples"] = example
    return document


def _operations(document: Document) -> Iterator[tuple[Document, bool]]:
    """Each operation, and whether its path names something that may not exist."""
    for path, methods in document["paths"].items():
        for method in _METHODS:
            if method in methods:
                yield methods[method], "{" in path


def _parameters(operation: Document) -> None:
    """What can be left out of an address or a head is left out: there is no null in either."""
    for parameter in operation.get("parameters", ()):
        schema = parameter["schema"]
        choices = [one for one in schema.pop("anyOf", ()) if one != {"type": "null"}]
        if len(choices) == 1:
            schema.update(choices[0])
        elif choices:
            schema["anyOf"] = choices


def _answers(operation: Document, in_path: bool) -> None:
    names_merchant = any(parameter["name"] == "merchant" for parameter in operation.get("parameters", ()))
    statuses = [*_ALWAYS]
    statuses += _WITH_KEY if "security" in operation else ()
    statuses += _WITH_BODY if "requestBody" in operation else ()
    statuses += (404,) if in_path or names_merchant else ()
    answers = operation["responses"]
    for status, answer in documented(*statuses).items():
        answers[str(status)] = answer
    for status in _RETRIED:
        if status in answers:
            answers[status]["headers"] = {
                "Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}
            }
    if "401" in answers:
        answers["401"]["headers"] = {"WWW-Authenticate": {"schema": {"type": "string"}}}
    operation["responses"] = dict(sorted(answers.items()))
