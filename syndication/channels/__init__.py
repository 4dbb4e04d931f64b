"""The list of all channels; other packages add theirs through an entry-point group.

A channel's module is imported when it is first asked for, so a command that shows readers waits for no network's library.
Every channel in the list runs through tests/channels/test_contract.py.
"""

from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from syndication.channels.contract import Channel

    #: All channels, ours first; made by `__getattr__` when somebody asks for it.
    CHANNELS: tuple[Channel[Any, Any], ...]

#: Entry points of this group name Channel classes.
GROUP = "syndication.channels"

#: Kind → where its class stands under syndication.channels, in the order in which people are offered them.
_BUILT_IN = {
    "newsletter": "built_in.newsletter:Newsletter",
    "feed": "built_in.feed:Feed",
    "webhook": "webhook:Webhook",
    "websub": "built_in.websub:WebSub",
    "letter": "built_in.letter:Letter",
    "mastodon": "mastodon:Mastodon",
    "bluesky": "bluesky:Bluesky",
    "matrix": "matrix:Matrix",
    "telegram": "telegram:Telegram",
    "discord": "discord:Discord",
    "slack": "slack:Slack",
    "teams": "teams:Teams",
    "mattermost": "mattermost:Mattermost",
    "rocketchat": "rocketchat:RocketChat",
    "ntfy": "ntfy:Ntfy",
    "webpush": "built_in.webpush:WebPush",
    "apprise": "apprise:AppriseChannel",
    "facebook": "facebook:Facebook",
    "instagram": "instagram:Instagram",
    "google_business": "google_business:GoogleBusiness",
    "linkedin": "linkedin:LinkedIn",
}
#: Those of them whose destinations are single people's devices; listings leave these out without importing a channel.
_PERSONAL = ("webpush",)
#: Those of them that serve readers, and those that are sent from another queue than `push`; a look at the queues imports no
#: channel either.
_FOR_READERS = ("newsletter", "letter")
_QUEUES = {"newsletter": "mail", "feed": "feeds", "letter": "mail"}


def __getattr__(name: str) -> Any:
    """`CHANNELS`, which costs the import of every one of them (PEP 562)."""
    if name == "CHANNELS":
        return tuple(by_kind(kind) for kind in (*_BUILT_IN, *_installed()))
    raise AttributeError(f"module {__name__} has no attribute {name}")


#: What was asked for until now.
_BY_KIND: "dict[str, Channel[Any, Any]]" = {}


@cache
def _installed() -> dict[str, "Channel[Any, Any]"]:
    """Other packages' channels by kind, which only their classes know."""
    found: dict[str, Channel[Any, Any]] = {}
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        channel = point.load()()
        if channel.kind in _BUILT_IN or channel.kind in found:
            raise RuntimeError(f"two channels share a kind: {channel.kind}")
        found[channel.kind] = channel
    return found


def by_kind(kind: str) -> "Channel[Any, Any]":
    """The channel of that kind. Raises KeyError where it is not installed."""
    if kind not in _BY_KIND:
        if kind in _BUILT_IN:
            module, _, name = _BUILT_IN[kind].partition(":")
            _BY_KIND[kind] = getattr(import_module(f"{__name__}.{module}"), name)()
        else:
            _BY_KIND[kind] = _installed()[kind]
    return _BY_KIND[kind]


def known(kind: str) -> bool:
    """Whether a channel of that kind is installed."""
    return kind in _BUILT_IN or kind in _installed()


def personal_kinds() -> list[str]:
    """The kinds whose destinations are single people's devices."""
    return [*_PERSONAL, *(kind for kind, channel in _installed().items() if channel.personal)]


def reader_kinds() -> list[str]:
    """The kinds that serve readers."""
    return [*_FOR_READERS, *(kind for kind, one in _installed().items() if one.serves == "readers")]


def queue_of(kind: str) -> str:
    """The queue that a kind is sent from. Raises KeyError where it is not installed."""
    return _QUEUES.get(kind, "push") if kind in _BUILT_IN else _installed()[kind].queue


def queues() -> list[str]:
    """The queues from which channels are served."""
    return sorted({queue_of(kind) for kind in (*_BUILT_IN, *_installed())})


def kinds_of(queue: str) -> list[str]:
    """The kinds that are sent from one queue."""
    return [kind for kind in (*_BUILT_IN, *_installed()) if queue_of(kind) == queue]
