"""Bodies of mails: every text comes back as it was, in lines that no server has to break."""

import quopri
import random

import pytest

from syndication.channels.by_mail import alternative

SIGNS = [
    "a",
    "Z",
    " ",
    " ",
    "  ",
    "=",
    "=C3",
    ".",
    "\n",
    "\n\n",
    "\t",
    "ä",
    "ß",
    "€",
    "🍷",
    "👨\u200d👩\u200d👧",
    "From ",
    "--",
    "=_x",
]


@pytest.mark.parametrize("seed", range(40))
def test_a_text_comes_back_in_lines_of_76_characters(seed: int) -> None:
    draw = random.Random(seed)
    for _ in range(25):
        text = "".join(draw.choices(SIGNS, k=draw.randint(0, 400)))
        [(_, piece), *_] = alternative([text], [""], "=_b")
        body = piece.partition("\r\n\r\n")[2]
        lines = body.split("\r\n")
        assert max(map(len, lines)) <= 76
        assert not any(line.endswith((" ", "\t")) for line in lines), (
            "servers trim lines (RFC 2045 section 6.7 (3))"
        )
        assert body.isascii()
        plain = body.partition("\r\n--=_b")[0]
        assert quopri.decodestring(plain.replace("\r\n", "\n").encode()).decode() == text
