"""Topics: known by their slugs, shown as their writers spell them; two spellings with one slug are one topic."""

import unicodedata
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from syndication.content.base import slugify
from syndication.content.reason import Reason

_LONGEST = 60
#: Something of which a slug can be made, as JSON Schema says it: the letters of Europe that become some of a-z.
_SLUGGISH = "[0-9A-Za-z" + "".join(chr(c) for c in range(0xC0, 0x180) if slugify(chr(c))) + "]"


class Topic(str):
    """A topic: a text that is its slug, in addresses, feeds, documents and comparisons, and knows its spelling."""

    __slots__ = ("spelling",)
    spelling: str

    def __new__(cls, slug: str, spelling: str = "") -> "Topic":
        """A topic that is spelled so, where it is known how."""
        made = super().__new__(cls, slug)
        made.spelling = spelling or str(slug)
        return made

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        """One that was read before stays what it is."""
        return core_schema.no_info_wrap_validator_function(
            lambda given, read: given if isinstance(given, Topic) else spelled(read(given)),
            core_schema.str_schema(max_length=_LONGEST),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(core) | {"pattern": _SLUGGISH}

    @property
    def name(self) -> str:
        """What people read."""
        return name(self, self.spelling)


def spelled(text: str) -> Topic:
    """The topic of that spelling. Raises ValueError where nothing in it makes a slug."""
    slug = slugify(text)
    if not slug:
        raise ValueError(Reason("must hold a letter or a digit"))
    visible = "".join(c if c.isprintable() else " " for c in text)
    return Topic(slug, " ".join(visible.split()).lstrip("#").strip())


def name(slug: str, spelling: str | None) -> str:
    """What people read for a topic; where nobody spelled it otherwise, its slug as words."""
    return spelling if spelling and spelling != slug else slug.replace("-", " ").capitalize()


def collated(text: str) -> tuple[str, str]:
    """A key by which words stand as in a German dictionary: Ä with A, ß with ss (DIN 5007-1), capitals with the others."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in plain if not unicodedata.combining(c)), text
