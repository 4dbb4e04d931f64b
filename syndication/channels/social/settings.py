"""Settings that all social accounts share, and the types of addresses people enter."""

from datetime import datetime, time
from typing import Annotated, ClassVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, model_validator

from syndication.channels.settings import Rhythm, Settings
from syndication.config import settings as process_settings
from syndication.content.base import Moment
from syndication.content.faults import Contradiction
from syndication.content.reason import Reason
from syndication.errors import Fault
from syndication.infra.ssrf import check_url

_CLOCK = r"^([01]\d|2[0-3]):[0-5]\d$"


def public(url: str) -> str:
    """An address of the public internet, its host in ASCII. Raises ValueError with a sentence for any other."""
    return check_url(url, allow_private=process_settings().allow_private_addresses)


def _public_secret(secret: SecretStr) -> SecretStr:
    public(secret.get_secret_value())
    return secret


def _without_path(url: str) -> str:
    """Only scheme, host and port: people paste the address of whatever page they are on."""
    parts = urlsplit(public(url))
    return f"{parts.scheme}://{parts.netloc}"


#: An address that is called as it is.
PublicAddress = Annotated[str, Field(max_length=2000), AfterValidator(public)]
#: The same where whoever knows it can post.
SecretAddress = Annotated[SecretStr, AfterValidator(_public_secret)]
#: A server, such as https://mastodon.social.
Server = Annotated[str, Field(max_length=300), AfterValidator(_without_path)]


class SocialSettings(Settings):
    """When an account may speak. Corrections and withdrawals wait for nothing."""

    harmless: ClassVar[frozenset[str]] = frozenset(
        {"quiet_from", "quiet_until", "gap_minutes", "most_per_day"}
    )

    quiet_from: str | None = Field(
        None, pattern=_CLOCK, description="Nothing new is posted from this time of day, such as 21:30."
    )
    quiet_until: str | None = Field(
        None, pattern=_CLOCK, description="Posting begins again at this time of day, such as 07:00."
    )
    gap_minutes: int = Field(0, ge=0, le=1440, description="Least minutes between two posts of this account.")
    most_per_day: int | None = Field(
        None, ge=1, le=100, description="Most posts in 24 hours; those that would be over first go first."
    )

    @model_validator(mode="after")
    def _both_ends(self) -> "SocialSettings":
        if (self.quiet_from is None) != (self.quiet_until is None):
            missing = "quiet_from" if self.quiet_from is None else "quiet_until"
            raise Contradiction(Fault(missing, Reason("is needed: quiet_from and quiet_until come together")))
        return self

    @property
    def rhythm(self) -> Rhythm | None:
        """The settings above as the delivery engine reads them."""
        if self.quiet_from is None and not self.gap_minutes and self.most_per_day is None:
            return None
        start, end = (time.fromisoformat(one) if one else None for one in (self.quiet_from, self.quiet_until))
        return Rhythm(start, end, self.gap_minutes * 60.0, self.most_per_day)


class ExpiringSettings(SocialSettings):
    """Settings of a network whose access ends at a moment that it tells."""

    harmless: ClassVar[frozenset[str]] = SocialSettings.harmless | {"expires_at"}

    expires_at: Moment | None = Field(None, description="When the access ends; the service fills it in.")

    @property
    def access_ends_at(self) -> datetime | None:
        """When the access ends (UTC)."""
        return self.expires_at


def host_of(url: str) -> str:
    """The host of an address in lower case, with its port where it names one."""
    return urlsplit(url).netloc.lower()
