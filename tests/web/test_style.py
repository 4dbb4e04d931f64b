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
    """The classes that a template names, also in `{% if %}` within the attribute, in an expression's strings, and in a script."""
    found = {word for text in re.findall(r'\.className = "([^"]*)"', template) for word in text.split()}
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
        for one in (*folder.rglob("*.html"), *folder.glob("*.js"))
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
        ('box.className = "a b";', {"a", "b"}),
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


def tokens() -> dict[str, dict[str, str]]:
    """The colours of the light and of the dark pages by their names."""
    light, dark = re.split(
        r"@media \(prefers-color-scheme: dark\)",
        STYLE.read_text(encoding="utf-8").partition("/* Ground */")[0],
    )
    first, second = (dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", one)) for one in (light, dark))
    assert first.keys() == second.keys()
    return {"light": first, "dark": second}


def contrast(one: str, other: str) -> float:
    """The ratio of two colours (WCAG 2.2, "contrast ratio")."""

    def luminance(colour: str) -> float:
        parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        red, green, blue = (
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    dim, bright = sorted((luminance(one), luminance(other)))
    return (bright + 0.05) / (dim + 0.05)


def test_contrast_is_counted_as_the_standard_does() -> None:
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("front", "grounds", "least"),
    [
        *((one, ("paper", "card"), 4.5) for one in ("ink", "soft", "link", "brand", "alarm", "well", "wait")),
        ("ink", ("sunk", "well-pale", "alarm-pale", "brand-pale"), 4.5),
        ("brand", ("brand-pale",), 4.5),
        ("alarm", ("alarm-pale",), 4.5),
        ("on-brand", ("brand", "brand-deep"), 4.5),
        ("ring", ("paper", "card", "sunk"), 3),  # what is no text
        ("edge", ("paper", "card"), 3),
    ],
)
def test_every_colour_can_be_told_from_its_ground(
    front: str, grounds: tuple[str, ...], least: float, scheme: str
) -> None:
    colours = tokens()[scheme]
    for ground in grounds:
        assert contrast(colours[front], colours[ground]) >= least, ground


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
