"""Reads a finished mail back as mail programs would, and refuses it if it says anything but what was meant."""

from collections.abc import Sequence
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage, Message

from syndication.infra.mail_headers import Line, Unfit

#: Octets of a line at most (RFC 5322 section 2.1.1).
_LINE = 998


def checked(data: bytes, lines: Sequence[Line], plain: str, html: str) -> bytes:
    """`data`, where its head is exactly `lines` and its body the two texts, in this order. Raises Unfit with what differs.

    It is read back with the standard library, by its newer and by its older rules, which decode differently.
    """
    try:
        _head(data, lines)
        newer, older = message_from_bytes(data, policy=policy.default), message_from_bytes(data)
        for message in (newer, older):
            if message.keys() != [line.name for line in lines]:
                raise Unfit(f"it has the headers {', '.join(message.keys())}")
        for line in lines:
            _read(newer, older, line)
        _body(newer, {"text/plain": plain, "text/html": html})
    except Unfit as found:
        raise Unfit(f"This mail would not be read as it was meant: {found}.") from found
    except (
        ValueError,
        LookupError,
        IndexError,
        AttributeError,
        TypeError,
    ) as error:  # what parsers trip over
        raise Unfit(f"This mail cannot be read back ({type(error).__name__}).") from error
    return data


def read(data: bytes) -> tuple[str, dict[str, str]]:
    """Subject and bodies, by their content types, of a finished mail as a program shows it."""
    message = message_from_bytes(data, policy=policy.default)
    parts = [part for part in message.walk() if not part.is_multipart()]
    return str(message["Subject"]), {part.get_content_type(): str(part.get_content()) for part in parts}


def _head(data: bytes, lines: Sequence[Line]) -> None:
    """The head is the lines and nothing else, none too long, with no line end that is not ours."""
    meant = "".join(line.written for line in lines).encode() + b"\r\n"
    if not data.startswith(meant):
        raise Unfit("its head is another")
    for one in meant.split(b"\r\n"):
        if len(one) > _LINE or any(octet < 32 for octet in one):
            raise Unfit("a line of its head is too long, or holds a control character")


def _read(newer: EmailMessage, older: Message, line: Line) -> None:
    if not line.address.isascii():
        return  # RFC 6532, which these parsers do not know; the octets were compared above
    if not line.decoded:  # our own words: they stand as they are
        fine = older[line.name].replace("\r\n ", " ") == line.means
    elif not line.address:
        fine = str(newer[line.name]) == line.means == _by_older_rules(older, line)
    else:
        found = newer[line.name].addresses
        # Names lose a blank here or gain one between their encoded words, which RFC 2047 section 6.2 does not allow.
        said = [(_close(one.display_name), one.addr_spec) for one in found]
        both = _close(f"{line.means}<{line.address}>")
        fine = said == [(_close(line.means), line.address)] and _close(_by_older_rules(older, line)) == both
    if not fine or (line.decoded and newer[line.name].defects):
        raise Unfit(f"{line.name} is read as {str(newer[line.name])[:80]!r}")


def _by_older_rules(message: Message, line: Line) -> str:
    return str(make_header(decode_header(message[line.name])))


def _close(name: str) -> str:
    return "".join(name.replace('"', "").split())


def _body(message: EmailMessage, texts: dict[str, str]) -> None:
    if message.get_content_type() != "multipart/alternative":
        raise Unfit("its body is another")
    parts = list(message.iter_parts())
    if [part.get_content_type() for part in parts] != list(texts):
        raise Unfit(f"its parts are {', '.join(part.get_content_type() for part in parts)}")
    for part, meant in zip(parts, texts.values(), strict=True):
        if part.get_content().replace("\r\n", "\n") != meant.replace("\r\n", "\n"):
            raise Unfit(f"its {part.get_content_type()} reads otherwise")
    if faulty := [defect for part in message.walk() for defect in part.defects]:
        raise Unfit(f"it is faulty ({type(faulty[0]).__name__})")
