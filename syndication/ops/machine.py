"""What the doctor looks at on its own machine: clock, keys, address, disk, and what holds strangers' input."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select

from syndication import clock, insight
from syndication.config import Settings
from syndication.content.reason import Reason
from syndication.infra import confined, db, private_files, signing
from syndication.infra.confined import report
from syndication.infra.signing import Box
from syndication.models import Destination
from syndication.ops.finding import Finding, Verdict

#: Seconds. A part that was not seen for so long says nothing of its clock; from the second drift on, messages expire before
#: they are read.
_LATELY = 120
_DRIFT, _MOST_DRIFT = 2, 45
_PROBE_PATIENCE, _PROBE_MEMORY = 20, 50_000_000
_MEGABYTE, _GIGABYTE = 1_000_000, 1_000_000_000
#: Bytes of a file that is written and deleted, to see whether one can be.
_PROBE_FILE = 65_536
_LITTLE_SPACE, _TOO_LITTLE_SPACE = 2 * _GIGABYTE, _GIGABYTE // 5
_SET_CLOCKS = Reason("Let NTP set the clocks of all machines.")


def clocks(cfg: Settings) -> Iterator[Finding]:
    """Whether the clocks of all parts agree with the database's."""
    with db.reading() as session:
        drift = (db.now(session) - clock.now()).total_seconds()
    local = clock.now().astimezone(cfg.zone)
    for part in insight.heartbeats():
        if part.age < _LATELY and abs(part.ahead) > _DRIFT:
            where = part.name.removeprefix("worker:")
            seconds = f"{abs(part.ahead):.0f}"
            said = (
                Reason("The clock of {} is {} s ahead of the database's.", where, seconds)
                if part.ahead > 0
                else Reason("The clock of {} is {} s behind the database's.", where, seconds)
            )
            graver: Verdict = "bad" if abs(part.ahead) > _MOST_DRIFT else "warn"
            yield Finding("clock", graver, said, _SET_CLOCKS)
    if abs(drift) > _DRIFT:
        said = Reason("This machine's clock and the database's differ by {} s.", f"{abs(drift):.0f}")
        verdict: Verdict = "bad" if abs(drift) > cfg.lease / 2 else "warn"
        yield Finding("clock", verdict, said, _SET_CLOCKS)
    else:
        said = Reason("It is {} in {}; compare with a watch.", f"{local:%Y-%m-%d %H:%M}", cfg.timezone)
        yield Finding("clock", "ok", said)


def secrets(cfg: Settings) -> Iterator[Finding]:
    """Whether the keys of the settings open what is kept of outlets."""
    box = Box(cfg.keys)
    with db.reading() as session:
        found = session.execute(
            select(Destination.id, Destination.name, Destination.secrets).where(Destination.secrets != "")
        ).all()
    closed = [(destination_id, name) for destination_id, name, kept in found if not _opens(box, kept)]
    for destination_id, name in closed:
        advice = Reason(
            "Add the key it was made with to SYNDICATION_SECRET_KEYS, or set the destination up anew."
        )
        said = Reason("No key opens the secret of {} ({}).", name, destination_id)
        yield Finding("secrets", "bad", said, advice)
    if not closed:
        said = Reason("Keys: {}; secrets of destinations that they open: {}.", len(cfg.keys), len(found))
        yield Finding("secrets", "ok", said)


def _opens(box: Box, kept: str) -> bool:
    try:
        box.open(kept)
    except ValueError:
        return False
    return True


def address(cfg: Settings) -> Iterator[Finding]:
    """Whether the city is reached in private, and who reaches into its network."""
    if cfg.base_url.startswith("https://"):
        yield Finding("address", "ok", Reason("Readers reach the service at {}.", cfg.base_url))
    else:
        advice = Reason("Set SYNDICATION_BASE_URL to the public https:// address.")
        yield Finding("address", "warn", Reason("{} is not encrypted.", cfg.base_url), advice)
    if cfg.allow_private_addresses:
        advice = Reason("Set SYNDICATION_ALLOW_PRIVATE_ADDRESSES to false outside tests and the demo.")
        yield Finding("address", "warn", Reason("Webhooks may reach machines inside the network."), advice)


