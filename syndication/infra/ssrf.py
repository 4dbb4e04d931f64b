"""Decides which web addresses may be contacted: none that leads into a private network, however it is spelled."""

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

import idna

from syndication.content.reason import Reason

Address = IPv4Address | IPv6Address

_PORTS = {80, 443, 8080, 8443}
_INSIDE_NAMES = ("localhost", ".localhost", ".local", ".internal", ".intranet", ".home.arpa", ".onion")
#: What is_global lets through, or what wraps an IPv4 address that a gateway would unwrap again.
_ALSO_FORBIDDEN = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15", "224.0.0.0/3",
        "::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2002::/16", "3fff::/20",
        "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
    )
)  # fmt: skip


def forbidden(address: Address) -> bool:
    """Whether an address is none of the public internet: loopback, private, link-local, metadata, multicast, wrapped …"""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return forbidden(address.ipv4_mapped)
    return not address.is_global or any(
        address in network for network in _ALSO_FORBIDDEN if network.version == address.version
    )


def check_url(url: str, *, allow_private: bool) -> str:
    """`url` with its host in ASCII. Raises ValueError with a sentence where it can be no outlet of ours.

    Names are looked up only when they are connected to; what is checked here is what can be seen in the address itself.
    """
    parts = _split(url)
    if parts.scheme not in ("http", "https"):
        raise ValueError("must begin with https://")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not hold a user name or password; use the channel's own fields for secrets")
    if parts.fragment or url.endswith("#"):
        raise ValueError("must not hold a # part")
    host, port = _host(parts), _port(parts)
    if not allow_private:
        if port not in _PORTS:
            raise ValueError(Reason("must use one of the ports {}", ", ".join(map(str, sorted(_PORTS)))))
        _check_host(host)
    shown = f"[{host}]" if ":" in host else host
    netloc = shown if parts.port is None else f"{shown}:{port}"
    return parts._replace(netloc=netloc).geturl()


def origin(value: object) -> str:
    """Scheme, host and port of a web address (RFC 6454 section 4), in one spelling; empty for anything else."""
    if not isinstance(value, str) or not value.lower().startswith(("http://", "https://")):
        return ""
    try:
        parts = _split(value)
        return f"{parts.scheme}://{_host(parts).rstrip('.')}:{_port(parts)}"
    except ValueError:
        return ""


def _split(url: str) -> SplitResult:
    if any(ord(c) <= 32 or c in "\\\x7f" for c in url):
        raise ValueError("must not hold spaces, backslashes or control characters")
    try:
        return urlsplit(url)
    except ValueError as error:
        raise ValueError("is not a web address") from error


def _host(parts: SplitResult) -> str:
    try:
        host = parts.hostname or ""
        if not host.isascii():
            host = idna.encode(host, uts46=True).decode()
    except (ValueError, UnicodeError) as error:  # idna's errors are UnicodeErrors
        raise ValueError("does not name a host that exists") from error
    if not host or "%" in host or any(c in host for c in "[]@,;"):
        raise ValueError("does not name a host")
    return host


def _port(parts: SplitResult) -> int:
    try:
        return parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise ValueError("has a port that is no number up to 65535") from error


def _check_host(host: str) -> None:
    name = host.rstrip(".").lower()
    address = _literal(name)
    if address is not None and forbidden(address):
        raise ValueError("must be an address of the public internet")
    inside = name == "localhost" or name.endswith(_INSIDE_NAMES)
    if address is None and (inside or "." not in name):
        raise ValueError("must be a name of the public internet, such as hooks.example.org")


def _literal(name: str) -> Address | None:
    """The address that a host spells out, in any form that a resolver takes (decimal, hex, octal, short)."""
    try:
        return ip_address(name)
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(name))
    except (OSError, UnicodeError):
        return None
