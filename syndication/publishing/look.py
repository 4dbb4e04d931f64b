"""How the service looks and who is behind it: prepared as a draft, looked at, and then put in force everywhere.

What stands in the database goes before the settings; each process asks for it anew every few seconds, so nothing need be
started again.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import IO, Final, Literal, get_args

from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from syndication import clock
from syndication.audit import log
from syndication.audit.log import About
from syndication.content import contrast
from syndication.content.reason import Reason
from syndication.errors import Fault, Invalid, NotFound, Unavailable
from syndication.infra import db
from syndication.infra.images import Limits, NoPicture, shrunk
from syndication.infra.languages import LANGUAGES
from syndication.models import FeedDocument, KeptLook

Page = Literal["imprint", "privacy", "accessibility"]
PAGES: Final[tuple[Page, ...]] = get_args(Page)
State = Literal["current", "draft"]
#: Longest text of a page (characters).
LONGEST = 20_000
_LONGEST_NAME = 200
_LOGO = Limits(side=480, bytes=60_000, transparent=True)
#: What is still to be filled in of a draft of ours: `[Name der Behörde …]`.
_OPEN = re.compile(r"\[[^\[\]\n]*…\s*\]")
#: How long a process believes what it read (seconds).
_TRUSTED = 3.0


@dataclass(frozen=True)
class Look:
    """A look; what is empty is as the settings say. `texts`: page → language → Markdown."""

    name: str = ""
    brand: str = ""
    link: str = ""
    logo: str = ""
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def text(self, page: str, language: str) -> str:
        """What a page says, in another language where it says nothing in this one."""
        said = self.texts.get(page, {})
        return said.get(language) or next((one for one in said.values() if one), "")

    def holes(self) -> list[tuple[str, str]]:
        """Pages and languages whose text has something that is still to be filled in."""
        return [
            (page, one)
            for page in PAGES
            for one, text in self.texts.get(page, {}).items()
            if _OPEN.search(text)
        ]


_known: tuple[Engine, float, Look] | None = None


def current() -> Look:
    """What everybody sees; as it was seconds ago, at most. While the database is away, as it was before."""
    global _known  # noqa: PLW0603 -- one process, one look
    try:
        engine = db.engine()
    except RuntimeError:  # texts that are made without a database
        return Look()
    now = clock.monotonic()
    kept = _known if _known is not None and _known[0] is engine else None
    if kept is not None and now - kept[1] < _TRUSTED:
        return kept[2]
    try:
        found = stored("current")
    except db.AWAY:
        found = kept[2] if kept is not None else Look()
    _known = engine, now, found
    return found


def stored(state: State) -> Look:
    """A look as it is kept now; an empty one where there is none."""
    with db.reading() as session:
        row = session.get(KeptLook, state)
        return _look(row) if row is not None else Look()


def in_preparation() -> Look | None:
    """What is being prepared; None where nothing is."""
    with db.reading() as session:
        row = session.get(KeptLook, "draft")
        return _look(row) if row is not None else None


def made(data: bytes | IO[bytes]) -> bytes:
    """The PNG that is kept of a picture: what is transparent, or white around it, is transparent. Raises Invalid, Unavailable."""
    try:
        return shrunk(data, _LOGO).data
    except NoPicture as fault:
        if fault.later:
            raise Unavailable(fault.reason) from fault
        raise Invalid.field("logo", fault.reason) from fault


def prepare(wanted: Look, *, logo: bytes | None = None, without_logo: bool = False) -> None:
    """Keep a look as the draft. Its logo is `logo`, none, or the one that stands. Raises Invalid."""
    if faults := _faults(wanted):
        raise Invalid(*faults)
    with db.transaction() as session:
        row = _draft(session)
        row.name, row.brand, row.link = wanted.name, wanted.brand, wanted.link
        row.texts = {page: dict(said) for page, said in wanted.texts.items() if any(said.values())}
        if logo is not None or without_logo:
            row.logo = logo
            row.logo_digest = hashlib.sha256(logo).hexdigest()[:16] if logo else ""
        row.changed_at = db.now(session)


def put_in_force() -> None:
    """What was prepared is what everybody sees from now on, and the look before is forgotten. Raises NotFound and Invalid."""
    with db.transaction() as session:
        row = session.get(KeptLook, "draft", with_for_update=True)
        if row is None:
            raise NotFound(Reason("Nothing is being prepared any more."))
        look = _look(row)
        if holes := look.holes():
            raise Invalid(
                *(
                    Fault(f"{page}.{one}", Reason("still holds something to fill in, such as […]"))
                    for page, one in holes
                )
            )
        before = session.get(KeptLook, "current", with_for_update=True)
        old = _look(before) if before is not None else Look()
        if before is not None:
            session.delete(before)
            session.flush()
        row.state, row.changed_at = "current", db.now(session)
        if old.name != look.name:  # every feed bears it
            session.execute(
                update(FeedDocument)
                .values(wanted=FeedDocument.wanted + 1)
                .execution_options(synchronize_session=False)
            )
        changed = [
            one
            for one in ("name", "brand", "link", "logo", "texts")
            if getattr(old, one) != getattr(look, one)
        ]
        log.record(session, "look.changed", About("city"), fields=changed)
    forget()


def discard() -> None:
    """Forget what was being prepared, its logo too."""
    with db.transaction() as session:
        if (row := session.get(KeptLook, "draft")) is not None:
            session.delete(row)


def logo(digest: str) -> bytes:
    """The PNG at an address of a logo, of what is in force or being prepared. Raises NotFound."""
    with db.reading() as session:
        found = session.scalar(
            select(KeptLook.logo).where(KeptLook.logo_digest == digest, KeptLook.logo.is_not(None)).limit(1)
        )
    if found is None:
        raise NotFound("There is no such picture.")
    return found


def _draft(session: Session) -> KeptLook:
    """The row of the draft; a new one begins as what is in force."""
    row = session.get(KeptLook, "draft", with_for_update=True)
    if row is None:
        before = session.get(KeptLook, "current")
        row = KeptLook(
            state="draft", name="", brand="", link="", texts={},
            logo=before.logo if before else None, logo_digest=before.logo_digest if before else "",
            changed_at=db.now(session),
        )  # fmt: skip
        session.add(row)
    return row


def _faults(wanted: Look) -> list[Fault]:
    faults = []
    if len(wanted.name) > _LONGEST_NAME:
        faults.append(Fault("name", Reason("must have 1 to {} characters", _LONGEST_NAME)))
    for name in ("brand", "link"):
        if (colour := getattr(wanted, name)) and not contrast.is_colour(colour):
            faults.append(Fault(name, Reason("must be a colour such as #a63a25")))
    for page in PAGES:
        for language in LANGUAGES:
            if len(wanted.texts.get(page, {}).get(language, "")) > LONGEST:
                faults.append(Fault(f"{page}.{language}", Reason("must have 1 to {} characters", LONGEST)))
    return faults


def _look(row: KeptLook) -> Look:
    return Look(row.name, row.brand, row.link, row.logo_digest, row.texts)


def forget() -> None:
    """This process need not wait to see what it just did."""
    global _known  # noqa: PLW0603 -- see current
    _known = None
