"""A lane: sends the deliveries of one lease one after the other over one connection, and gathers their outcomes."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import structlog

from syndication import clock
from syndication.channels.contract import Channel
from syndication.channels.tools import Tools
from syndication.channels.verdicts import Gone, Receipt, Refused, TryLater, Unconfirmed, Verdict
from syndication.config import Settings
from syndication.content.characters import legible
from syndication.content.reason import NO_REASON, Reason
from syndication.delivery import positions
from syndication.delivery.redaction import hide_in, secrets_of
from syndication.infra.images import NoPicture
from syndication.infra.rate_limits import Bucket, Buckets
from syndication.ledger import policy
from syndication.ledger.outcomes import OVER

_log = structlog.get_logger(__name__)
#: Outcomes that wait at most this long (seconds), or in this number, before the tables show them.
_SETTLE_EVERY = 1.0
_SETTLE_AT = 100
#: A lane ends after this long (seconds), whatever is left of it: others wait for its slot.
_YIELD = 4.0
#: What must not go out any more is looked for this often (seconds): a claim that stands does not make it go out later.
_LOOK_AGAIN = 2.0
#: What waits for the outcome of something else is claimed again after this long (seconds).
_WAIT = 2.0
#: Why a claimed delivery does not go out: its row is gone (a reader was erased), its reader left, or it waits, as its
#: destination was paused or what it says is old.
Stop = Literal["gone", "left", "waits"]


@dataclass(frozen=True)
class Parcel:
    """One claimed delivery with all that its channel needs, frozen: nothing is read from the database while sending."""

    id: int
    key: str
    channel: Channel[Any, Any]
    envelope: Any
    attempts: int
    over_at: datetime | None
    trigger: str = "schedule"
    #: Why it cannot be sent at all, found while claiming.
    fault: Reason = NO_REASON
    #: The state and reason of one that need not be sent.
    stays: tuple[str, Reason] | None = None
    #: The rates of the network that it draws from.
    buckets: tuple[Bucket, ...] = ()


@dataclass(frozen=True)
class Lane:
    """What a lease covers, in the order it is sent.

    `outlet_id` is the destination whose health the outcomes tell of, and `failures` its failures in a row so far.
    `shared`: other lanes send through the same outlet at the same time, as with mail.
    """

    lease_id: int
    owner: str
    queue: str
    outlet_id: UUID | None
    failures: int
    shared: bool
    parcels: tuple[Parcel, ...]
    #: How far the database's clock, which all moments in the tables come from, is ahead of this machine's.
    ahead: timedelta = timedelta(0)
    #: Its answers take long, so that it has one of the few slots that slow outlets share.
    slow: bool = False


@dataclass(frozen=True)
class Outcome:
    """What became of one try. `hold` is how long (seconds) the destination is then left alone."""

    parcel: Parcel
    state: str
    at: datetime
    duration: int = 0
    reason: Reason = NO_REASON
    due_at: datetime | None = None
    code: int | None = None
    answer: str = ""
    reference: str | None = None
    link: str | None = None
    hold: float = 0.0
    #: Counts against the destination's health (True), in its favour (False), or says nothing about it (None). Whatever
    #: it says, the destination is left alone for `hold`.
    unhealthy: bool | None = None
    gone: bool = False
    credentials: bool = False
    tried: bool = True


#: Writes what a run gathered so far; False where its lease was taken over.
Settle = Callable[["Run"], bool]


@dataclass(eq=False)
class Run:
    """The walk along one lane.

    `settle(run)` writes the outcomes gathered so far and says whether the lease still stands; `recheck(lane)` names the
    deliveries that must not go out as they are. What is gathered at the end is written by whoever started the run.
    """

    lane: Lane
    tools: Tools
    cfg: Settings
    settle: Settle
    recheck: Callable[[Lane], Mapping[int, Stop]]
    buckets: Buckets
    outcomes: list[Outcome] = field(default_factory=list)
    #: Set by the drain while a send takes long, so that its slot is given to another lane.
    sending_since: float | None = None
    cancelled: threading.Event = field(default_factory=threading.Event)
    #: How many went out, and whether the outlet asked to be left alone.
    sent: int = 0
    refused: bool = False
    _failures: int = 0
    _held: bool = False
    _stopped: bool = False
    #: What goes next, made ready while its forerunner was sent, and the id of its delivery.
    _ready: tuple[int, Any] | None = None

    def walk(self) -> None:
        """Send every parcel or stop where the outlet does not take more; what was not tried goes back to waiting."""
        try:
            self._walk()
        finally:
            if self.lane.shared:
                self.tools.mail.let_go()

    def _walk(self) -> None:
        self._failures = self.lane.failures
        began = settled_at = looked_at = clock.monotonic()
        # A destination was looked at when it was claimed, a moment ago; a reader was not.
        stops = self.recheck(self.lane) if self.lane.shared else {}
        for parcel, following in zip(self.lane.parcels, [*self.lane.parcels[1:], None], strict=True):
            if clock.monotonic() - looked_at > _LOOK_AGAIN:
                stops, looked_at = self.recheck(self.lane), clock.monotonic()
            stop = stops.get(parcel.id)
            if self.cancelled.is_set() or stop == "gone":
                continue
            if stop is not None and not (stop == "waits" and parcel.stays):  # that was decided by the claim
                self._stop(parcel, stop)
                continue
            # A position says that all before it was sent: what was stopped must be written down before.
            if self._stopped and not self.settle(self):
                return self._fenced()
            self._stopped = False
            ends = following is None or clock.monotonic() - began > _YIELD
            goes_on = self.lane.shared and not ends and following and following.id not in stops
            outcome = self._try(parcel, following if goes_on else None)
            self.outcomes.append(outcome)
            self.sent += outcome.state == "sent"
            plain = outcome.state == "sent" and not (outcome.reference or outcome.link or outcome.reason)
            if ends or self._held:
                break  # what stands behind this is written at once
            if plain and not self._tick("position", parcel.id):
                return self._fenced()
            waited = clock.monotonic() - settled_at
            if not plain or len(self.outcomes) >= _SETTLE_AT or waited > _SETTLE_EVERY:
                if not self.settle(self):
                    return self._fenced()
                settled_at = clock.monotonic()
        return None

    def _stop(self, parcel: Parcel, stop: Stop) -> None:
        self._stopped = True
        if stop == "left":
            self.outcomes.append(self._dropped(parcel, LEFT))
        else:  # when it is claimed again, it is decided what becomes of it
            self.outcomes.append(Outcome(parcel, "waiting", self._now(), tried=False))

    def _fenced(self) -> None:
        # Another worker took the lease over; what we know of these sends it knows from the position.
        _log.warning("lane.fenced", lease=self.lane.lease_id, lost=len(self.outcomes))
        self.outcomes.clear()

    def _tick(self, column: positions.Column, delivery_id: int) -> bool:
        return positions.note(self.lane.lease_id, self.lane.owner, column, delivery_id)

    def _try(self, parcel: Parcel, following: Parcel | None) -> Outcome:
        now = self._now()
        if policy.is_over(parcel.over_at, now):
            return self._dropped(parcel, OVER)
        if parcel.fault:
            return Outcome(parcel, "failed", now, reason=parcel.fault)
        if parcel.stays:
            state, reason = parcel.stays
            again = now + timedelta(seconds=_WAIT) if state == "waiting" else None
            return Outcome(parcel, state, now, reason=reason, tried=False, due_at=again)
        if wait := self.buckets.take(parcel.buckets):
            self._held = True
            return Outcome(parcel, "waiting", now, hold=wait, tried=False)
        started = clock.monotonic()
        try:
            message = self._made(parcel, now)
            self.sending_since = started
            self._bring_picture(parcel)
            if not parcel.channel.abilities.repeatable and not self._tick("current", parcel.id):
                self.cancelled.set()
                return Outcome(parcel, "waiting", now, tried=False)
            receipt = parcel.channel.send_before(message, self._next(parcel, following, now), self.tools)
        except Verdict as verdict:
            return _fit_to_keep(self._judge(parcel, verdict, now, _since(started)))
        except Exception as error:
            _log.exception("channel.broken", channel=parcel.channel.kind, delivery=parcel.id)
            reason = Reason(
                "An error of ours while preparing it ({}); the operator has the details in the log.",
                type(error).__name__,
            )
            return Outcome(parcel, "failed", now, _since(started), reason)
        finally:
            self.sending_since = None
        self._failures, self._held = 0, receipt.cooldown > 0
        return _fit_to_keep(_sent(parcel, receipt, self._now(), _since(started)))

    def _made(self, parcel: Parcel, now: datetime) -> Any:
        ready, self._ready = self._ready, None
        if ready is not None and ready[0] == parcel.id:
            return ready[1]
        return parcel.channel.render(replace(parcel.envelope, tried_at=now))

    def _next(self, parcel: Parcel, following: Parcel | None, now: datetime) -> Any:
        """The message behind `parcel`, where it goes over the same connection as things stand; else None."""
        if following is None or following.channel is not parcel.channel or self.cancelled.is_set():
            return None
        if following.fault or following.stays or policy.is_over(following.over_at, now):
            return None
        try:
            message = self._made(following, now)
        except Exception:  # it will be said when its turn has come
            return None
        self._ready = following.id, message
        return message

    def _now(self) -> datetime:
        return clock.now() + self.lane.ahead

    def _dropped(self, parcel: Parcel, reason: Reason) -> Outcome:
        return Outcome(parcel, "dropped", self._now(), reason=reason, tried=False)

    def _bring_picture(self, parcel: Parcel) -> None:
        """Onto the city's site, where the outlet fetches it as soon as it is told. A post goes out without one, too."""
        size, envelope = parcel.channel.abilities.fetches, parcel.envelope
        if size and envelope.action != "withdrawn" and not envelope.test and envelope.post.content.images:
            with suppress(NoPicture):
                self.tools.pictures.show(envelope.post.content.images[0].url, size)

    def _judge(self, parcel: Parcel, verdict: Verdict, now: datetime, duration: int) -> Outcome:
        outcome = Outcome(
            parcel,
            "failed",
            now,
            duration,
            verdict.reason,
            code=verdict.code,
            answer=verdict.answer,
            unhealthy=True,
        )
        match verdict:
            case TryLater():
                return self._later(outcome, verdict)
            case Unconfirmed() if parcel.channel.abilities.repeatable:
                return self._later(outcome, TryLater(verdict.reason))
            case Unconfirmed():
                return replace(outcome, state="unconfirmed", unhealthy=None)
            case Gone():
                self._held = not self.lane.shared
                # One mailbox of many says nothing about the server that they share.
                return replace(outcome, gone=True, unhealthy=None if self.lane.shared else True)
            case Refused():
                self._failures += verdict.outlet
                self._held = verdict.credentials or (verdict.outlet and self._failures >= policy.HOLD_FROM)
                return replace(
                    outcome,
                    credentials=verdict.credentials,
                    unhealthy=verdict.credentials or verdict.outlet or None,
                )
        return outcome

    def _later(self, outcome: Outcome, verdict: TryLater) -> Outcome:
        delay = policy.retry_delay(
            outcome.parcel.attempts + 1,
            self.cfg.retry_schedule,
            after=verdict.after,
            slow=verdict.slow,
            chance=random.random(),  # noqa: S311 -- jitter
        )
        seconds = 0.0
        if verdict.outlet:
            self._failures += 1
            self.refused = True
            seconds = policy.hold(self._failures, after=verdict.after, slow=verdict.slow)
            self._held = seconds > 0 or self.lane.shared
        outcome = replace(outcome, hold=seconds, unhealthy=verdict.outlet)
        if delay is None:
            return replace(
                outcome,
                reason=Reason.joined(
                    outcome.reason, Reason("Given up after {} tries.", outcome.parcel.attempts + 1)
                ),
            )
        return replace(outcome, state="waiting", due_at=outcome.at + timedelta(seconds=delay))


