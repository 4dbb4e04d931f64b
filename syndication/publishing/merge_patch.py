"""Applies a JSON Merge Patch (RFC 7396) to a post: what is named changes, null removes, the rest stays."""

from collections.abc import Mapping
from typing import Any

from syndication.content.post import Draft
from syndication.content.reason import Reason
from syndication.errors import Fault, Invalid
from syndication.kinds.reading import draft, fields_of
from syndication.publishing.posts import PostRecord


def patched(record: PostRecord, patch: Mapping[str, Any]) -> Draft:
    """The draft that a post becomes. Raises Invalid, with the name of each field that is wrong.

    What a patch must not touch is refused and not passed over: fields that the kind does not have, the kind itself.
    """
    if faults := list(_refused(record, patch)):
        raise Invalid(*faults)
    standing = record.content.model_dump(mode="json")
    if record.publish_at is not None and record.state == "scheduled":
        standing["publish_at"] = record.publish_at.isoformat()
    return draft(merged(standing, patch))


def merged(target: Any, patch: Any) -> Any:
    """The algorithm of RFC 7396 section 2."""
    if not isinstance(patch, Mapping):
        return patch
    result = dict(target) if isinstance(target, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


def _refused(record: PostRecord, patch: Mapping[str, Any]) -> list[Fault]:
    kind = record.content.kind
    known = fields_of(kind)
    faults = [Fault(name, Reason("is no field here")) for name in sorted(patch.keys() - known)]
    if "kind" in patch and patch["kind"] != kind:
        faults.append(Fault("kind", Reason("cannot be changed: this post is of kind {}", kind)))
    if "source_ref" in patch and patch["source_ref"] != record.source_ref:
        faults.append(Fault("source_ref", Reason("cannot be changed")))
    if record.state == "scheduled" and "publish_at" in patch and patch["publish_at"] is None:
        faults.append(
            Fault("publish_at", Reason("cannot be removed; an hour that has passed publishes the post now"))
        )
    return faults
