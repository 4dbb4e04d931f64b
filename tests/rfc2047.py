"""A reader of header lines that shares no line with what writes them: RFC 5322 unfolding and RFC 2047 decoding, by the letter."""

import base64
import re

_WORD = re.compile(r"=\?([^?\s]+)\?([QqBb])\?([^?\s]*)\?=")


def header_lines(data: bytes) -> list[tuple[str, list[str]]]:
    """Each header of a mail: its name, and the lines it stands on, without their ends."""
    found: list[tuple[str, list[str]]] = []
    for line in data.partition(b"\r\n\r\n")[0].decode("ascii").split("\r\n"):
        if line.startswith(" "):
            found[-1][1].append(line)
        else:
            name, _, value = line.partition(": ")
            found.append((name, [value]))
    return found


def decoded(lines: list[str]) -> str:
    """What the lines of a header say: white space between two encoded words is none (section 6.2)."""
    text = "".join(lines)  # unfolded: a line end before white space is nothing
    said, end, after_word = "", 0, False
    for word in _WORD.finditer(text):
        between = text[end : word.start()]
        said += "" if after_word and not between.strip(" ") else between
        said += _octets(word[2], word[3]).decode(word[1])
        end, after_word = word.end(), True
    return said + text[end:]


def _octets(kind: str, said: str) -> bytes:
    if kind in "Bb":
        return base64.b64decode(said, validate=True)
    octets = re.sub(r"=([0-9A-F]{2})", lambda found: chr(int(found[1], 16)), said.replace("_", " "))
    return octets.encode("latin-1")
