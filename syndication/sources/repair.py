"""Cleans foreign text: removes what readers should not see, restores damaged characters, and reports each repair."""

import html
import html.entities
import re
import unicodedata

import nh3

from syndication.content import addresses
from syndication.content.reason import Reason

_REMOVED = Reason("invisible characters removed")
_RESTORED = Reason("garbled umlauts restored")
_UNMARKED = Reason("HTML read as text")
_STAMPED = Reason("note on the time of export left out")

#: Zero-width marks, soft hyphens and writing-direction switches. The joiners U+200C and U+200D stay: emoji need them.
_INVISIBLE = {
    0xAD,
    0x180E,
    0x200B,
    0x200E,
    0x200F,
    0x2060,
    0xFEFF,
    *range(0x202A, 0x202F),
    *range(0x2066, 0x206A),
}
#: UTF-8 read as Windows-1252: the marks that German, French and typographic text shows then.
_GARBLED = re.compile(r"[\u00c2\u00c3][^\x00-\x7f]|\u00e2[^\x00-\x7f]{2}|\u00f0[^\x00-\x7f]{3}")
_ELEMENT = re.compile(
    r"</?(?:html|body|script|style|p|br|hr|a|b|i|u|ul|ol|li|div|span|font|table|tr|td|strong|em|h[1-6])(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
#: Looked for one after the other: in one pattern for a whole link each would be tried anew for every place of the one before.
_ANCHOR = re.compile(r"<a\s([^<>]*)>|</a>", re.IGNORECASE)
_HREF = re.compile(
    r"""(?:^|\s)href\s*=\s*["']?(?:mailto:)?((?:https?://|(?<=mailto:))[^"'\s<>]+)""", re.IGNORECASE
)
_ADDRESS = re.compile(r"https?://\S+", re.IGNORECASE)
_SOURCE = re.compile(r"(?:Quelle|Source)\s*:\s*(https?://\S+)", re.IGNORECASE)
_STAMP = re.compile(
    r"(?:Zuletzt\b.*?\b(?:abgeglichen|aktualisiert|geändert|synchronisiert)|Last (?:updated|changed|synced))\b",
    re.IGNORECASE,
)


def cleaned(text: str, remarks: list[str]) -> str:
    """`text` with unix line ends, without invisible and control characters and with garbled letters restored."""
    text = re.sub(r"\r\n?|[\u2028\u2029\x0b\x0c\x85]", "\n", text)
    restored = _GARBLED.sub(lambda found: _restored(found[0]), text)
    if restored != text:
        remarks.append(_RESTORED)
    visible = "".join(c for c in restored if c in "\n\t" or not _hidden(c))
    if visible != restored:
        remarks.append(_REMOVED)
    return visible


def _hidden(character: str) -> bool:
    return ord(character) in _INVISIBLE or unicodedata.category(character) in ("Cc", "Cs")


def _restored(garbled: str) -> str:
    try:
        return b"".join(_byte(c) for c in garbled).decode("utf-8")
    except UnicodeError:
        return garbled


def _byte(character: str) -> bytes:
    try:
        return character.encode("cp1252")
    except UnicodeEncodeError:
        return character.encode(
            "latin-1"
        )  # the five bytes that Windows-1252 leaves open come through as they are


def one_line(text: str) -> str:
    """`text` with every run of white space as one blank."""
    return " ".join(text.split())


def shortened(text: str, most: int, name: str, remarks: list[str]) -> str:
    """At most `most` characters of `text`, cut between words."""
    if len(text) <= most:
        return text
    remarks.append(Reason("{} shortened to {} characters", name, most))
    kept = text[: most - 1]
    return (kept.rpartition(" ")[0] or kept).rstrip() + "…"


#: A character by its name or number; `&amp;` before it is an export that wrote a text twice.
_ENTITY = re.compile(r"&(?:amp;)*(#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_ESCAPED = re.compile(r"""(?<!\\)\\+([nN,;"'])""")
_DRIVE = re.compile(r"\b[A-Za-z]:\\")


def wording(text: str, remarks: list[str]) -> str:
    """A text of a calendar as people were meant to read it: plain, with its lines, whatever was written once too often.

    What is escaped although RFC 5545 section 3.3.11 does not know it (`\\"`), or escaped twice, loses its backslash; HTML
    becomes its words, with their links; entities become their characters.
    """
    if not _DRIVE.search(text):
        text = _ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], text)
    if not _ELEMENT.search(text):
        text = with_characters(text)  # which may be that of elements
    return cleaned(with_characters(without_html(text, remarks)), remarks).strip()


def with_characters(text: str) -> str:
    """`text` with the characters that HTML's entities name. Only what ends in a semicolon is one: `?a=1&copy=2` stays."""
    return _ENTITY.sub(lambda found: _character(found[1]), text)


def _character(name: str) -> str:
    if name.startswith("#"):
        return html.unescape(f"&{name};").replace("\xa0", " ")
    return html.entities.html5.get(f"{name};", f"&{name};").replace("\xa0", " ")


def words_of_page(text: str, remarks: list[str]) -> str:
    """The words of an HTML document (X-ALT-DESC), where the end of a line means nothing."""
    return wording(f"<body>{' '.join(_ESCAPED.sub(_in_page, text).split())}", remarks)


def _in_page(found: re.Match[str]) -> str:
    return " " if found[1] in "nN" else found[1]


def without_html(text: str, remarks: list[str]) -> str:
    """The words of HTML, links as `words (address)`; text without HTML as it is."""
    if not _ELEMENT.search(text):
        return text
    remarks.append(_UNMARKED)
    text = _with_addresses(text)
    text = re.sub(r"<[bh]r\b[^<>]*>|</(?:div|li|h[1-6]|ul|ol|tr|dt|dd)>", "\n", text, flags=re.IGNORECASE)
    text = re.sub(r"</(?:p|table)>", "\n\n", text, flags=re.IGNORECASE)
    text = re.sub(r"</t[dh]>", " ", text, flags=re.IGNORECASE)
    text = re.sub(r"<li(?:\s[^<>]*)?>", "- ", text, flags=re.IGNORECASE)
    bare = html.unescape(nh3.clean(text, tags=set(), clean_content_tags={"script", "style", "title"}))
    # Blanks at the beginning of a line indent the source, not what is shown.
    return re.sub(r"(?m)^[ \t]+", "", bare)


def _bare(link: str) -> str:
    """An address of the web as it is, one of mail without what a letter to it is to say."""
    return link if "://" in link[:8] else link.partition("?")[0]


def _with_addresses(text: str) -> str:
    """HTML with each link to a web address as `words (address)`."""
    pieces, done = [], 0
    opened: tuple[re.Match[str], str] | None = None
    for tag in _ANCHOR.finditer(text):
        if opened is None:
            address = _HREF.search(tag[1] or "")
            opened = (tag, _bare(address[1])) if address else None
        elif tag[1] is None:
            start, link = opened
            words = text[start.end() : tag.start()]
            pieces += [
                text[done : start.start()],
                link if words.strip() in ("", link) else f"{words} ({link})",
            ]
            done, opened = tag.end(), None
    return "".join([*pieces, text[done:]])


def _is_stamp(line: str) -> bool:
    """Whether a line tells when something was exported: the word for it, and behind it a number."""
    found = _STAMP.match(line)
    return found is not None and any(c.isdecimal() for c in line[found.end() :])


def without_boilerplate(text: str, url: str | None, remarks: list[str]) -> tuple[str, str | None]:
    """The text without repeated links and export notes at its end, and the post's address: `url`, else the link found.

    The time of an export changes at every export; left in, it would revise every post each time.
    """
    lines = text.split("\n")
    found = url
    while lines:
        line = lines[-1].strip()
        source = _SOURCE.fullmatch(line)
        link = source[1] if source else line if _ADDRESS.fullmatch(line) else None
        if link and found in (None, link):
            found = link
        elif _is_stamp(line):
            remarks.append(_STAMPED)
        elif line:
            break
        lines.pop()
    lines = [line for line in lines if not found or line.strip() != found]
    if found and not url:
        remarks.append(Reason("link in the description used as url"))
    elif not any(line.strip() for line in lines) and found and found in text:
        remarks.append(Reason("description was only a link: used as url"))
    return "\n".join(lines).strip(), found


# Plain text in a field that holds Markdown

_SPECIAL = re.compile(
    r"\\(?=[!-/:-@\[-`{-~\n]|$)|[`*]|(?<!\w)_|_(?!\w)|~(?=~)|(?<=~)~|\](?=[(:\[])|&(?=#|\w+;)|<(?=[A-Za-z/!?])"
)
_OPENING = re.compile(r"(?m)^((?:&nbsp;\xa0*)?)(?:(?=[#>+~=|:-])|(\d{1,9})(?=[.)](?:\s|$)))")
_INDENT = re.compile(r"(?m)^[ \t\xa0]+")
#: Blanks at the beginning of a line that are kept.
_MOST_BLANKS = 40


def as_markdown(text: str) -> str:
    """Markdown that reads as the plain `text` does: nothing in it becomes a list, heading or emphasis by chance.

    Lines and their indentation stay; most texts stay letter by letter. See decision 0028.
    """
    marked = _escaped("\n".join(line.rstrip() for line in text.split("\n")))
    marked = _INDENT.sub(lambda found: _blanks(found[0]), marked)
    marked = _OPENING.sub(lambda found: f"{found[1]}{found[2] or ''}\\", marked)
    marked = re.sub(r"\n{3,}", "\n\n", marked).strip("\n")
    return re.sub(r"(?<!\n)\n(?!\n)", "\\\\\n", marked)  # a line's end is a line's end, as in the source


def _escaped(text: str) -> str:
    """Without effect in Markdown; an address in which a sign would have one becomes a link of its own."""
    pieces, done = [], 0
    for one in addresses.found(text):
        typed = text[one.start : one.end]
        if _SPECIAL.search(typed):
            link = (
                f"<{typed}>"
                if typed == one.href
                else f"[{_without_effect(typed)}](<{one.href.replace('&', '&amp;')}>)"
            )
            pieces += [_without_effect(text[done : one.start]), link]
            done = one.end
    return "".join([*pieces, _without_effect(text[done:])])


def _without_effect(text: str) -> str:
    return _SPECIAL.sub(lambda found: "\\" + found[0], text)


def _blanks(indent: str) -> str:
    """Blanks that Markdown neither drops nor takes for code."""
    return "&nbsp;" + "\xa0" * (min(len(indent.expandtabs(4)), _MOST_BLANKS) - 1)
