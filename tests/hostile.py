"""Texts that somebody types who wants more than to be read: encoded words in all spellings, and what breaks protocols."""

import base64
import random
from collections.abc import Iterator
from encodings.aliases import aliases

#: Every name by which Python knows a character set, and some that nobody knows.
CHARSETS = (
    *sorted({*aliases, *aliases.values()}),
    "",
    "x",
    "utf-8*en",
    "utf-8\u00fc",
    "none",
    "unknown-8bit",
    "a" * 80,
)
#: Line ends as different readers know them, and what else is no letter.
BREAKS = ("\r\n", "\r", "\n", "\x0b", "\x0c", "\x85", "\u2028", "\u2029", "\x00", "\x1b[2J")
_INJECTED = (
    "Bcc: victim@example.net",
    "Reply-To: thief@example.net",
    "List-Unsubscribe: <https://evil.example/>",
    "Content-Type: text/html\r\n\r\n<h1>another body</h1>",
    "Subject: another",
)
_PIECES = (
    "=?", "?=", "=?utf-8?q?", "?q?", "=?utf-8?b?", "=?=", "??", "=", "_", "=0D=0A", "=?utf-8?q??=", "=?x?y?z?=", "  ", " ",
    ",", ";", ":", '"', "\\", "<", ">", "(", ")", "@", "a@b.example", "<x@y.example>", "Wein", "Käse", "שלום", "\u202eabc",
    "👩\u200d👩\u200d👧\u200d👦", "🇩🇪", "e\u0301\u0323", "\u00a0", "\u3000", "\ufeff", "x" * 80, "ä" * 40, "%0d%0a", "&#13;&#10;",
    "{{7*7}}",
)  # fmt: skip
#: What content lets through as one line: no control character, no blank at the ends.
LEGAL = (
    "Hallo", "=", "?", "=?", "?=", "=?=", "=?utf-8?q?x=0D=0ABcc:_victim@example.net?=", "a  b   c", "\u202eabc\u202c",
    "=?utf-8?q?a?= =?utf-8?q?b?=", "=?utf-8?q?a?=  =?utf-8?q?b?=", "=?UTF-8?Q?=C3?= =?UTF-8?Q?=A4?=", "=?us-ascii?q?=FF?=",
    "=?utf-8?q?=3D=3Futf-8=3Fq=3Fx=3D0ABcc=3A_y=3F=3D?=", "x" * 200, "ä" * 200, "a " * 99 + "ü", "St. Ives, <x@y.example>",
    "👩\u200d👩\u200d👧\u200d👦" * 20, "e" + "\u0301" * 150, "🇩🇪" * 50, 'a;b:c,d@e <f> (g) "h" \\', "From: x", "Subject: y",
    "a\u00a0b", "=?utf-8?q?" + "x" * 100,
)  # fmt: skip


def injections() -> Iterator[str]:
    """An encoded word for each character set and spelling, in which a line break and a header of the attacker hide."""
    chance = random.Random(2)
    for number, charset in enumerate(CHARSETS):
        ending = BREAKS[number % len(BREAKS)]
        hidden = f"x{ending}{_INJECTED[number % len(_INJECTED)]}"
        octets = hidden.encode("utf-8", "surrogatepass")
        q = "".join(f"={one:02X}" if one < 33 or one > 126 or one in b"=?_" else chr(one) for one in octets)
        b = base64.b64encode(octets).decode()
        for kind, said in (("q", q), ("Q", q.lower().replace(" ", "_")), ("b", b), ("B", b.rstrip("="))):
            word = f"=?{charset}?{kind}?{said}?="
            around = chance.choice(
                ("{}", "Wein {}", "{} Käse", "a{}b", "{0} {0}", "{0}{0}", "=?utf-8?q?{}?=", '"{}"', "<{}>")
            )
            yield around.format(word)


def lines(count: int, *, seed: int = 1, most: int = 200) -> list[str]:
    """`count` hostile texts of one line, none longer than `most`, the same for the same seed."""
    chance = random.Random(seed)
    found = [*LEGAL, *injections()]
    while len(found) < count:
        text = "".join(chance.choice(_PIECES) for _ in range(chance.randint(1, 30)))
        letters = "".join(
            chr(chance.choice((chance.randint(33, 126), chance.randint(0xA1, 0x24FF))))
            for _ in range(chance.randint(0, 20))
        )
        found.append(text + letters)
    chance.shuffle(found)
    return [one for one in (" ".join(one[:most].split(" ")).strip() for one in found[:count]) if one]
