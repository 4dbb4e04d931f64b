"""Posts of a kind whose package was taken away: what all posts share is still read, shown and withdrawn."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from syndication.content.post import Content
from syndication.kinds.contract import Form, Kind


class MissingContent(Content):
    """What can be read of such a post: not what its kind alone knew."""


def content(said: Mapping[str, Any], context: Any) -> MissingContent:
    """The shared fields of a document. Raises ValidationError."""
    shared = {name: said[name] for name in Content.model_fields if name in said}
    return MissingContent.model_validate(shared, context=context)


class Missing(Kind[MissingContent]):
    """In place of a kind that is not installed. It stands in no list: nobody can post one."""

    name: ClassVar[str] = ""
    one: ClassVar[str] = ""
    many: ClassVar[str] = ""
    content: ClassVar[type[Content]] = MissingContent
    form: ClassVar[Form] = Form((), {})

    def when(self, content: MissingContent, zone: ZoneInfo, language: str, now: datetime) -> str:
        """Nobody knows any more."""
        return ""

    def structured(
        self, content: MissingContent, merchant: str, zone: ZoneInfo, now: datetime
    ) -> dict[str, Any]:
        """https://schema.org/CreativeWork."""
        return {"@type": "CreativeWork", "provider": {"@type": "Organization", "name": merchant}}
