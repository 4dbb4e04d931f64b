"""The contract for connecting an outlet by logging in at its network."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from syndication.channels.tools import Tools
from syndication.content.base import Value


@dataclass(frozen=True)
class Client:
    """Our app at a network, as its operator registered it.

    Its secret goes to no address but the network's own, or one of `addresses`, which the operator alone can name.
    """

    id: str
    secret: str = field(repr=False)
    addresses: Mapping[str, str] = field(default_factory=dict)

    def address(self, name: str, usual: str) -> str:
        """Where the network is, or the operator's proxy before it."""
        return self.addresses.get(name, usual)


@dataclass(frozen=True)
class Site:
    """Who we are to a network: our name, where owners come back to, and our app where one is registered."""

    name: str
    redirect: str
    client: Client | None = None

    @property
    def app(self) -> Client:
        """Our app, where there must be one."""
        assert self.client is not None
        return self.client


@dataclass(frozen=True)
class Beginning:
    """Where the owner logs in, but for `state`; and what is to be remembered until they come back (plain JSON)."""

    url: str
    memo: dict[str, Any]


class Connector(ABC):
    """One network's way. Stateless, as a channel is."""

    #: What the owner says before they log in.
    asks: ClassVar[type[Value]]
    #: Under which name the operator registers an app at the network; None: an app is registered on the way.
    app: ClassVar[str | None]

    @abstractmethod
    def begin(self, asked: Any, site: Site, tools: Tools) -> Beginning:
        """Where to log in. Raises a Verdict."""

    @abstractmethod
    def finish(
        self, memo: Mapping[str, Any], code: str, site: Site, tools: Tools, now: datetime
    ) -> dict[str, Any]:
        """The destination's settings, from the code the network sent the owner back with. Raises a Verdict."""
