"""Every setting, typed and validated; the only module that reads the environment."""

import difflib
import logging
import os
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from cryptography.exceptions import UnsupportedAlgorithm
from pydantic import (
    BeforeValidator,
    Field,
    SecretStr,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from syndication.content.base import Line, Text
from syndication.content.characters import legible
from syndication.content.faults import faults_of
from syndication.errors import Fault, Invalid
from syndication.infra import private_files
from syndication.infra.mail_headers import Unfit, address
from syndication.infra.signing import vapid_public_key, weak
from syndication.infra.ssrf import check_url

_PREFIX = "SYNDICATION_"


def _listed(value: Any) -> Any:
    """Commas separate the members of a list in the environment."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


Seconds = Annotated[float, Field(gt=0)]
Schedule = Annotated[tuple[Seconds, ...], NoDecode, BeforeValidator(_listed)]


@cache
def _zones() -> frozenset[str]:
    """The names of all zones; finding them walks through a thousand files."""
    return frozenset(available_timezones())


class SecretFiles(PydanticBaseSettingsSource):
    """`SYNDICATION_NAME_FILE=/run/secrets/x` stands for the content of that file, for any setting."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        """Called by pydantic-settings; all is done at once in `__call__`."""
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name in self.settings_cls.model_fields:
            if path := os.environ.get(f"{_PREFIX}{name.upper()}_FILE"):
                try:
                    found[name] = Path(path).read_text(encoding="utf-8").strip()
                except OSError as error:
                    raise Invalid.field(f"{name}_file", f"cannot read {path}: {error.strerror}") from error
        return found


def _apps(given: SecretStr) -> dict[str, dict[str, str]]:
    return TypeAdapter(dict[str, dict[str, str]]).validate_json(given.get_secret_value() or "{}")


class Settings(BaseSettings):
    """The settings of one deployment. Names in the environment are these in capitals behind `SYNDICATION_`."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, extra="ignore", frozen=True)

    # The city
    city_name: Line = Field(min_length=1, max_length=200, description="Name of the city, as readers see it.")
    base_url: str = Field(
        pattern=r"^https?://[^/]+$", description="Public address of the service, without a slash at the end."
    )
    timezone: str = Field(
        "Europe/Berlin", description="The city's time zone; cadences and all-day dates live in it."
    )
    language: Literal["de", "en"] = Field("de", description="Language of texts where a reader chose none.")
    imprint: Text = Field(
        "", description="Name and address of the operator, at the foot of every mail and page."
    )

    # Parts
    data_dir: Path = Field(Path("data"), description="Where the embedded parts keep their files.")
    database_url: str = Field("", description="SQLAlchemy URL; empty: SQLite in the data directory.")
    broker_url: str = Field("", description="Celery broker URL; empty: a redis-server is started for you.")
    database_pool: int = Field(10, ge=1, description="Connections each process keeps to the database.")

    # Secrets
    secret_keys: Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_listed)] = Field(
        description="Keys of 32 characters or more, separated by commas; the first encrypts and signs, all decrypt and verify."
    )

    vapid_key: SecretStr = Field(
        SecretStr(""),
        description="Private key for Web Push (RFC 8292), base64url; empty: none. `syndication keys vapid` makes one.",
    )

    push_services: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)] = Field(
        (
            "fcm.googleapis.com",
            "updates.push.services.mozilla.com",
            "web.push.apple.com",
            ".notify.windows.com",
            ".push.apple.com",
            ".push.services.mozilla.com",
        ),
        description="Hosts of browser makers' push services, where readers' devices may sign up; `.name`: all below it.",
    )

    oauth_clients: SecretStr = Field(
        SecretStr(""),
        description='Our apps at networks (meta, google, linkedin), as JSON: {"meta": {"id": "…", "secret": "…"}}.',
    )

    # Mail
    smtp_host: str = Field(description="Host of the outgoing mail server.")
    smtp_port: int = Field(587, ge=1, le=65535, description="Port of the outgoing mail server.")
    smtp_security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="How the connection is encrypted."
    )
    smtp_user: str = Field("", description="Login at the mail server; empty: no login.")
    smtp_password: SecretStr = Field(SecretStr(""), description="Password at the mail server.")
    smtp_timeout: Seconds = Field(60, description="Seconds to wait for each answer of the mail server.")
    operator_email: str = Field(
        "", description="Where the operator is told of the city's own outlets in trouble; empty: nowhere."
    )
    mail_from: str = Field(description="Sender address of every mail; its domain stands in Message-ID.")
    mail_connections: int = Field(
        40,
        ge=1,
        le=50,
        description="Most connections to the mail server at once, over all workers; fewer are used where more bring nothing.",
    )
    mail_batch: int = Field(200, ge=1, le=5000, description="Mails claimed at a time by one connection.")

    # Delivery
    retry_schedule: Schedule = Field(
        (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400),
        description="Seconds between the tries of one delivery (Standard Webhooks: ten tries over 75 h 35 min).",
    )
    lease: Seconds = Field(
        30,
        description="Seconds after which a claim of a worker that died is taken over; living workers renew it.",
    )
    push_threads: int = Field(24, ge=1, le=200, description="Outlets one worker process talks to at once.")
    push_batch: int = Field(20, ge=1, le=500, description="Deliveries claimed at a time for one destination.")
    correction_pause: float = Field(
        120,
        ge=0,
        le=3600,
        description="Seconds a correction to readers waits, so that several become one mail; each further one about the same"
        " post within a day waits twice as long, up to four hours. Cancellations and withdrawals go at once. 0: none waits.",
    )
    instant_window: float = Field(
        120,
        ge=0,
        le=3600,
        description="Seconds for which a mail to readers who hear at once gathers what else comes, from its first post on; what"
        " is over sooner goes sooner. 0: a mail for each post, at once.",
    )
    disable_after: Seconds = Field(
        432000, description="Seconds of nothing but failures after which a destination is switched off."
    )
    outage_after: Seconds = Field(
        300,
        description="Seconds of nothing but failures after which the operator is told that an outlet of the city is down.",
    )
    http_timeout: Seconds = Field(15, description="Seconds one outgoing HTTP request may take in all.")
    allow_private_addresses: bool = Field(
        False,
        description="Let outgoing HTTP reach loopback and private addresses. For tests and the demo only.",
    )

    # Feeds
    feed_size: int = Field(
        200, ge=1, le=5000, description="Posts on one page of a feed, what is nearest first."
    )
    calendar_size: int = Field(5000, ge=1, le=50_000, description="Events in one calendar.")
    feed_max_age: int = Field(300, ge=0, description="Seconds a reader may keep a feed before asking again.")
    websub_hub: str = Field(
        "", description="Address of a WebSub hub to name in feeds and to tell of changes; empty: none."
    )

    # Limits
    posts_per_day: int = Field(
        20, ge=1, description="Posts a merchant may publish in 24 hours where no quota of its own is set."
    )
    keep_deliveries: int = Field(
        90, ge=1, description="Days that finished deliveries and their attempts are kept."
    )

    # Process
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="Least important log line that is written."
    )
    log_format: Literal["json", "text"] = Field("json", description="How log lines are written.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What is given in code goes before the environment, and that before files."""
        return init_settings, env_settings, SecretFiles(settings_cls)

    @field_validator("oauth_clients")
    @classmethod
    def _clients(cls, given: SecretStr) -> SecretStr:
        try:
            sound = all(one.get("id") and one.get("secret") for one in _apps(given).values())
        except ValueError:
            sound = False
        if not sound:
            raise ValueError('must be JSON like {"linkedin": {"id": "…", "secret": "…"}}')
        return given

    @field_validator("vapid_key")
    @classmethod
    def _sound_key(cls, given: SecretStr) -> SecretStr:
        try:
            if given.get_secret_value():
                vapid_public_key(given.get_secret_value())
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise ValueError("is no key for Web Push; `syndication keys vapid` makes one") from error
        return given

    @field_validator("push_services")
    @classmethod
    def _hosts(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        hosts = tuple(one.lower().removeprefix("*") for one in given)
        if bad := [one for one in hosts if not re.fullmatch(r"\.?[a-z0-9-]+(\.[a-z0-9-]+)*", one)]:
            raise ValueError(f"must hold names of hosts such as .push.example; {bad[0]} is none")
        return hosts

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        if name not in _zones():
            raise ValueError("is not a zone of the IANA database, such as Europe/Berlin")
        return name

    @field_validator("secret_keys")
    @classmethod
    def _long_keys(cls, keys: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if not keys or any(len(key.get_secret_value()) < 32 for key in keys):
            raise ValueError(
                "must hold at least one key of 32 characters or more; `syndication secret` makes one"
            )
        if weak(keys[0].get_secret_value().encode()):
            raise ValueError(
                "begins with a key that can be guessed; `syndication secret` makes a better one, to be put before it"
            )
        return keys

    @field_validator("mail_from", "operator_email")
    @classmethod
    def _address(cls, given: str) -> str:
        try:
            return address(given) if given else ""
        except Unfit as error:
            raise ValueError("must be a bare address such as news@example.org") from error

    @field_validator("city_name", "mail_from")
    @classmethod
    def _given(cls, given: str) -> str:
        if not given:
            raise ValueError("must not be empty")
        return given

    @field_validator("base_url")
    @classmethod
    def _bare_url(cls, given: str) -> str:
        """In ASCII: it stands in headers of mails and answers."""
        if "?" in given:
            raise ValueError("must end behind the name and the port")
        return check_url(given, allow_private=True)

    @model_validator(mode="after")
    def _secure_outside_the_demo(self) -> "Settings":
        if self.base_url.startswith("http://") and not self.allow_private_addresses:
            raise ValueError("base_url must begin with https:// (one-click unsubscribe, RFC 8058, needs it)")
        return self

    @property
    def zone(self) -> ZoneInfo:
        """The city's time zone."""
        return ZoneInfo(self.timezone)

    @property
    def keys(self) -> tuple[str, ...]:
        """The secret keys as texts, the newest first."""
        return tuple(key.get_secret_value() for key in self.secret_keys)

    @property
    def resolved_database_url(self) -> str:
        """The database in use: the given one, else SQLite in the data directory."""
        return self.database_url or f"sqlite:///{(self.data_dir / 'syndication.sqlite').absolute()}"

    @property
    def oauth_apps(self) -> dict[str, dict[str, str]]:
        """Our apps at networks: id, secret, and addresses of a proxy, by the network's name."""
        return _apps(self.oauth_clients)

    @property
    def resolved_broker_url(self) -> str:
        """The broker in use: the given one, else the embedded redis-server's unix socket."""
        return self.broker_url or f"redis+socket://{(self.data_dir / 'redis.sock').absolute()}"


def as_environment(value: Settings) -> dict[str, str]:
    """The settings as variables of another process, secrets in plain text among them."""
    return {f"{_PREFIX}{name.upper()}": _as_variable(one) for name, one in value.model_dump().items()}


def _as_variable(value: Any) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return ",".join(map(_as_variable, value)) if isinstance(value, tuple) else str(value)


def origin(name: str) -> tuple[Literal["environment", "file", "start", "default"], str]:
    """Where the value of a setting in use comes from, and the variable or the file that holds it; `start`: given in code."""
    variable = f"{_PREFIX}{name.upper()}"
    if settings().model_fields_set.isdisjoint({name}):
        return "default", ""
    if any(one.upper() == variable for one in os.environ):
        return "environment", variable
    path = os.environ.get(f"{variable}_FILE", "")
    return ("file", path) if path else ("start", "")


def unknown_variables(names: Iterable[str]) -> list[str]:
    """A sentence for each name of a variable that looks like a setting and is none, with the nearest that is one."""
    known = [f"{_PREFIX}{name.upper()}{end}" for name in Settings.model_fields for end in ("", "_FILE")]
    said = []
    for name in sorted(names):
        if name.upper().startswith(_PREFIX) and name.upper() not in known:
            near = difflib.get_close_matches(name.upper(), known, n=1)
            meant = f"; {near[0]} is one" if near else ""
            said.append(f"{legible(name)} is no setting and does nothing{meant}.")
    return said


_in_use: Settings | None = None


def settings() -> Settings:
    """The settings of this process, read once. Raises Invalid that names every fault at once.

    Variables that look like settings and are none are warned of: a later version may know them, so they end no start.
    """
    global _in_use  # noqa: PLW0603 -- one process, one set of settings
    if _in_use is None:
        for sentence in unknown_variables(os.environ):
            # Logs are set up by these very settings; until then this goes to stderr as it is.
            logging.getLogger(__name__).warning(sentence)
        _in_use = read()
    return _in_use


def read(**given: Any) -> Settings:
    """The settings of the environment, with what is `given` before it. Raises Invalid that names every fault at once."""
    try:
        return Settings(**given)
    except ValidationError as error:
        raise Invalid(*map(_in_capitals, faults_of(error))) from error


private_files.use(lambda: settings().data_dir)


def use(value: Settings | None) -> None:
    """Make `value` this process's settings; None reads the environment anew. For tests and the demo."""
    global _in_use  # noqa: PLW0603 -- see settings
    _in_use = value


def _in_capitals(fault: Fault) -> Fault:
    name = fault.field.partition(".")[0]
    return Fault(f"{_PREFIX}{name.upper()}" if name else "", fault.message)
