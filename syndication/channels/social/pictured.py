"""Brings a post's pictures to a network: uploaded by us, or fetched by the network from the city's site."""

from collections.abc import Sequence

from syndication.channels.envelope import Envelope
from syndication.channels.tools import Tools
from syndication.channels.verdicts import Refused, TryLater
from syndication.content.post import Image
from syndication.content.reason import Reason
from syndication.infra.images import Limits, NoPicture, Picture, path


def fetched(
    images: Sequence[Image], limits: Limits, tools: Tools
) -> tuple[list[tuple[Image, Picture]], Reason]:
    """The pictures of a post within a network's limits, and a remark about those that could not be had."""
    found: list[tuple[Image, Picture]] = []
    remarks: list[Reason] = []
    for image in images:
        try:
            found.append((image, tools.pictures.get(image.url, limits)))
        except NoPicture as fault:
            remarks.append(Reason("Posted without a picture: {}", fault.reason))
    return found, Reason.joined(*dict.fromkeys(remarks))


def missing(image: Image, size: str, tools: Tools) -> Reason:
    """A remark about a picture that the city's site cannot show; empty where it does, from now on at the latest."""
    try:
        tools.pictures.show(image.url, size)
    except NoPicture as fault:
        return Reason("Posted without a picture: {}", fault.reason)
    return Reason()


def needed(image: Image, size: str, tools: Tools) -> None:
    """See to it that the city's site shows a picture without which there is no post. Raises TryLater, or Refused where it
    will never be had."""
    try:
        tools.pictures.show(image.url, size)
    except NoPicture as fault:
        if fault.later:
            raise TryLater(fault.reason, outlet=False) from fault
        raise Refused(fault.reason) from fault


def left_out(images: Sequence[Image], most: int) -> Reason:
    """A remark about the pictures that have no room where at most `most` are shown; empty for none."""
    more = len(images) - most
    if more == 1:
        return Reason("One more picture does not fit there.")
    return Reason("{} more pictures do not fit there.", more) if more > 1 else Reason()


def first(envelope: Envelope) -> tuple[str, str, Reason]:
    """Address on the city's site and alternative text of the first picture, empty for none, and a remark about the others."""
    images = envelope.post.content.images
    if not images:
        return "", "", Reason()
    return shown_at(envelope, "page"), images[0].alt, left_out(images, 1)


def shown_at(envelope: Envelope, size: str) -> str:
    """Where whoever fetches for themselves find the first picture of the post, in a size of `images.SIZES`: small enough,
    over https, and without telling the merchant's website who looks.

    A test delivery's post has no place on the site, and its picture needs no other size.
    """
    url = envelope.post.content.images[0].url
    return url if envelope.test else f"{envelope.city.base_url}{path(envelope.post.id, 1, url, size)}"
