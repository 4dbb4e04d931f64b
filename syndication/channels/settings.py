"""Base class for the settings of an outlet: what its owner fills in, and which of it is secret."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any, ClassVar

from pydantic import SecretStr

from syndication.content.base import Value
from syndication.infra.ssrf import origin


@dataclass(frozen=True)
class Account:
    """Whom an outlet speaks for. `id` is equal while it is the same one; `name` is what people know it by.

    `told`: the network itself said so; else it is only what somebody entered.
    """

    id: str
    name: str
    told: bool = True


@dataclass(frozen=True)
class Rhythm:
    """When an outlet may speak. Corrections and withdrawals are not held back by it.

    Quiet hours are on the city's wall clock and may go over midnight; `gap` is in seconds; `most` is for 24 hours.
    """

    quiet_from: time | None = None
    quiet_until: time | None = None
    gap: float = 0.0
    most: int | None = None


class Settings(Value):
    """What a person must fill in to set up a destination. Fields of type SecretStr are kept encrypted and never shown."""

    #: Plain settings whose change leaves the secrets: none of them says where a secret is sent. All others count as the
    #: outlet's address, so that a channel that names none asks for its secrets once too often and gives none away.
    harmless: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def secret_names(cls) -> tuple[str, ...]:
        """Names of the fields that hold secrets."""
        return tuple(name for name, info in cls.model_fields.items() if "SecretStr" in str(info.annotation))

    @property
    def rhythm(self) -> Rhythm | None:
        """When the owner lets this outlet speak; None: always, at once."""
        return None

    @property
    def access_ends_at(self) -> datetime | None:
        """When the access runs out unless somebody renews it (UTC); None: it does not, or nobody knows."""
        return None

    @property
    def host(self) -> str:
        """The machine that is spoken to, in lower case, so that its own limits can be kept; empty: the network's."""
        return ""

    @property
    def speaks_as(self) -> Account | None:
        """The account these settings speak for; None where neither they nor the network say."""
        return None

    def plain(self) -> dict[str, Any]:
        """The settings as JSON types, without secrets: safe to store, show and log."""
        return self.model_dump(mode="json", exclude=set(self.secret_names()))

    def secrets(self) -> dict[str, Any]:
        """The secrets alone, as plain JSON types: for the encrypted box only."""

        def opened(value: Any) -> Any:
            if isinstance(value, SecretStr):
                return value.get_secret_value()
            return [opened(one) for one in value] if isinstance(value, tuple | list) else value

        return {name: opened(getattr(self, name)) for name in self.secret_names()}

    def moved_from(self, before: Mapping[str, Any]) -> bool:
        """Whether the outlet is elsewhere now than with `before`, its stored settings and secrets: another origin
        (RFC 6454) where an address is written, another value in any other setting that is not `harmless`."""
        now = {**self.plain(), **self.secrets()}
        return any(
            _elsewhere(before.get(name, info.default), now[name], secret=name in self.secret_names())
            for name, info in type(self).model_fields.items()
            if name not in self.harmless
        )


def _elsewhere(before: Any, now: Any, *, secret: bool) -> bool:
    known, new = origin(before), origin(now)
    if known and new:
        return known != new
    # A secret that is no address is simply a new secret.
    return not secret and before != now
