"""One date of an event, as if it were an event of its own."""

from syndication.content.post import Content, Image
from syndication.content.schedule import Occurrence

_AS_IT_SAYS = ("status", "title", "summary", "body", "place", "price")


def pictures(content: Content) -> tuple[Image, ...]:
    """Every picture of a post: its own, then those of single dates."""
    return (*content.images, *(own.image for own in content.dates if own.image is not None))


def single(content: Content, date: Occurrence) -> Content:
    """What the event says of that date: its own times, words, place, price and picture, else those of all dates."""
    own = date.own
    fields = {name: getattr(own, name, None) for name in _AS_IT_SAYS}
    found = {name: value for name, value in fields.items() if value is not None}
    if own is not None and own.image is not None:
        found["images"] = (own.image,)
    if "price" in found:  # what it was before, and a month ago, was said of the usual price
        found |= {"price_before": None, "lowest_price_30d": None}
    stated = content.ends_at is not None or (own is not None and own.ends_at is not None)
    found |= {"starts_at": date.starts_at, "ends_at": date.ends_at if stated else None}
    return content.model_copy(update={**found, "recurrence": None, "excluded": (), "added": (), "dates": ()})
