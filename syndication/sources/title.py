"""What a title says of whether its event takes place: "Abgesagt: Konzert" is the concert, and that it is off."""

import re
from itertools import takewhile

from syndication.content.post import Status

_WORDS: tuple[tuple[re.Pattern[str], Status], ...] = (
    (
        re.compile(
            r"\b(?:abgesagt|entf(?:ä|ae)llt|f(?:ä|ae)llt aus|ausgefallen|cancell?ed)\b", re.IGNORECASE
        ),
        "cancelled",
    ),
    (re.compile(r"\b(?:ausverkauft|ausgebucht|sold out)\b", re.IGNORECASE), "sold_out"),
)
_MOVED = re.compile(r"\b(?:verschoben|verlegt|postponed|rescheduled)\b", re.IGNORECASE)
#: What tells the word from the rest of the title; blanks alone do not, for "Abgesagt ist nichts" is a sentence.
_BETWEEN = re.compile(r"[:|/*+#()\[\]–—]|\s-|-\s")
#: What is quoted is the name of something.
_QUOTES = "\"'„“”‚‘’«»‹›"


def read(title: str) -> tuple[str, Status | None]:
    """The title (one line) without what it says of its event, and that; None where it says nothing of it.

    A title that says nothing else stays.
    """
    for words, status in _WORDS:
        for word in words.finditer(title):
            before, behind = title[: word.start()], title[word.end() :]
            if _sign(before) == before and _sign(behind) == behind:
                return title, status
            if rest := _behind(before, behind):
                return read(rest)[0], status
            if rest := _ahead(before, behind):
                return rest, status
    return title, None


def says_moved(title: str) -> bool:
    """Whether it says that the event was moved. Whether its date is the old one or the new one nobody can tell from that."""
    word = _MOVED.search(title)
    return word is not None and bool(_behind(title[: word.start()], title[word.end() :]))


def _behind(before: str, behind: str) -> str:
    """What stands behind a word that begins the title; empty where it does not, or belongs to a sentence."""
    between = _sign(behind)
    led = before.lower().removeprefix("leider ")
    apart = _BETWEEN.search(between) or "!" in between
    return behind[len(between) :] if apart and _sign(led) == led else ""


def _ahead(before: str, behind: str) -> str:
    """What stands before a word that ends the title; as `_behind`."""
    between = _sign(before[::-1])[::-1]
    apart = _BETWEEN.search(between)
    return before[: len(before) - len(between)] if apart and _sign(behind) == behind else ""


def _sign(text: str) -> str:
    """The blanks and signs with which it begins."""
    return "".join(takewhile(lambda sign: not sign.isalnum() and sign not in _QUOTES, text))
