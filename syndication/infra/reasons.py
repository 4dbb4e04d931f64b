"""Puts reasons into words: by their ids, and, for those stored by earlier versions, by recognising the English text."""

import re
from functools import lru_cache

from syndication.content.reason import Reason
from syndication.infra.languages import supported_language
from syndication.infra.rendering import gettext, translations

#: Characters; what was stored in English was kept with 500. Sentences with several values are costly to recognise in a
#: long text.
_LONGEST = 1000


def translated_reason(reason: Reason, language: str) -> str:
    """A reason in the nearest language we have."""
    if reason.parts is None:
        return _recognised(str.__str__(reason), supported_language(language))
    return reason.text(gettext(language))


def translated_error(sentence: str, language: str) -> str:
    """What an error says, in the nearest language we have; one that is no sentence of ours stays as it is."""
    return (
        translated_reason(sentence, language) if isinstance(sentence, Reason) else gettext(language)(sentence)
    )


# Before sentences had ids (docs/decisions/0024-reasons-are-ids.md)


def _recognised(text: str, language: str) -> str:
    """The sentences of `text` in `language`; an unknown one stays as it is.

    One that ends with a colon begins what somebody else said, which stays as it is; so does a text longer than any such
    reason.
    """
    if len(text) > _LONGEST:
        return text
    pieces, place = [], 0
    while place < len(text):
        for pattern, in_words in _sentences(language):
            if found := pattern.match(text, place):
                values = [gettext(language)(value) for value in found.groups()]
                pieces.append(in_words.format(*values))
                place = found.end()
                break
        else:
            end = text.find(". ", place) + 1 or len(text)
            pieces.append(text[place:end])
            place = end
        place += len(text[place:]) - len(text[place:].lstrip())
    return " ".join(pieces)


@lru_cache(maxsize=8)
def _sentences(language: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Every sentence of the catalogue as a pattern, the most telling first."""
    known = [
        (text, in_words)
        for text, in_words in translations(language)._catalog.items()
        if isinstance(text, str) and text.endswith((".", ":")) and "%(" not in text
    ]
    known.sort(key=lambda pair: len(pair[0].replace("{}", "")), reverse=True)
    return tuple((_pattern(text), in_words) for text, in_words in known)


def _pattern(text: str) -> re.Pattern[str]:
    """A sentence with any values; one that begins it reaches over no sentence before."""
    escaped = re.escape(text).replace(r"\{\}", "(.+?)")
    if escaped.startswith("(.+?)"):
        escaped = r"((?:(?!\. ).)+?)" + escaped.removeprefix("(.+?)")
    return re.compile(escaped + r"(?=\s|$)")  # at most 1,000 characters: see translated
