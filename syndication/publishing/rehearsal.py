"""What an act on posts would lead to, without a trace: it is done and taken back."""

from collections.abc import Callable, Sequence
from uuid import UUID

from syndication.content.post import Draft
from syndication.infra import db
from syndication.publishing.posts import Manner, Outcome, What, submit


def preview(merchant_id: UUID, draft: Draft, *, after: Sequence[Draft] = ()) -> What:
    """What `submit` would do, without a trace. Raises what it would raise, quota aside.

    `after` are drafts that would have been handed in before, which it takes as done.
    """

    def all_of_them() -> Outcome:
        for one in after:
            submit(merchant_id, one, manner=Manner(imported=True))
        return submit(merchant_id, draft, manner=Manner(imported=True))

    return tried(all_of_them)


def tried(act: Callable[[], Outcome]) -> What:
    """What `act` would lead to. Raises what it would raise."""
    try:
        with db.transaction():
            raise _TakenBack(act().what)
    except _TakenBack as done:
        return done.what


class _TakenBack(Exception):
    """Ends a transaction that must leave nothing; no error."""

    def __init__(self, what: What) -> None:
        super().__init__(what)
        self.what = what
