"""Pagination: at most so many items at a time, and where the next page begins."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, Field

from syndication.content.base import Record, Value

#: Where this version of the API lives.
PREFIX = "/api/v1"

A = TypeVar("A", bound=Record)
R = TypeVar("R")

Limit = Annotated[int, Field(ge=1, le=200, description="How many at most.")]
After = Field(None, description="Where the page begins: `next` of the page before.")


class Answer(Record):
    """What a route answers, made from a record of ours. Moments are RFC 3339, in UTC."""


class Paging(Value):
    """Query parameters of every list; unknown ones are refused, so that a slip of the pen does not list everything."""

    limit: Limit = 50


class Page(BaseModel, Generic[A]):
    """One page of a list, newest first."""

    data: list[A]
    next: str | None = Field(description="Send it as `after` to get the next page; null on the last one.")


def page(
    fetch: Callable[[int], Sequence[R]], limit: int, show: Callable[[R], A], place: Callable[[R], Any]
) -> Page[A]:
    """A page of `limit` records; `fetch` is asked for one more, which tells whether there is a next page."""
    found = fetch(limit + 1)
    more = str(place(found[limit - 1])) if len(found) > limit else None
    return Page(data=[show(one) for one in found[:limit]], next=more)
