"""A merchant as those see it who read its posts; apart from posts, whose libraries a look at merchants does not need."""

from syndication.channels.envelope import Publisher
from syndication.models import Merchant


def publisher(merchant: Merchant) -> Publisher:
    """A merchant as channels see it."""
    return Publisher(
        merchant.slug,
        merchant.name,
        merchant.url,
        merchant.address,
        merchant.district,
        merchant.license_texts or "",
        merchant.license_pictures or "",
    )
