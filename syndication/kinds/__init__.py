"""All kinds of posts, in one visible list; more may be added by other packages through the entry-point group.

No file outside this folder knows a kind. Every kind in the list runs through tests/kinds/test_contract.py.
"""

from importlib.metadata import entry_points
from typing import Any

from syndication.content.post import Content
from syndication.kinds.contract import Kind
from syndication.kinds.event import Event
from syndication.kinds.event_content import notice
from syndication.kinds.menu import Menu
from syndication.kinds.missing import Missing
from syndication.kinds.offer import Offer
from syndication.kinds.roundup import Roundup

__all__ = ["GROUP", "KINDS", "NAMES", "TOLD", "UNLISTED", "Kind", "by_name", "named", "notice", "of"]

#: Entry points of this group name Kind classes.
GROUP = "syndication.kinds"


def _installed() -> tuple[Kind[Any], ...]:
    return tuple(point.load()() for point in sorted(entry_points(group=GROUP), key=lambda point: point.name))


#: In the order in which people are offered them.
KINDS: tuple[Kind[Any], ...] = (
    Event(),
    Offer(),
    Menu(),
    *_installed(),
)

#: Kinds that only the service itself writes: nobody is offered them, and no feed holds them.
_OWN: tuple[Kind[Any], ...] = (Roundup(),)
#: In the order in which a newsletter names them.
TOLD: tuple[Kind[Any], ...] = (*_OWN, *KINDS)
#: What these are called in the tables.
UNLISTED = tuple(kind.name for kind in _OWN)

_BY_NAME = {kind.name: kind for kind in KINDS}
_KNOWN = {kind.name: kind for kind in TOLD}
_MISSING = Missing()
#: What the kinds are called in the API.
NAMES = tuple(_BY_NAME)
if len(_BY_NAME) != len(KINDS):
    raise RuntimeError("two kinds share a name: " + ", ".join(sorted(kind.name for kind in KINDS)))


def by_name(name: str) -> Kind[Any]:
    """The kind of that name. Raises KeyError where it is not installed."""
    return _BY_NAME[name]


def named(name: str) -> bool:
    """Whether a kind of that name is installed."""
    return name in _BY_NAME


def of(content: Content) -> Kind[Any]:
    """The kind of a content; what stands in for it where its package was taken away."""
    return _KNOWN.get(content.kind, _MISSING)
