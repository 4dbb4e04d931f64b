"""Links and redirects to ourselves lead to ourselves, whatever address, host or header somebody asks with."""

import re
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from syndication.infra import db
from syndication.publishing import posts
from syndication.web.site import links
from tests import factories

pytestmark = pytest.mark.enough("sqlite")  # addresses and headers alone

TEMPLATES = Path(__file__).parent.parent.parent / "templates" / "site"
HERE = "http://testserver"
FOREIGN = (
    "//evil.example/x", "///evil.example", "/\\evil.example", "/%2f%2fevil.example", "/%2F/evil.example", "/%5Cevil.example",
    "/%5c%5cevil.example/", "/%09//evil.example", "/%0a/evil.example", "/x/..//evil.example", "/.//evil.example",
    "/%2e%2e//evil.example", "//evil.example/%2e%2e", "/https://evil.example", "//evil.example?lang=en", "//user@evil.example/",
    "//evil.example//", "/notices//evil.example/..", "/%20//evil.example", "/%00//evil.example",
)  # fmt: skip


def other_language(page: str) -> str:
    found = re.search(r'class="other" href="([^"]*)"', page)
    assert found
    return unescape(found.group(1))


def ours(link: str) -> bool:
    """Whether a browser on any page of ours stays with us behind a link (WHATWG URL: tabs and newlines do not count)."""
    bare = re.sub(r"[\t\n\r]", "", link).replace("\\", "/")
    return (
        bare.startswith("/")
        and not bare.startswith("//")
        and urlsplit(urljoin(HERE + "/a/b", bare)).netloc == "testserver"
    )


@pytest.mark.parametrize("path", FOREIGN)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_no_address_makes_our_page_lead_elsewhere(client: TestClient, path: str, method: str) -> None:
    # The client would read "//host" as a host; a socket sends it as it stands.
    answer = client.request(method, HERE + path, headers={"Accept": "text/html"}, follow_redirects=False)
    if "location" in answer.headers:
        assert ours(answer.headers["location"]), answer.headers["location"]
        return
    for attribute in re.findall(r'(?:href|action|src)="([^"]*)"', answer.text):
        assert ours(unescape(attribute)) or attribute.startswith(("#", "http://localhost:8000/")), attribute


@given(path=st.text(min_size=1, max_size=40), query=st.text(max_size=20))
def test_no_path_is_a_host(path: str, query: str) -> None:
    for made in (
        links.ours("/" + path),
        links.ours(path),
        links.to("/confirm", path),
        links.to("/", x=query),
    ):
        assert ours(made), made
        assert made.isascii()


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("https://a.example/x?y=1&z=ü#oben", "https://a.example/x?y=1&z=ü#oben"),
        ('https://a.example/a b?x=<>"|^`{}', "https://a.example/a%20b?x=%3C%3E%22%7C%5E%60%7B%7D"),
        ("https://a.example/100%?x=%2F&y=%zz", "https://a.example/100%25?x=%2F&y=%25zz"),
        ("https://[::1]:8000/[x]#a#b", "https://[::1]:8000/%5Bx%5D#a%23b"),
        ("https://a.example", "https://a.example"),
    ],
)
def test_anybodys_address_stands_on_a_page_as_a_url_may(given: str, shown: str) -> None:
    assert links.elsewhere(given) == shown
    assert links.elsewhere(shown) == shown


@pytest.mark.parametrize(
    "path",
    ["/preferences/TOKEN?a=b&lang=de&c=%26", "/?topic=wein&topic=bier", "/notices?x=1", "/posts/x?a=%22%3E"],
)
def test_the_link_to_the_other_language_keeps_the_query(client: TestClient, path: str) -> None:
    asked = parse_qs(urlsplit(path).query)
    link = other_language(client.get(path, headers={"Accept": "text/html", "Accept-Language": "de"}).text)
    assert urlsplit(link).path == urlsplit(path).path
    assert parse_qs(urlsplit(link).query) == asked | {"lang": ["en"]}


def test_a_page_behind_a_form_leads_where_one_can_go(client: TestClient) -> None:
    page = client.post("/sign-up?lang=de", data={"email": "a@b.example"})
    link = other_language(page.text)
    assert client.get(link).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"X-Forwarded-Host": "evil.example"},
        {"Forwarded": "host=evil.example"},
        {"X-Forwarded-Proto": "javascript"},
        {"X-Original-URL": "//evil.example"},
        {"X-Forwarded-Prefix": "//evil.example"},
        {"Referer": "https://evil.example/"},
    ],
)
def test_no_header_makes_our_page_lead_elsewhere(client: TestClient, headers: dict[str, str]) -> None:
    with db.transaction() as session:
        merchant_id = factories.merchant(session).id
    one = posts.create(merchant_id, factories.event())
    for path in (
        "/",
        f"/posts/{one.id}",
        "/nothing",
        "/notices/",
        "/posts/",
        f"/posts/{one.id}/",
        "/api/v1/posts/",
    ):
        answer = client.get(path, headers=headers | {"Accept": "text/html"}, follow_redirects=False)
        assert "evil.example" not in answer.text
        assert "evil.example" not in str(answer.headers)
        if "location" in answer.headers:
            assert answer.headers["location"] == path.rstrip("/")


def test_templates_make_no_links_by_hand() -> None:
    by_hand = re.compile(r"""(?:href|action|src|content)=["'][^"'{]*/[^"'{]*\{\{|\{\{ *(?:here|request)\b""")
    found = [
        f"{path.name}: {line}"
        for path in TEMPLATES.rglob("*.html")
        for line in path.read_text(encoding="utf-8").splitlines()
        if by_hand.search(line)
    ]
    assert found == []
    assert by_hand.search('<a href="/confirm/{{ token }}">')
    assert by_hand.search('<a href="{{ here }}?lang=en">')
