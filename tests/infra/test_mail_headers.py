"""The head of a mail: every text comes back as it was typed, whatever it looks like, and nothing stands beside it."""

import random
from email import message_from_bytes, policy
from email.header import decode_header, make_header

import pytest

from syndication.infra import mail_headers
from syndication.infra.mail_check import checked
from syndication.infra.mail_headers import Line, Unfit
from tests import hostile
from tests.rfc2047 import decoded, header_lines

TITLES = hostile.lines(2000)
LONG = [
    "x" * 10_000,
    "ä" * 10_000,
    "=?utf-8?q?x=0D=0ABcc:_y?= " * 400,
    "👩\u200d👩\u200d👧" * 1500,
    "\u0301" * 10_000,
]


def read(line: Line) -> tuple[str, str, str]:
    """The one header of a mail with that line, by three readers."""
    data = line.written.encode("ascii") + b"\r\nbody\r\n"
    ((name, lines),) = header_lines(data)
    assert name == line.name
    for number, one in enumerate(lines):
        width = len(one) + (len(name) + 2 if number == 0 else 0)
        assert width <= 76 or not line.decoded, line.written
    newer, older = message_from_bytes(data, policy=policy.default), message_from_bytes(data)
    assert newer.keys() == older.keys() == [name]
    assert newer.get_content() == "body\r\n"
    assert not newer.defects
    assert not newer[name].defects
    return decoded(lines), str(newer[name]), str(make_header(decode_header(older[name])))


def test_every_text_comes_back_as_it_was_typed() -> None:
    for text in (*TITLES, *LONG):
        assert set(read(mail_headers.text("Subject", text))) == {text}
    print(f"{len(TITLES) + len(LONG)} texts came back as they were typed")


def seeded(number: int) -> list[str]:
    """Texts as people write them: umlauts, signs beyond the basic plane, long words, two blanks and more between words."""
    draw = random.Random(number)
    words = [
        "Käse",
        "Wein",
        "Öl",
        "🍷",
        "👩\u200d👩\u200d👧",
        "für",
        "Donaudampfschifffahrt" * 5,
        "é" * 60,
        "a",
        "(neu)",
        "B,",
        "=?",
    ]
    return [
        "".join(
            draw.choice(words) + " " * draw.choice((0, 1, 1, 2, 3)) for _ in range(draw.randint(1, 16))
        ).strip()
        for _ in range(300)
    ]


@pytest.mark.parametrize("number", range(4))
def test_every_blank_of_a_subject_and_of_a_name_is_kept(number: int) -> None:
    for text in seeded(number):
        assert set(read(mail_headers.text("Subject", text))) == {text}
        line = mail_headers.mailbox("From", text, "news@coburg.example")
        data = line.written.encode("ascii") + b"\r\n"
        ((_, lines),) = header_lines(data)
        by_ours = decoded(lines)
        by_theirs = str(make_header(decode_header(message_from_bytes(data)["From"])))
        assert by_ours == by_theirs
        assert by_ours in (f"{text} <news@coburg.example>", f'"{text}" <news@coburg.example>')


def test_every_name_comes_back_before_exactly_one_address() -> None:
    for text in TITLES[::4]:
        line = mail_headers.mailbox("From", text, "news@coburg.example")
        data = line.written.encode("ascii") + b"\r\n"
        ((_, lines),) = header_lines(data)
        name, _, rest = decoded(lines).rpartition(" <")
        assert rest == "news@coburg.example>"
        assert (name[1:-1] if lines[0].startswith('"') else name) == text
        (one,) = message_from_bytes(data, policy=policy.default)["From"].addresses
        assert one.addr_spec == "news@coburg.example"
        # This reader loses or adds blanks between the words of a name.
        assert "".join(one.display_name.split()) == "".join(text.split())


@pytest.mark.parametrize(
    "text", ["a\r\nBcc: x@y.z", "a\nb", "a\rb", "a\x0bb", "a\x85b", "a\u2028b", "\x00", "\ud800", "\x1b["]
)
def test_a_control_character_is_refused_with_a_sentence(text: str) -> None:
    for name, arguments in {"text": (), "mailbox": ("a@b.example",), "exact": ()}.items():
        with pytest.raises(Unfit, match=r"control characters \(found U\+[0-9A-F]{4}"):
            getattr(mail_headers, name)("Subject", text, *arguments)
    with pytest.raises(Unfit, match="cannot stand"):
        mail_headers.word(text)


