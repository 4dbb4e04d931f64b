"""Who acts: said once, where a request, a command or a message comes in, and asked for where an act is written down."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Literal

#: By which way somebody acts: pages, the API, the command line, the queue; `service`: by itself, as time passes.
Way = Literal["page", "api", "command", "queue", "service"]


@dataclass(frozen=True)
class Actor:
    """Who acts, and by which way. `by` is `person ID`, `key ID`, `command USER`, `queue` or `service`; for whoever has the
    link of a letter `link ID` or `application ID`.

    It is empty for somebody who is not known, such as a stranger who fills in a form. `behalf`: the merchant in whose name
    somebody of the town hall acts.
    """

    by: str
    name: str
    way: Way
    behalf: str = ""

    @property
    def hall(self) -> str:
        """The name of whoever of the town hall acts in a merchant's name; empty for everybody else."""
        return self.name if self.behalf else ""


#: What stands in a signature before the merchant in whose name somebody acts.
_BEHALF = "> in the name of "
SERVICE = Actor("service", "", "service")


def behind(words: str) -> Actor:
    """Whoever let something begin that is done later, by the words kept with it, such as `Rosa Rosen <rosa@cafe.example>`."""
    name, _, rest = words.partition(" <")
    return Actor("", name, "page", rest.partition(_BEHALF)[2])


def signature(name: str, email: str, behalf: str = "") -> str:
    """Such words, of whoever is there now."""
    return f"{name} <{email}>{_BEHALF.removeprefix('>') + behalf if behalf else ''}"


class _Entry:
    """Whoever came in. One object for all threads of a request, since none of them sees what another sets in its context."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor


_entry: ContextVar[_Entry | None] = ContextVar("whoever acts", default=None)


@contextmanager
def entering(way: Way, who: str = "", name: str = "") -> Iterator[None]:
    """Something comes in by this way; who it is may be known at once, or be said later by `become`."""
    with by(Actor(who, name, way)):
        yield


@contextmanager
def by(actor: Actor) -> Iterator[None]:
    """What is done inside is done by this actor."""
    token = _entry.set(_Entry(actor))
    try:
        yield
    finally:
        _entry.reset(token)


def become(who: str, name: str, behalf: str = "") -> None:
    """Whoever came in has shown who they are, and in which merchant's name they act."""
    if (entry := _entry.get()) is not None:
        entry.actor = replace(entry.actor, by=who, name=name, behalf=behalf)


def current() -> Actor:
    """Who acts now: the service, where nobody came in."""
    entry = _entry.get()
    return SERVICE if entry is None else entry.actor
