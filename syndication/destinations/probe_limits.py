"""Limits how often somebody can make us contact a server of their choice: tests, replays, dry runs, changed settings.

Whoever sets up an outlet names its address, and it may be a stranger's. So each way by which a caller makes us speak to it
at once draws from the same buckets: one of the outlet or link, one of the host, one of the merchant. The buckets lie in the
broker's Redis, so that all processes count together.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from syndication.channels.settings import Settings as ChannelSettings
from syndication.config import settings
from syndication.errors import TooOften
from syndication.infra.rate_limits import Bucket, Buckets, Rate, redis_url

#: For one outlet, or one link, and for one host on behalf of one merchant, or of the city.
EACH = Rate(5, 600)
#: For one merchant over all its outlets; the city has as many outlets as it likes.
ALL = Rate(20, 600)
#: Revisions of one post by its merchant: each is told to webhooks and networks at once, wherever those are.
REVISIONS = Rate(30, 600)
_SENTENCE = "This was tried too often. Please wait ten minutes and try again."
_REVISED = "This post was revised too often. Please wait ten minutes and try again."


@lru_cache(maxsize=1)
def buckets() -> Buckets:
    """This process's door to the counts; made at its first use, so that no forked child shares a socket."""
    return Buckets(redis_url(settings().resolved_broker_url))


def count(owner: UUID | None, thing: UUID, *addressed: ChannelSettings | str | None) -> None:
    """Count a knock on behalf of `owner` (None: the city) because of `thing`, at the hosts that settings or addresses name.

    Raises TooOften, and then counts nothing.
    """
    hosts = sorted({host for one in addressed if one is not None for host in hosts_of(one)})
    drawn = [Bucket(f"knock:{thing}", EACH)]
    drawn += [Bucket(f"knock:{owner or 'city'}:{host}", EACH) for host in hosts]
    if owner is not None:
        drawn.append(Bucket(f"knock:{owner}", ALL))
    if wait := buckets().take(drawn):
        raise TooOften(_SENTENCE, wait)


def count_revision(owner: UUID, post_id: UUID) -> None:
    """Count a revision of a post, which may turn out to be another's: so each has a count of their own. Raises TooOften."""
    if wait := buckets().take([Bucket(f"revise:{owner}:{post_id}", REVISIONS)]):
        raise TooOften(_REVISED, wait)


def hosts_of(addressed: ChannelSettings | str) -> set[str]:
    """The hosts that an address, or any address among the settings, names: in lower case, without port and last dot."""
    if isinstance(addressed, str):
        return {host} if (host := _host(addressed)) else set()
    return {host for text in _texts({**addressed.plain(), **addressed.secrets()}) if (host := _host(text))}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list | tuple):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)


def _host(text: str) -> str:
    if "://" not in text:
        return ""
    try:
        return (urlsplit(text.strip()).hostname or "").rstrip(".").lower()
    except ValueError:
        return ""
