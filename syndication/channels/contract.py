"""The contract every channel keeps: `render` is pure, `send` is the only I/O; no database, clock or task queue."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Generic, Literal, TypeVar

from syndication.channels.connector import Connector
from syndication.channels.envelope import Envelope, Queue
from syndication.channels.preview import Preview
from syndication.channels.settings import Settings
from syndication.channels.tools import Tools
from syndication.channels.verdicts import Receipt, Refused
from syndication.content.reason import Reason
from syndication.infra.http import Answer
from syndication.infra.rate_limits import Rate


@dataclass(frozen=True)
class Specimen:
    """One thing as an outlet that comes with the city would show it: a mail, a document, a ping. `body` is its bytes."""

    method: str
    url: str
    body: bytes = field(repr=False)


@dataclass(frozen=True)
class Echo:
    """What a network counts of a post, as it tells anybody; None: it does not say."""

    likes: int | None = None
    shares: int | None = None
    replies: int | None = None


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
    #: The size (`images.SIZES`) in which the outlet fetches the first picture from the city's site once it is told of it.
    fetches: str = ""
    #: Whether there is no post without a picture.
    needs_picture: bool = False
    #: The size of `images.SIZES` whose frame the first picture must fit into there; empty: any shape will do.
    frame: str = ""
    #: Fewest pixels of a picture's shorter side; 0: any.
    least_side: int = 0
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
    #: Whether it tells somebody of a post; what only shows what stands has a post that came without a word, too.
    tells: ClassVar[bool] = True
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
    #: Whether `echo` can be asked: the network tells the counts of a post to whoever posted it, for nothing.
    echoes: ClassVar[bool] = False

    def public_key(self) -> str:
        """The city's key that a device subscribes with where the channel is personal; empty: nobody can at the moment."""
        return ""

    @abstractmethod
    def render(self, envelope: E) -> M:
        """The message for `envelope`. Pure: no I/O, no clock; the same input gives the same bytes.

        Raises Refused where the content cannot be expressed.
        """

    def preview(self, envelope: Envelope) -> Preview:
        """What people will see of the post there, from the message of `render`. Pure, and without secrets.

        Raises Refused where the content cannot be expressed, and where the channel shows no posts.
        """
        raise Refused(Reason("{} shows no posts that could be looked at before.", self.label))

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

    def echo(self, settings: Settings, reference: str, tools: Tools) -> Echo | None:
        """What the network counts of the post that it calls `reference`; None where it says nothing, or the post is gone.

        Called where `echoes`, seldom, and never again for a failure: one or two requests, which change nothing there. Raises
        a Verdict where it cannot be asked.
        """
        return None
