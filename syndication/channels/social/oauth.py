"""OAuth 2.0 as networks speak it: an authorization code (RFC 6749 section 4.1), with PKCE (RFC 7636) where they know it."""

import hashlib
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from syndication.channels.connector import Client
from syndication.channels.social.requests import Network, text_at
from syndication.channels.verdicts import Refused
from syndication.config import settings
from syndication.content.reason import Reason
from syndication.infra.signing import base64url


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
        raise Refused(Reason("{} gave no access. Please begin once more.", network.name))
    return found


def asked(network: Network, url: str, client: Client, **form: str) -> Any:
    """What an endpoint answers to a form that our app's id and secret go with (RFC 6749 section 2.3.1)."""
    data = urlencode({**form, "client_id": client.id, "client_secret": client.secret}).encode()
    return network.json("POST", url, data=data, content_type="application/x-www-form-urlencoded")
