"""Interests: which posts somebody wants."""

import hashlib
from typing import Annotated

from pydantic import (
    AfterValidator,
    Field,
)

from syndication.content.base import Line, Value, canonical, unique
from syndication.content.bounds import Few
from syndication.content.post import Content
from syndication.content.topics import Topic


class Interest(Value):
    """Which posts somebody wants; an empty facet wants everything, all facets must agree."""

    #: Of a kind that is not installed nothing comes; who asks for one is told so (`kinds.reading.WantedInterest`).
    kinds: Annotated[
        tuple[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,19}$")], ...], Few(20), AfterValidator(unique)
    ] = ()
    topics: Annotated[tuple[Topic, ...], Few(50), AfterValidator(unique)] = ()
    merchants: Annotated[
        tuple[Annotated[Line, Field(max_length=60)], ...], Few(50), AfterValidator(unique)
    ] = ()
    districts: Annotated[
        tuple[Annotated[Line, Field(max_length=60)], ...], Few(50), AfterValidator(unique)
    ] = ()

    def matches(self, content: Content, *, merchant: str, district: str | None) -> bool:
        """Whether a post of `merchant` (slug) in `district` is wanted."""
        return (
            (not self.kinds or not set(self.kinds).isdisjoint(content.about))
            and (not self.topics or not set(self.topics).isdisjoint(content.topics))
            and (not self.merchants or merchant in self.merchants)
            and (not self.districts or district in self.districts)
        )

    def key(self) -> str:
        """A digest that is equal for equal interests, whatever the order they were named in."""
        facets = {name: sorted(values) for name, values in self.model_dump(mode="json").items()}
        return hashlib.sha256(canonical(facets).encode()).hexdigest()[:32]