@dataclass(frozen=True)
class Room:
    """Bytes that are `free` in the data directory; `fault`: why nothing can be written there."""

    free: int
    fault: str = ""


def room(cfg: Settings) -> Room | None:
    """How much room the data directory of this machine has; None where there is none."""
    folder = cfg.data_dir
    if not folder.is_dir():
        return None
    free = shutil.disk_usage(folder).free
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(bytes(_PROBE_FILE))
            probe.flush()
            os.fsync(probe.fileno())
    except OSError as error:
        return Room(free, error.strerror or type(error).__name__)
    return Room(free)


def disk(cfg: Settings) -> Iterator[Finding]:
    """Whether something can be written, and how much room there is."""
    folder, found = cfg.data_dir, room(cfg)
    if found is None:
        advice = Reason("Nothing to do where database and broker run elsewhere; `syndication up` makes it.")
        yield Finding("disk", "warn", Reason("{} does not exist.", folder), advice)
        return
    if found.fault:
        said = Reason("In {} nothing can be written ({}). Nothing new is kept.", folder, found.fault)
        advice = Reason("Make room, or see who may write there: quota, permissions, how the disk is mounted.")
        yield Finding("disk", "bad", said, advice)
    free = found.free
    said = Reason("{} MB are free at {}.", free // _MEGABYTE, folder)
    if free < _LITTLE_SPACE:
        advice = Reason("Make room: a full disk stops all.")
        yield Finding("disk", "bad" if free < _TOO_LITTLE_SPACE else "warn", said, advice)
    else:
        yield Finding("disk", "ok", said)


def data(cfg: Settings) -> Iterator[Finding]:
    """Who can read what lies in the data directory: readers' addresses, secrets under the keys of the settings."""
    folder = cfg.data_dir
    if folder.is_dir() and private_files.open_to_others(folder):
        advice = Reason(
            "Run `chmod 700 {}`, or give the service a folder of its own in SYNDICATION_DATA_DIR.", folder
        )
        yield Finding("data", "warn", Reason("Others of this machine can look into {}.", folder), advice)
    else:
        yield Finding("data", "ok", Reason("What lies in the data directory is closed to others."))


def keys(cfg: Settings) -> Iterator[Finding]:
    """Keys that somebody typed. The first must not be weak; old ones stay until nothing is under them."""
    if any(signing.weak(key.encode()) for key in cfg.keys):
        said = Reason("A key in SYNDICATION_SECRET_KEYS can be guessed.")
        yield Finding(
            "keys", "warn", said, Reason("Run `syndication rotate-secrets`, then drop the old key.")
        )
    else:
        yield Finding("keys", "ok", Reason("The keys of the settings are none that one would guess."))


def confinement(_: Settings) -> Iterator[Finding]:
    """What holds the processes that open strangers' pictures and speak to services through Apprise."""
    child = confined.Child(report.__name__, memory=_PROBE_MEMORY)
    try:
        held = child.ask(b"", seconds=_PROBE_PATIENCE).decode().split()
    except confined.Failed as failure:
        said = Reason("Pictures cannot be opened: their process does not start ({}).", failure)
        yield Finding("confinement", "bad", said, Reason("Look at what limits processes on this machine."))
        return
    finally:
        child.close()
    if missing := [name for name in report.WHOLE if name not in held]:
        advice = Reason(
            "Use Linux 5.13 or newer, and a container that lets a process give up rights of its own."
        )
        said = Reason(
            "Strangers' pictures are opened without {}, by Python's own guard alone.", " and ".join(missing)
        )
        yield Finding("confinement", "warn", said, advice)
    else:
        yield Finding(
            "confinement", "ok", Reason("Strangers' pictures are opened where nothing else can be reached.")
        )
