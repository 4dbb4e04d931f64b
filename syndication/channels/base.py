"""What a channel is: a pure translation, one send, and verdicts that people can act on.

Everything here is a value or a contract. Channels know no database, no clock and no task queue.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, time
from typing import Any, ClassVar, Generic, Literal, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import SecretStr

from syndication.channels.connector import Connector
from syndication.channels.tools import Tools
from syndication.content.characters import legible
from syndication.content.post import Action, Content, Matter, Value, matters
from syndication.infra.http import Answer
from syndication.infra.rate_limits import Rate
from syndication.infra.ssrf import origin

Queue = Literal["push", "mail", "feeds"]


# What goes in


@dataclass(frozen=True)
class City:
    """The deployment, as texts need it. `base_url` has no slash at its end."""

    name: str
    base_url: str
    zone: ZoneInfo
    language: str = "de"
    imprint: str = ""


@dataclass(frozen=True)
class Publisher:
    """The merchant behind a post, with the imprint that every outlet carries."""

    slug: str
    name: str
    url: str | None = None
    address: str = ""
    district: str | None = None


@dataclass(frozen=True)
class PostView:
    """A post at one revision. Moments are aware, in UTC; `link` is the page to send people to."""

    id: UUID
    revision: int
    content: Content
    merchant: Publisher
    published_at: datetime
    updated_at: datetime
    link: str
    over_at: datetime | None = None


@dataclass(frozen=True)
class Envelope:
    """One change for one destination.

    `key` is equal on every try, so a receiver can recognise a repeat. `tried_at` is this try's moment (UTC).
    `reference` is what the remote called the post when it last accepted it, or None. `sequence` grows with each change.
    `shown` is what the outlet last accepted of this post, or None. `doubtful`: an earlier try may have arrived there
    without our knowing, so an outlet that keeps a reference should be looked at before the post is made again;
    `earlier` is what such tries said where the post was revised since.
    """

    key: str
    action: Action
    post: PostView
    city: City
    settings: "Settings"
    tried_at: datetime
    sequence: int
    reference: str | None = None
    shown: Content | None = None
    doubtful: bool = False
    earlier: tuple[Content, ...] = ()
    test: bool = False

    @property
    def changed(self) -> tuple[Matter, ...]:
        """What people who saw the earlier version must be told; empty for mere wording, and for a first version."""
        return matters(self.shown, self.post.content) if self.shown is not None else ()

    def saying(self, content: Content) -> "Envelope":
        """The same change, had the post said `content`."""
        return replace(self, post=replace(self.post, content=content))


@dataclass(frozen=True)
class Copy:
    """One reader's copy of a composed edition; `parts` is what `newsletter.compose` returned, through JSON."""

    key: str
    parts: Mapping[str, Any]
    address: str
    leave_token: str
    city: City
    sender: str
    tried_at: datetime


@dataclass(frozen=True)
class Note:
    """Something that is no post, for one person or machine: a confirmation, a warning, a ping. `payload` is plain JSON."""

    key: str
    payload: Mapping[str, Any]
    city: City
    settings: "Settings"
    sender: str
    tried_at: datetime


# What comes out


@dataclass(frozen=True)
class Receipt:
    """The outlet has it. `reference` lets a revision edit it and a withdrawal delete it.

    `link` is where people see it there; `remark` says aloud what could not be expressed; `rest` is for how many seconds
    the outlet asked to be left alone after this one.
    """

    reference: str | None = None
    code: int | None = None
    answer: str = ""
    link: str | None = None
    remark: str = ""
    rest: float = 0.0


class Verdict(Exception):
    """Why it was not sent, as a sentence for whoever can act on it. `code` and `answer` are the remote's own words."""

    def __init__(self, reason: str, *, code: int | None = None, answer: str = "") -> None:
        super().__init__(reason)
        # A reason may quote the remote, and a remote may say what no table takes.
        self.reason = legible(reason)
        self.code = code
        self.answer = legible(answer)


class TryLater(Verdict):
    """It may work later. `after` is the remote's own wish in seconds; `outlet`: nothing else will get through now either."""

    def __init__(
        self,
        reason: str,
        *,
        after: float | None = None,
        outlet: bool = True,
        slow: bool = False,
        code: int | None = None,
        answer: str = "",
    ) -> None:
        super().__init__(reason, code=code, answer=answer)
        self.after = after
        self.outlet = outlet
        #: The remote asked for less (429, 502, 504) or did not answer in time.
        self.slow = slow


class Refused(Verdict):
    """It will never be accepted as it is. `credentials`: the owner must renew the access.

    `outlet`: whoever else it were for, the outlet would not have it from us.
    """

    def __init__(
        self,
        reason: str,
        *,
        credentials: bool = False,
        outlet: bool = False,
        code: int | None = None,
        answer: str = "",
    ) -> None:
        super().__init__(reason, code=code, answer=answer)
        self.credentials = credentials
        self.outlet = outlet


class Gone(Verdict):
    """The outlet is closed for good: the destination is switched off, or the reader suppressed."""


class Unconfirmed(Verdict):
    """Whether it arrived cannot be known (P7). Never tried again by itself unless the channel is repeatable."""


@dataclass(frozen=True)
class Specimen:
    """One thing as an outlet that comes with the city would show it: a mail, a document, a ping. `body` is its bytes."""

    method: str
    url: str
    body: bytes = field(repr=False)