LEFT = Reason("The reader unsubscribed before it was sent.")


def _since(started: float) -> int:
    return round((clock.monotonic() - started) * 1000)


#: Texts of an outcome that a remote may have had a hand in.
_SAID = ("answer", "reference", "link")


def _fit_to_keep(outcome: Outcome) -> Outcome:
    """The outcome as people may read it, and as any database takes it: a remote may say what is no text (NUL, half a letter)."""
    said = {name: value for name in _SAID if (value := getattr(outcome, name))}
    mended: dict[str, Any] = {name: fit for name, value in said.items() if (fit := legible(value)) != value}
    if mended:  # rarely, and there are many outcomes
        outcome = replace(outcome, **mended)
    return _without_secrets(outcome)


def _without_secrets(outcome: Outcome) -> Outcome:
    """Some servers repeat in their answer what they were sent."""
    settings = getattr(outcome.parcel.envelope, "settings", None)  # a reader's copy has none
    if settings is None or not (outcome.answer or outcome.reason):
        return outcome
    secrets = secrets_of(settings)

    def without(text: str) -> str:
        return hide_in(text, secrets)

    return replace(outcome, reason=outcome.reason.changed(without), answer=without(outcome.answer))


def _sent(parcel: Parcel, receipt: Receipt, at: datetime, duration: int) -> Outcome:
    return Outcome(
        parcel,
        "sent",
        at,
        duration,
        code=receipt.code,
        answer=receipt.answer,
        reason=Reason.quoted(receipt.remark),
        reference=receipt.reference,
        link=receipt.link,
        hold=receipt.cooldown,
        unhealthy=False,
    )
