"""Counts and cuts text the way people and networks do: by user-perceived characters (UAX #29), between words."""

from collections.abc import Callable
from itertools import accumulate

import regex

from syndication.content import addresses, characters

Count = Callable[[str], int]

_ELLIPSIS = "…"


def graphemes(text: str) -> int:
    """User-perceived characters: a family emoji is one (UAX #29 extended grapheme clusters)."""
    return sum(1 for _ in characters.graphemes(text))


def utf16(text: str) -> int:
    """UTF-16 code units: most emoji are two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def octets(text: str) -> int:
    """Bytes in UTF-8."""
    return len(text.encode())


def with_links_as(length: int, count: Count = graphemes) -> Count:
    """A count in which every web address with https:// or http:// is `length` long, however long it is written."""

    def weighted(text: str) -> int:
        found = [one for one in addresses.found(text) if text[one.start : one.end] == one.href]
        return count(_without(text, found)) + len(found) * length

    return weighted


def _without(text: str, found: list[addresses.Address]) -> str:
    pieces, done = [], 0
    for one in found:
        pieces.append(text[done : one.start])
        done = one.end
    return "".join([*pieces, text[done:]])


def links(text: str) -> list[tuple[int, int]]:
    """Where the addresses of `text`, of the web and of mail, begin and end, in characters of Python."""
    return [(one.start, one.end) for one in addresses.found(text)]


def cut(text: str, most: int, count: Count = graphemes) -> str:
    """`text`, or as many whole words of it as fit into `most` with an ellipsis behind them.

    A word that alone is too long is cut between two graphemes; an address is never cut, it stays or goes.
    """
    if count(text) <= most:
        return text
    ends = _ends_of_words(text)
    inside = {place for start, end in links(text) for place in range(start + 1, end)}
    places = [place for place in _between_graphemes(text) if place not in inside]
    best = _longest(text, ends, most, count) or _longest(text, places, most, count)
    return _closed(text[:best]) if best else ""


def headline(text: str, most: int, count: Count = graphemes) -> str:
    """As `cut`, for what must not be empty: an address that begins it and is too long is cut after all."""
    if shorter := cut(text, most, count):
        return shorter
    best = _longest(text, _between_graphemes(text), most, count)
    return _closed(text[:best]) if best else ""


def _between_graphemes(text: str) -> list[int]:
    return list(accumulate(map(len, characters.graphemes(text))))


def _ends_of_words(text: str) -> list[int]:
    return [found.start() for found in regex.finditer(r"(?<=\S)\s", text)]


def _longest(text: str, ends: list[int], most: int, count: Count) -> int:
    """The greatest of `ends` up to which `text` fits; 0 for none. Counts grow with the text, so halving finds it."""
    low, high = 0, len(ends)
    while low < high:
        middle = (low + high) // 2
        if count(_closed(text[: ends[middle]])) <= most:
            low = middle + 1
        else:
            high = middle
    return ends[low - 1] if low else 0


def _closed(head: str) -> str:
    """With the ellipsis behind it, but apart from an address: many networks would take it for a part of that."""
    head = head.rstrip().rstrip(",;.:–-").rstrip()
    last = head.rsplit(None, 1)[-1] if head else ""
    apart = any(end == len(last) for _, end in links(last))
    return f"{head} {_ELLIPSIS}" if apart else head + _ELLIPSIS


def letters(text: str) -> str:
    """Letters and digits alone, to recognise a text by: networks do not show every sign they were sent."""
    return "".join(c for c in text.lower() if c.isalnum())