# The contract


@dataclass(frozen=True)
class Account:
    """Whom an outlet speaks for. `id` is equal while it is the same one; `name` is what people know it by.

    `told`: the network itself said so; else it is only what somebody entered.
    """

    id: str
    name: str
    told: bool = True


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
    def rhythm(self) -> "Rhythm | None":
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


@dataclass(frozen=True)
class Rhythm:
    """When an outlet may speak. Corrections and withdrawals are not held back by it.

    Quiet hours are on the city's wall clock and may go over midnight; `gap` is in seconds; `most` is for 24 hours.
    """

    quiet_from: time | None = None
    quiet_until: time | None = None
    gap: float = 0.0
    most: int | None = None


@dataclass(frozen=True)
class Limit:
    """What a network lets one destination, or all that speak to one of its hosts, do."""

    scope: Literal["destination", "host"]
    rate: Rate


@dataclass(frozen=True)
class Abilities:
    """What a channel can express. What it cannot, it says aloud: the merchant reads it in the ledger."""

    revise: bool
    withdraw: bool
    #: A repeat of the same key does no harm: the receiver recognises it, or it replaces itself.
    repeatable: bool
    images: bool = False
    #: The size (`pictures.SIZES`) in which the outlet fetches the first picture from the city's site once it is told of it.
    fetches: str = ""
    #: Whether there is no post without a picture.
    needs_picture: bool = False
    #: Longest text in the outlet's own counting; None: no limit.
    length: int | None = None
    #: What is done depends on what stands there: it is edited, deleted or corrected, and what never came needs neither.
    keeps_track: bool = False
    #: Whether `find` can tell if something that may have arrived stands there.
    finds: bool = False
    #: Where it cannot edit: whether a correction is posted beside what stands there, when the change matters.
    corrects: bool = False


E = TypeVar("E")
M = TypeVar("M")


class Channel(ABC, Generic[E, M]):
    """The code for one kind of outlet. Stateless: one instance serves all destinations in all threads."""

    kind: ClassVar[str]
    #: Name for people, the same in all languages.
    label: ClassVar[str]
    queue: ClassVar[Queue]
    abilities: ClassVar[Abilities]
    settings: ClassVar[type[Settings]] = Settings
    #: Who is served: configured destinations, or readers.
    serves: ClassVar[Literal["destinations", "readers"]] = "destinations"
    #: Whether people set up destinations of this kind; built-in ones come with the city.
    configurable: ClassVar[bool] = True
    #: Whether each change makes a delivery for its destinations; a ping is made by what it tells of instead.
    takes_changes: ClassVar[bool] = True
    #: Whether its destinations are single people's devices: counted rather than named, and nobody is written to when
    #: one is gone.
    personal: ClassVar[bool] = False
    #: 0 goes before 5 within a queue.
    priority: ClassVar[int] = 5
    #: How much the network takes, from its own documentation.
    limits: ClassVar[tuple[Limit, ...]] = ()
    #: How an owner gives access by logging in there; None: there is no such way.
    connector: ClassVar[Connector | None] = None
    #: What an owner types in on our page to connect an outlet where they do not log in: names of settings.
    typed: ClassVar[tuple[str, ...]] = ()
    #: What a dry run takes for the network's answer to each of its requests.
    rehearsed: ClassVar[Answer] = Answer(200, {}, b'{"id": "1"}')
    #: Seconds after which `tend` is called again; None: there is nothing to look after.
    tended_every: ClassVar[float | None] = None

    def public_key(self) -> str:
        """The city's key that a device subscribes with where the channel is personal; empty: nobody can at the moment."""
        return ""

    @abstractmethod
    def render(self, envelope: E) -> M:
        """The message for `envelope`. Pure: no I/O, no clock; the same input gives the same bytes.

        Raises Refused where the content cannot be expressed.
        """

    @abstractmethod
    def send(self, message: M, tools: Tools) -> Receipt:
        """Hand `message` to the outlet once. The only I/O; never retries or sleeps. Raises a Verdict."""

    def send_before(self, message: M, following: M | None, tools: Tools) -> Receipt:
        """As `send`, where `following` is what goes next by the same hand: its beginning may travel along."""
        return self.send(message, tools)

    def specimens(self, envelope: Envelope, sender: str) -> tuple[Specimen, ...]:
        """What a dry run shows of a channel that comes with the city and takes no change by itself. Pure."""
        return ()

    def find(self, message: M, tools: Tools) -> Receipt | None:
        """Look whether something that may have arrived stands there, without posting it; None where it is not seen.

        Called where `abilities.finds`. Raises a Verdict where it cannot be looked.
        """
        return None

    def tend(self, settings: Settings, tools: Tools, now: datetime) -> Settings:
        """Look after a destination: renew an access before it ends, and learn what the outlet says of itself.

        Returns the settings to keep; equal ones where nothing is new. Raises a Verdict. `now` is aware, UTC.
        """
        return settings


@dataclass(frozen=True)
class HttpMessage:
    """A request as it goes over the wire; `body` is what is signed and what is sent."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = field(repr=False)


@dataclass(frozen=True)
class MailMessage:
    """A mail as it goes over the wire: envelope addresses, and the bytes with CRLF line ends."""

    sender: str
    recipient: str
    data: bytes = field(repr=False)
