"""Why a post was taken back, and by whom: kept beside the post, for its merchant and the city alone."""

from dataclasses import dataclass
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from syndication.content.base import Text

#: `asked`: its merchant wants it; `wrong`: it is not true; `unlawful`: its words are repeated nowhere and forgotten;
#: `spam` and `other`: it breaks the city's rules.
Why = Literal["asked", "wrong", "unlawful", "spam", "other"]
#: What its merchant is told of it; with `unlawful` the statement of reasons (Regulation (EU) 2022/2065, Article 17).
Statement = Annotated[Text, Field(max_length=2000)]
#: Who works at the command line has no name here.
COMMAND = "command line"


@dataclass(frozen=True)
class Grounds:
    """`by` is `key ID`, `person ID` or COMMAND; empty where nobody did it by hand, as when a calendar leaves a date out.

    `untold`: no reader is told that it was taken back; what waits for them is dropped all the same.
    """

    why: Why | None = None
    statement: str = ""
    by: str = ""
    untold: bool = False


#: Nobody said why.
UNSAID = Grounds()


def by_key(key_id: str) -> str:
    """Whoever holds this API key."""
    return f"key {key_id}"


def by_person(person_id: UUID) -> str:
    """Whoever is signed in."""
    return f"person {person_id}"
