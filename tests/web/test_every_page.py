"""What holds for every page: it is valid HTML, opens in the other language, and says which one it speaks."""

import re
from html import unescape
from typing import Any

import html5lib
import pytest
from starlette.testclient import TestClient

from syndication import config
from syndication.web.app import create_app
from tests.web.every_page import BROWSER, every_page

pytestmark = pytest.mark.enough("sqlite")  # what pages look like
#: Attributes by which one element of a page names others.
REFERENCES = ("for", "aria-describedby", "aria-labelledby", "form")


def faults(document: str) -> list[str]:
    """What a strict parser finds, and what it does not look for: names that are used twice, or lead nowhere."""
    parser = html5lib.HTMLParser(strict=False, namespaceHTMLElements=False)
    tree = parser.parse(document)
    found = [f"{code} at {place}" for place, code, _ in parser.errors]
    ids = [one.get("id") for one in tree.iter() if one.get("id")]
    found += [f"id {name} stands twice" for name in ids if ids.count(name) > 1]
    for one in tree.iter():
        for name in REFERENCES:
            found += [
                f"{name}={word} leads nowhere" for word in (one.get(name) or "").split() if word not in ids
            ]
        if one.tag == "a" and (one.get("href") or "").startswith("#"):
            found += [] if one.get("href")[1:] in ids else [f"{one.get('href')} leads nowhere"]
        if one.tag == "img" and one.get("alt") is None:
            found.append("a picture without words")
    labelled = {field for label in tree.iter("label") for field in label.iter() if field is not label}
    named = {label.get("for") for label in tree.iter("label") if label.get("for")}
    for field in [*tree.iter("input"), *tree.iter("select")]:
        if field.get("id") in named:
            continue
        if field.get("type") not in ("hidden",) and field not in labelled and not field.get("aria-label"):
            found.append(f"{field.get('name')} has no label")
    return found


def language(document: str) -> str:
    found = re.search(r'<html lang="(..)">', document)
    assert found
    return found[1]


def test_faults_of_a_page_are_found() -> None:
    page = "<!doctype html><html lang=de><head><title>x</title></head><body>{}</body></html>"
    assert faults(page.format("<p>gut</p>")) == []
    for bad in ('<p id="a"></p><p id="a"></p>', "<p>\x01</p>", "<div></p></div>", "<p a=1 a=2></p>", '<img src="x">',
                '<a href="#b">', '<input name="x">', '<p aria-describedby="nothing"></p>', "<b><p></b></p>"):  # fmt: skip
        assert faults(page.format(bad)), bad


def test_every_page_is_valid_and_opens_in_the_other_language(
    database: str, settings: config.Settings
) -> None:
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        seen: list[str] = []
        for name, answer in every_page(client):
            seen.append(name)
            assert answer.status_code < 500, name
            assert answer.headers["content-type"] == "text/html; charset=utf-8", name
            assert faults(answer.text) == [], name
            assert language(answer.text) == answer.headers["content-language"] == "de", name
            assert "Accept-Language" in answer.headers["vary"], name
            _opens_in_the_other_language(client, name, answer)
        assert len(seen) >= 50
        statuses = {int(name[-3:]) for name in seen}
        assert {200, 400, 404, 405, 410, 415, 422} <= statuses


def _opens_in_the_other_language(client: TestClient, name: str, answer: Any) -> None:
    found = re.search(r'class="other" href="([^"]*)" hreflang="en"', answer.text)
    assert found, name
    # As a browser that speaks German: it is the link that says English.
    other = client.get(unescape(found[1]), headers={**BROWSER, "Accept-Language": "de"})
    assert language(other.text) == other.headers["content-language"] == "en", name
    assert other.status_code < 500, name
    if answer.status_code < 300:
        assert other.status_code == 200, name
    assert faults(other.text) == [], name
    back = re.search(r'class="other" href="([^"]*)" hreflang="de"', other.text)
    assert back, name
    assert language(client.get(unescape(back[1]), headers=BROWSER).text) == "de", name