@pytest.mark.parametrize("value", ["ä", "=?utf-8?q?a?=", " a", "a  b", "", "x" * 1000])
def test_our_own_words_are_plain(value: str) -> None:
    with pytest.raises(Unfit):
        mail_headers.exact("List-Id", value)


def test_a_name_of_a_header_is_a_name() -> None:
    for name in ("", "Bcc: x\r\nSubject", "Sub ject", "Ä", "x" * 100):
        with pytest.raises(Unfit, match="no name of a header"):
            mail_headers.text(name, "x")


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("anna@example.org", "anna@example.org"),
        ("o'neil+news=x@example.org", "o'neil+news=x@example.org"),
        ("jörg@bücher.example", "jörg@xn--bcher-kva.example"),
        ("a@localhost", "a@localhost"),
    ],
)
def test_an_address_is_shown_with_its_domain_in_ascii(given: str, shown: str) -> None:
    assert mail_headers.address(given) == shown


ADDRESSES = [
    "", "@", "a", "a@", "@b.de", "a b@c.de", "a@b c.de", "a@b.de>", "<a@b.de>", "a@b.de, c@d.de", "a@b@c.de", "a..b@c.de",
    "a@b.de\r\nBcc: x@y.z", '"a b"@c.de', '"a\r\nBcc: x@y.z"@c.de', "a\u2028b@c.de", "a\x85b@c.de", "a\u00a0b@c.de",
    "a\u200bb@c.de", "=?utf-8?q?x=0D=0A?=@c.de", ".a@c.de", "a@c..de", "a@c.de.", "a@=?utf-8?q?x?=", "a@[127.0.0.1]",
    "a(b)@c.de", "a;b@c.de", "x" * 250 + "@c.de", "a@\ud800.de", "a\ud800@c.de", "a@\u2024.de", "a@c\uff0ede\r\n",
]  # fmt: skip


@pytest.mark.parametrize("given", ADDRESSES)
def test_what_could_break_out_is_no_address(given: str) -> None:
    with pytest.raises(Unfit, match="mail address"):
        mail_headers.address(given)


# A finished mail is read back


BODY = (
    '--=_b\r\nContent-Type: text/plain; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nHallo\r\n'
    '--=_b\r\nContent-Type: text/html; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<p>Hallo\r\n'
    "--=_b--\r\n"
)
LINES = [
    mail_headers.mailbox("From", "Coburg", "news@coburg.example"),
    mail_headers.mailbox("To", "", "jörg@bücher.example"),
    mail_headers.text("Subject", "=?utf-8?q?x?="),
    mail_headers.exact("MIME-Version", "1.0"),
    mail_headers.exact("Content-Type", 'multipart/alternative; boundary="=_b"'),
]
GOOD = mail_headers.written(LINES) + "\r\n" + BODY


def test_a_mail_that_is_as_it_was_meant_passes() -> None:
    assert checked(GOOD.encode(), LINES, "Hallo", "<p>Hallo") == GOOD.encode()


@pytest.mark.parametrize(
    ("this", "that"),
    [
        ("Subject: ", "Bcc: x@y.z\r\nSubject: "),
        ("Subject: ", "Subject: a\r\nSubject: "),
        ("=?utf-8?b?PT91dGYtOD9xP3g/PQ==?=", "=?utf-8?q?x?="),
        ("MIME-Version: 1.0\r\n", ""),
        ("\r\nMIME-Version", "\nMIME-Version"),
        ("\r\n\r\n--=_b", "\r\n\r\npreamble\r\n\r\n--=_c"),
        ("text/plain", "text/calendar"),
        ("--=_b--", '--=_b\r\nContent-Type: text/x\r\n\r\nx\r\n--=_b--'),
        ("<p>Hallo", "<p>Hallo<script>"),
        ("Hallo\r\n--=_b--", "Hallo"),
    ],
)  # fmt: skip
def test_a_mail_that_says_anything_else_is_found(this: str, that: str) -> None:
    assert this in GOOD
    with pytest.raises(Unfit, match=r"^This mail"):
        checked(GOOD.replace(this, that, 1).encode(), LINES, "Hallo", "<p>Hallo")


def test_a_line_that_was_written_by_something_that_decodes_is_found() -> None:
    evil = Line("Subject", "Subject: x\r\nBcc: y@z.example\r\n", "x\r\nBcc: y@z.example")
    lines = [*LINES[:2], evil, *LINES[3:]]
    with pytest.raises(Unfit, match="Bcc"):
        checked((mail_headers.written(lines) + "\r\n" + BODY).encode(), lines, "Hallo", "<p>Hallo")
