"""Keeps names with an @ from calling somebody: who writes "@jazzclub" for a newsletter means no account of a network."""

import re

from syndication.content import addresses

#: Stands behind an @ so that no name follows it; it has no width.
_APART = "\u200b"
#: With a letter before it, an @ calls nobody on any network: mail addresses stay as they are.
_CALL = re.compile(rf"(?<!\w)@(?!{_APART})")


def quiet(text: str) -> str:
    """The text, but no name in it is called. Addresses can still be read and copied."""
    if "@" not in text:
        return text
    inside = [(one.start, one.end) for one in addresses.found(text)]

    def apart(found: re.Match[str]) -> str:
        whole = any(start < found.start() < end for start, end in inside)
        return "@" if whole else "@" + _APART

    return _CALL.sub(apart, text)
