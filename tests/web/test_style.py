"""The stylesheet and the templates name the same classes, and docs/pages.md tells of the parts."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STYLE = ROOT / "templates/site/style.css"
PAPER = ROOT / "docs/pages.md"
#: Classes that name something for tests and scripts alone.
UNSTYLED = {"other"}
#: Classes whose names are the states of a delivery, in a template `class="{{ one.state }}"`.
STATES = {"waiting", "sending", "sent", "failed", "dropped", "unconfirmed"}
#: What a call of the macro `state` may be given.
KINDS_OF_STATE = {"sent", "waits", "failed", "off"}


def styled(css: str) -> set[str]:
    """The classes that a stylesheet has rules for."""
    bare = re.sub(r"/\*.*?\*/|\{[^{}]*\}|\"[^\"]*\"", " ", css, flags=re.DOTALL)
    return set(re.findall(r"\.([a-zA-Z][\w-]*)", bare))


def used(template: str) -> set[str]:
    """The classes that a template names, also in `{% if %}` within the attribute and in an expression's strings."""
    found: set[str] = set()
    bare = re.sub(r"\{#.*?#\}", "", template, flags=re.DOTALL)
    for value in re.findall(r'\bclass="((?:\{\{.*?\}\}|\{%.*?%\}|[^"])*)"', bare):
        for expression in re.findall(r"\{\{(.*?)\}\}", value):
            found |= {word for text in re.findall(r'"([^"]*)"', expression) for word in text.split()}
        found |= set(re.sub(r"\{\{.*?\}\}|\{%.*?%\}", " ", value).split())
    return found


def pages() -> dict[str, str]:
    folders = [ROOT / "templates/site", ROOT / "templates/desk"]
    return {
        str(one.relative_to(ROOT)): one.read_text(encoding="utf-8")
        for folder in folders
        for one in folder.rglob("*.html")
    }


@pytest.mark.parametrize(
    ("css", "right"),
    [
        (".a, .b > .c:hover { color: red }", {"a", "b", "c"}),
        ("/* .no */ @media (x) { .a.b { margin: 0.5rem } }", {"a", "b"}),
        ('.a::before { content: ".no" }', {"a"}),
    ],
)
def test_classes_of_a_stylesheet_are_found(css: str, right: set[str]) -> None:
    assert styled(css) == right


@pytest.mark.parametrize(
    ("template", "right"),
    [
        ('<p class="a b">', {"a", "b"}),
        ('<p class="a{% if x == "no" %} b{% endif %}">', {"a", "b"}),
        ('<p class="{{ "a b" if x else "c" }}">', {"a", "b", "c"}),
        ('{# class="no" #}<p data-class="a">', {"a"}),
    ],
)
def test_classes_of_a_template_are_found(template: str, right: set[str]) -> None:
    assert used(template) == right


def test_no_template_names_a_class_that_the_stylesheet_lacks() -> None:
    known = styled(STYLE.read_text(encoding="utf-8")) | UNSTYLED
    lacking = {path: missing for path, text in pages().items() if (missing := used(text) - known)}
    assert lacking == {}


def test_no_rule_is_for_a_class_that_no_template_names() -> None:
    named = set().union(*map(used, pages().values())) | STATES | KINDS_OF_STATE
    assert styled(STYLE.read_text(encoding="utf-8")) - named == set()


def test_every_colour_is_a_token() -> None:
    """Outside the tokens nothing names a colour of its own, or the dark pages would lack it."""
    rules = STYLE.read_text(encoding="utf-8").partition("/* Ground */")[2].partition("@media print")[0]
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b|\brgba?\(|:\s*(?:white|black)\b", rules) == []


def test_every_token_is_there_and_every_one_is_used() -> None:
    css = STYLE.read_text(encoding="utf-8")
    made, taken = set(re.findall(r"(--[\w-]+):", css)), set(re.findall(r"var\((--[\w-]+)\)", css))
    assert made == taken


def test_the_paper_tells_of_every_part() -> None:
    parts = (ROOT / "templates/site/parts.html").read_text(encoding="utf-8")
    named = set(re.findall(r"^\{% macro ([a-z]\w*)\(", parts, re.MULTILINE))
    told = PAPER.read_text(encoding="utf-8")
    assert len(named) > 10
    assert [one for one in named if f"`{one}(" not in told] == []
