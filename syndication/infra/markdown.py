"""Markdown (CommonMark, with tables, strikes and bare addresses as in GFM) as harmless HTML and as plain text."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode

from syndication.content import addresses
from syndication.content.characters import legible

_TAGS = {
    "p", "br", "strong", "em", "b", "i", "a", "ul", "ol", "li", "blockquote", "code", "pre", "hr",
    "h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td", "del", "s",
}  # fmt: skip
_ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}, "li": {"value"}}
_SCHEMES = {"http", "https", "mailto", "tel"}
#: What an address that leads somewhere from everywhere begins with. We do not know what others are to be added to.
_LEADS = re.compile(r"https?://|mailto:|tel:", re.IGNORECASE)
#: How `sources/repair.py` writes blanks at the beginning of a line.
_INDENTED = re.compile(r"(?m)^\u00a0+")
#: A quote is looked for to the end of the text for each `>` anew, and a link from each bracket in many ways. A text made of
#: them would keep a worker busy for minutes, so from these numbers on they stay as they were typed.
_MOST_LOOKS, _MOST_BRACKETS = 10_000, 600
#: A cell of a table is five objects before it is a word: a text of nothing else costs a second.
_MOST_BARS = 2_000
#: What an address of the web begins with, at the end of the few signs before its "://".
_SCHEME = re.compile(r"(?:^|[^a-z0-9.+-])(https?)$", re.IGNORECASE)


@dataclass(frozen=True)
class _Found:
    """An address as markdown-it wants it."""

    index: int
    last_index: int
    text: str
    url: str
    schema: str


class _Addresses:
    """Our sense for addresses, in the shape in which markdown-it asks for one."""

    def pretest(self, text: str) -> bool:
        return "." in text

    def test(self, text: str) -> bool:
        return "." in text

    def match(self, text: str) -> list[_Found]:
        return [_named(text, one) for one in addresses.found(text)]


def _named(text: str, one: addresses.Address) -> _Found:
    return _Found(one.start, one.end, text[one.start : one.end], one.href, one.href.partition(":")[0] + ":")


def _address_within(state: StateInline, silent: bool) -> bool:
    """An address with http:// or https:// is one before its signs are taken for emphasis, as in "https://a.de/x_y_z".

    In markdown-it's place, whose rule reads all of the text before each "://" anew.
    """
    place = state.pos
    if state.linkLevel > 0 or not state.src.startswith("://", place):
        return False
    if not (scheme := _SCHEME.search(state.pending[-6:])):
        return False
    begun = place - len(scheme[1])
    if not (one := addresses.at_start(state.src[begun:])):
        return False
    href = one.href.rstrip("*")
    target = state.md.normalizeLink(href)
    if not state.md.validateLink(target):
        return False
    if not silent:
        state.pending = state.pending[: -len(scheme[1])]
        opened = state.push("link_open", "a", 1)
        opened.attrs, opened.info = {"href": target}, "auto"
        state.push("text", "", 0).content = href
        state.push("link_close", "a", -1)
    state.pos = begun + len(href)
    return True


class _Parser(MarkdownIt):
    """As markdown-it has it, but an address is shown as it was typed, not decoded."""

    def normalizeLinkText(self, link: str) -> str:  # noqa: N802 -- markdown-it's name
        return link


class _Renderer(RendererHTML):
    """As markdown-it has it, but of a picture there are the words for those who cannot see it."""

    def image(self, tokens: Sequence[Token], place: int, options: Any, env: Any) -> str:
        return escape(self.renderInlineAsText(tokens[place].children, options, env))


def _numbered_as_typed(state: StateCore) -> None:
    """Numbers of a list stay as they were typed, for they may be days: "24." and "31.".

    CommonMark counts on from the first. That is meant where each has the same number, "1." mostly.
    """
    lists: list[list[Token]] = []
    for token in state.tokens:
        if token.type == "ordered_list_open":
            lists.append([])
        elif token.type == "list_item_open" and token.info:
            lists[-1].append(token)
        elif token.type == "ordered_list_close":
            items = lists.pop()
            typed = [int(item.info) for item in items]
            if len(set(typed)) > 1 and typed != list(range(typed[0], typed[0] + len(typed))):
                for item, number in zip(items, typed, strict=True):
                    item.attrSet("value", number)


def _leading_somewhere(state: StateCore) -> None:
    """Of a link to a place on a site that we do not know, such as "/karten", its words are left."""
    for block in state.tokens:
        kept, off = [], 0
        for token in block.children or ():
            if token.type == "link_open" and not _LEADS.match(str(token.attrGet("href") or "")):
                off += 1
            elif token.type == "link_close" and off:  # links do not nest
                off -= 1
            else:
                kept.append(token)
        if len(kept) != len(block.children or ()):
            block.children = kept


@lru_cache(maxsize=8)
def _parser_without(*rules: str) -> MarkdownIt:
    parser = _Parser("commonmark", {"html": False, "linkify": True}, renderer_cls=_Renderer)
    parser.linkify = _Addresses()
    parser.inline.ruler.at("linkify", _address_within)
    parser.core.ruler.push("numbered_as_typed", _numbered_as_typed)
    parser.core.ruler.push("leading_somewhere", _leading_somewhere)
    return parser.enable(["table", "strikethrough", "linkify"]).disable(rules)


def _parser(text: str) -> MarkdownIt:
    quotes = () if text.count(">") * text.count("\n") <= _MOST_LOOKS else ("blockquote",)
    links = () if text.count("[") <= _MOST_BRACKETS else ("link", "image")
    tables = () if text.count("|") <= _MOST_BARS else ("table",)
    return _parser_without(*quotes, *links, *tables)


def markdown_to_html(text: str) -> str:
    """Markdown as harmless HTML: no scripts, no styles, no pictures, links only to http, https, mailto and tel."""
    return _harmless(_parser(text).render(text))


def plain_to_html(text: str) -> str:
    """Plain text as harmless HTML, without a paragraph around it: its lines kept, its addresses links."""
    pieces, done = [], 0
    for one in addresses.found(text):
        typed = escape(text[one.start : one.end])
        pieces += [escape(text[done : one.start]), f'<a href="{escape(one.href)}">{typed}</a>']
        done = one.end
    return _harmless("".join([*pieces, escape(text[done:])]).replace("\n", "<br>\n"))


def _harmless(html: str) -> str:
    return nh3.clean(
        legible(html),
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes=_SCHEMES,
        link_rel="noopener nofollow",
        strip_comments=True,
    )


# As plain text


@lru_cache(maxsize=100)  # one post goes to many outlets, and some look at its text more than once
def markdown_to_text(text: str) -> str:
    """Markdown as plain text that loses nothing: numbers of lists, rows of tables, quotes, what was struck out, line breaks.

    A link is "words (address)", a picture the words for those who cannot see it.
    """
    tree = SyntaxTreeNode(_parser(text).parse(text))
    return legible(_blocks(tree, "\n\n"))  # a character may be written as its number: &#27;


def _blocks(node: SyntaxTreeNode, between: str) -> str:
    return between.join(said for child in node.children if (said := _block(child)))


def _block(node: SyntaxTreeNode) -> str:
    kind = node.type
    if kind == "inline":
        return _INDENTED.sub(lambda found: " " * len(found[0]), _inline(node)).rstrip()
    if kind in ("fence", "code_block"):
        return node.content.rstrip("\n")
    if kind in ("bullet_list", "ordered_list"):
        return _list(node)
    if kind == "blockquote":
        return "\n".join(f"> {line}".rstrip() for line in _blocks(node, "\n\n").split("\n"))
    if kind == "tr":
        return " | ".join(_blocks(cell, " ") for cell in node.children)
    if kind == "hr":
        return "---"
    return _blocks(node, "\n" if kind in ("table", "thead", "tbody") else "\n\n")


def _list(node: SyntaxTreeNode) -> str:
    """Items with a dash or their number before them; one below the other, or apart where one has several paragraphs."""
    first, items = int(node.attrs.get("start", 1)), []
    loose = any(
        child.type == "paragraph" and not child.hidden for item in node.children for child in item.children
    )
    for number, item in enumerate(node.children, first):
        mark = f"{item.attrs.get('value', number)}{item.markup} " if node.type == "ordered_list" else "- "
        lines = _blocks(item, "\n\n" if loose else "\n").split("\n")
        items.append(
            mark + "\n".join([lines[0], *(" " * len(mark) + line if line else "" for line in lines[1:])])
        )
    return ("\n\n" if loose else "\n").join(items)


def _inline(node: SyntaxTreeNode) -> str:
    return "".join(_words(child) for child in node.children)


def _words(node: SyntaxTreeNode) -> str:
    kind = node.type
    if kind in ("softbreak", "hardbreak"):
        return "\n"
    if kind == "s":
        return f"~~{_inline(node)}~~"
    if kind == "image":
        return _inline(node)
    if kind != "link":
        return _inline(node) if node.children else node.content
    words, address = _inline(node), str(node.attrs.get("href", ""))
    if node.info == "auto" or words in (address, _LEADS.sub("", address)):
        return words
    return f"{words} ({address})" if words else address
