"""Whose outlets a page is about: those of a merchant, or of the city, which both are seen and set up by the same pages."""

from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

from syndication import destinations
from syndication.accounts.people import Account
from syndication.destinations import DestinationRecord
from syndication.errors import NotFound
from syndication.kinds import NAMES
from syndication.publishing import habits, merchants, topics
from syndication.publishing.merchants import MerchantRecord
from syndication.web.site import links

#: Topics of all merchants that an outlet of the city can be narrowed to; others are typed.
_MOST_TOPICS = 30


@dataclass(frozen=True)
class Holder:
    """The merchant whose outlets they are; the city where there is none."""

    merchant: MerchantRecord | None

    @classmethod
    def of(cls, slug: str) -> Self:
        """A merchant. Raises NotFound."""
        return cls(merchants.by_slug(slug))

    @property
    def id(self) -> UUID | None:
        """By what the rest of the service knows it."""
        return self.merchant.id if self.merchant else None

    def at(self, *segments: str, **query: str) -> str:
        """The address of the list of its outlets, or of what lies below."""
        if self.merchant is None:
            return links.to("/desk/city/outlets", *segments, **query)
        return links.to("/desk/merchants", self.merchant.slug, "outlets", *segments, **query)

    @property
    def posts_at(self) -> str:
        """Below which address the pages of the posts lie that go there."""
        return (
            links.to("/desk/merchants", self.merchant.slug, "posts") if self.merchant else "/desk/city/posts"
        )

    def outlet(self, outlet_id: UUID) -> DestinationRecord:
        """One of its outlets. Raises NotFound for another's."""
        found = destinations.read(outlet_id, owner=self.id)
        if self.merchant is None and found.merchant_slug is not None:
            raise NotFound("There is no such destination.")
        return found

    def outlets(self) -> list[DestinationRecord]:
        """All of them: a merchant's newest first, the city's by name."""
        if self.merchant is None:
            return destinations.of_the_city(alarms=True)
        return destinations.listed(owner=self.merchant.id, limit=destinations.MOST)

    def topics(self) -> tuple[str, ...]:
        """What an outlet of it may be narrowed to, as people spell it."""
        if self.merchant is None:
            return tuple(one.name for one in topics.known(most=_MOST_TOPICS).common)
        return habits.of(self.merchant.id, NAMES[0]).topics

    def rights(self, known: Account) -> dict[str, bool]:
        """What somebody may do with them: try one, decide about one, and touch what lets us in there."""
        if self.merchant is None:
            operator = known.may("operator")
            return {"trying": known.may("editor"), "deciding": operator, "theirs": operator}
        slug = self.merchant.slug
        return {"trying": True, "deciding": known.may_for(slug, "owner"), "theirs": known.owns(slug)}

    def named(self) -> dict[str, Any]:
        """For the frame of the page: the merchant, where it is one's."""
        return {"merchant": self.merchant} if self.merchant else {}


CITY = Holder(None)
