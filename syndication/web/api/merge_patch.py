"""Describes merge patches (RFC 7396) in OpenAPI: drafts of which nothing is needed, and null takes away."""

from typing import Any

from syndication.kinds.reading import DRAFT_NAMES
from syndication.web.problems import MERGE_PATCH

Document = dict[str, Any]
_REFERENCE = "#/components/schemas/"


def describe(document: Document) -> None:
    """Put into `document` what a patch of a post of each kind may say."""
    schemas: Document = document["components"]["schemas"]
    names = []
    for draft in DRAFT_NAMES:
        name = draft.removesuffix("Draft") + "Patch"
        schemas[name] = _mergeable(schemas[draft], schemas) | {"title": name}
        names.append(name)
    body = document["paths"]["/api/v1/posts/{post_id}"]["patch"]["requestBody"]["content"]
    body[MERGE_PATCH]["schema"] = {"anyOf": [{"$ref": _REFERENCE + name} for name in names]}


def _mergeable(schema: Document, schemas: Document) -> Document:
    """An object of which any part may be named; objects within are merged too, all else is replaced."""
    found = {name: value for name, value in schema.items() if name not in ("required", "properties")}
    needed = schema.get("required", ())
    found["properties"] = {
        name: _merged(one, schemas) if name in needed else _nullable(one, schemas)
        for name, one in schema["properties"].items()
    }
    return found


def _nullable(schema: Document, schemas: Document) -> Document:
    choices = [one for one in schema.get("anyOf", [schema]) if one != {"type": "null"}]
    said = {name: schema[name] for name in ("title", "description") if name in schema}
    return said | {"anyOf": [*(_merged(one, schemas) for one in choices), {"type": "null"}]}


def _merged(schema: Document, schemas: Document) -> Document:
    inner = schemas[schema["$ref"].removeprefix(_REFERENCE)] if "$ref" in schema else schema
    if inner.get("type") != "object":
        return {name: value for name, value in schema.items() if name != "default"}
    if "properties" in inner:
        return _mergeable(inner, schemas)
    return {
        name: {key: _nullable(one, schemas) for key, one in value.items()}
        if name == "patternProperties"
        else value
        for name, value in inner.items()
        if name != "default"
    }
