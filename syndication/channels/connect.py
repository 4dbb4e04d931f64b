"""Giving access by logging in at the network: OAuth 2.0 with an authorization code (RFC 6749 section 4.1) and PKCE (RFC 7636)."""

import hashlib
import secrets
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import urlencode

from syndication.channels.base import Refused, Tools
from syndication.channels.social.requests import Network, text_at
from syndication.config import settings
from syndication.content import Value
from syndication.signing import base64url


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


def registered(app: str) -> Client | None:
    """The app that the operator registered under this name (SYNDICATION_OAUTH_CLIENTS)."""
    found = settings().oauth_apps.get(app)
    return Client(found["id"], found["secret"], found) if found else None


def client_of(app: str, client_id: str, secret: str, addresses: Mapping[str, str]) -> Client | None:
    """The app that an access was given to: the owner's own with its secret, or the city's by its id alone."""
    if client_id and secret:
        return Client(client_id, secret, addresses)
    ours = registered(app)
    return ours if ours is not None and ours.id == client_id else None


def authorization_url(address: str, client: Client, redirect: str, scope: str, **more: str) -> str:
    """The address of RFC 6749 section 4.1.1, without `state`."""
    query = {
        "response_type": "code",
        "client_id": client.id,
        "redirect_uri": redirect,
        "scope": scope,
        **more,
    }
    return f"{address}?{urlencode(query)}"


def new_verifier() -> str:
    """RFC 7636 section 4.1."""
    return secrets.token_urlsafe(48)


def challenge(verifier: str) -> str:
    """RFC 7636 section 4.2, S256."""
    return base64url(hashlib.sha256(verifier.encode()).digest())


def tokens(network: Network, url: str, client: Client, redirect: str, code: str, **more: str) -> Any:
    """What the token endpoint gives for a code (RFC 6749 sections 4.1.3 and 4.1.4). Raises a Verdict."""
    found = asked(
        network, url, client, grant_type="authorization_code", code=code, redirect_uri=redirect, **more
    )
    if not text_at(found, "access_token"):
        raise Refused(f"{network.name} gave no access. Please begin once more.")
    return found


def asked(network: Network, url: str, client: Client, **form: str) -> Any:
    """What an endpoint answers to a form that our app's id and secret go with (RFC 6749 section 2.3.1)."""
    data = urlencode({**form, "client_id": client.id, "client_secret": client.secret}).encode()
    return network.json("POST", url, data=data, content_type="application/x-www-form-urlencoded")
