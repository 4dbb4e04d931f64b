"""The list of all channels; other packages add theirs through an entry-point group.

Every channel in the list runs through tests/channels/test_contract.py.
"""

from importlib.metadata import entry_points
from typing import Any

from syndication.channels.apprise import AppriseChannel
from syndication.channels.bluesky import Bluesky
from syndication.channels.built_in.feed import Feed
from syndication.channels.built_in.letter import Letter
from syndication.channels.built_in.newsletter import Newsletter
from syndication.channels.built_in.webpush import WebPush
from syndication.channels.built_in.websub import WebSub
from syndication.channels.contract import Channel
from syndication.channels.discord import Discord
from syndication.channels.facebook import Facebook
from syndication.channels.google_business import GoogleBusiness
from syndication.channels.instagram import Instagram
from syndication.channels.linkedin import LinkedIn
from syndication.channels.mastodon import Mastodon
from syndication.channels.matrix import Matrix
from syndication.channels.mattermost import Mattermost
from syndication.channels.ntfy import Ntfy
from syndication.channels.rocketchat import RocketChat
from syndication.channels.slack import Slack
from syndication.channels.teams import Teams
from syndication.channels.telegram import Telegram
from syndication.channels.webhook import Webhook

#: Entry points of this group name Channel classes.
GROUP = "syndication.channels"


def _installed() -> tuple[Channel[Any, Any], ...]:
    return tuple(point.load()() for point in sorted(entry_points(group=GROUP), key=lambda point: point.name))


CHANNELS: tuple[Channel[Any, Any], ...] = (
    Newsletter(),
    Feed(),
    Webhook(),
    WebSub(),
    Letter(),
    Mastodon(),
    Bluesky(),
    Matrix(),
    Telegram(),
    Discord(),
    Slack(),
    Teams(),
    Mattermost(),
    RocketChat(),
    Ntfy(),
    WebPush(),
    AppriseChannel(),
    Facebook(),
    Instagram(),
    GoogleBusiness(),
    LinkedIn(),
    *_installed(),
)

_BY_KIND = {channel.kind: channel for channel in CHANNELS}
if len(_BY_KIND) != len(CHANNELS):
    raise RuntimeError(
        "two channels share a kind: " + ", ".join(sorted(channel.kind for channel in CHANNELS))
    )


def by_kind(kind: str) -> Channel[Any, Any]:
    """The channel of that kind. Raises KeyError where it is not installed."""
    return _BY_KIND[kind]


def known(kind: str) -> bool:
    """Whether a channel of that kind is installed."""
    return kind in _BY_KIND


def personal_kinds() -> list[str]:
    """The kinds whose destinations are single people's devices."""
    return [channel.kind for channel in CHANNELS if channel.personal]


def kinds_of(queue: str) -> list[str]:
    """The kinds that are sent from one queue."""
    return [channel.kind for channel in CHANNELS if channel.queue == queue]
