"""The tasks that messages may call, and the arguments each takes; everything else is refused."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from syndication.ops.celery_wakeups import ROUTES

#: The task that writes down what was refused, with its reason.
BURY = "posts.bury"
#: Whether a task can take these arguments, by place and by name.
Fits = Callable[[list[Any], dict[str, Any]], bool]
_DRAINED = {queue for task, queue in ROUTES.values() if task == "delivery.drain"}


def _nothing(args: list[Any], named: dict[str, Any]) -> bool:
    return not args and not named


def _number(args: list[Any], named: dict[str, Any]) -> bool:
    """An id of the tables, which hold 63 bits."""
    return (
        len(args) == 1
        and not named
        and isinstance(args[0], str)
        and re.fullmatch(r"[1-9][0-9]{0,17}", args[0], re.ASCII) is not None
    )


def _uuid(args: list[Any], named: dict[str, Any]) -> bool:
    """A UUID as Python writes it."""
    return (
        len(args) == 1
        and not named
        and isinstance(args[0], str)
        and re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", args[0]) is not None
    )


def _queue(args: list[Any], named: dict[str, Any]) -> bool:
    return len(args) == 1 and not named and isinstance(args[0], str) and args[0] in _DRAINED


def _texts(args: list[Any], named: dict[str, Any]) -> bool:
    return len(args) == 2 and not named and all(isinstance(one, str) for one in args)


def _anything(_args: list[Any], _named: dict[str, Any]) -> bool:
    """What a post may look like is `from_queue`'s to say."""
    return True


TASKS: Mapping[str, Fits] = {
    "posts.submit": _anything,
    BURY: _texts,
    "fanout.change": _number,
    "readers.sign_up": _number,
    "accounts.sign_in": _number,
    "accounts.application": _uuid,
    "files.go_on": _uuid,
    "deliveries.bulk": _number,
    "delivery.drain": _queue,
    "pictures.prepare": _nothing,
    **{
        f"sweep.{name}": _nothing
        for name in ("posts", "changes", "leases", "deliveries", "editions", "feeds", "pictures", "beat", "tallies", "outlets",
                     "retention", "sign_ups", "sign_ins", "doubts", "readers", "answers", "uploads", "prepared", "links",
                     "outages", "bulk", "mail_server", "accounts", "applications", "drafts", "weekly", "files", "brought",
                     "echoes", "reader_imports", "alerts", "suspensions", "reviews")
    },
}  # fmt: skip
