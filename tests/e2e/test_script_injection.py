"""What merchants write never becomes script: pages and mails full of vectors, opened in a real browser without our policy."""

from email import message_from_bytes, policy
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from syndication import config
from syndication.audience import readers
from syndication.channels.built_in.newsletter import Correction, EditionView, Entry, Newsletter, compose
from syndication.channels.envelope import Copy
from syndication.content.post import Draft
from syndication.infra import db
from syndication.kinds.reading import draft
from syndication.publishing import posts
from tests import factories
from tests.channels.samples import AT, CITY, SENDER, copy, view
from tests.chromium import CHROMIUM, Tab, browsing
from tests.vectors import ENDS, LINES, TEXTS
from tests.web.serving import served

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine; .ci/run installs it")

#: How many vectors one post carries in its body.
_A_BODY = 6
#: Runs every handler and follows nothing: what a person might touch, this touches.
_TOUCH = """(() => {
  const kinds = ['click', 'mouseover', 'mouseenter', 'pointerenter', 'focus', 'toggle', 'error', 'load', 'begin'];
  document.addEventListener('click', (event) => event.preventDefault(), true);
  document.addEventListener('submit', (event) => event.preventDefault(), true);
  for (const one of document.querySelectorAll('*')) for (const kind of kinds) one.dispatchEvent(new Event(kind));
  const addresses = [...document.querySelectorAll('*')].flatMap((one) =>
    [...one.attributes].filter((a) => /^(href|src|action|formaction|data|xlink:href|srcdoc|background|style|on.*)$/i.test(a.name))
      .map((a) => `${one.tagName} ${a.name}=${a.value}`));
  return addresses;
})()"""


def drafts() -> list[Draft]:
    """Posts that hold every vector in every place that takes words."""
    bodies = ["\n\n".join(TEXTS[start : start + _A_BODY]) for start in range(0, len(TEXTS), _A_BODY)]
    made = []
    for number in range(max(len(LINES), len(bodies))):
        line, other = LINES[number % len(LINES)], LINES[(number + 7) % len(LINES)]
        made.append(
            factories.event(
                line[:200],
                summary=other[:500],
                body=bodies[number % len(bodies)],
                url=f"https://x.example/{ENDS[number % len(ENDS)]}"[:2000],
                place={"name": line[:200], "address": other[:300]},
                images=[{"url": f"https://x.example/{ENDS[-number - 1]}", "alt": line[:500]}],
                topics=[f"thema {number}"],
                texts={"mastodon": other},
            )
        )
        made.append(
            draft({"kind": "offer", "title": other[:200], "coupon_code": line[:60], "summary": line[:500]})
        )
    return made


def watched(tab: Tab) -> None:
    """Script that runs is heard, and our own policy does not stand in its way."""
    tab.command("Network.enable")
    tab.command("Page.setBypassCSP", enabled=True)
    tab.command("Runtime.addBinding", name="hitBound")
    hear = "window.hit = (number) => window.hitBound(String(number)); window.alert = window.hit; window.open = () => null;"
    tab.command("Page.addScriptToEvaluateOnNewDocument", source=hear)


def found(tab: Tab, ours: str) -> dict[str, Any]:
    """What is wrong on the page that is open: script that ran, addresses that would run, requests to others."""
    addresses = tab.evaluate(_TOUCH)
    scripted = [one for one in addresses if one.split("=", 1)[0].split()[1].lower().startswith("on")]
    dangerous = [
        one for one in addresses
        if one.split("=", 1)[1].strip().lower().replace("\t", "").startswith(("javascript:", "vbscript:", "data:text"))
    ]  # fmt: skip
    asked = [one["request"]["url"] for one in tab.heard("Network.requestWillBeSent")]
    elsewhere = [url for url in asked if urlsplit(url).netloc not in ("", ours)]
    ran = [one["payload"] for one in tab.heard("Runtime.bindingCalled")]
    wrong = {"ran": ran, "handlers": scripted, "addresses": dangerous, "elsewhere": elsewhere}
    return {name: what for name, what in wrong.items() if what}


def test_the_browser_would_hear_it(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(
        "<img src=x onerror=hit(1)><a href='javascript:hit(2)'>x</a><img src=http://127.0.0.1:1/>"
    )
    with browsing(tmp_path) as tab:
        watched(tab)
        tab.open(page.as_uri())
        tab.until(lambda: tab.heard("Runtime.bindingCalled"))
        assert set(found(tab, "")) == {"ran", "handlers", "addresses", "elsewhere"}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_vector_works_on_a_page(city: config.Settings, tmp_path: Path) -> None:
    with db.transaction() as session:
        merchant = factories.merchant(
            session,
            name=LINES[7],
            address=LINES[61],
            url=f"https://x.example/{ENDS[2]}",
            posts_per_day=100_000,
        ).id
        factories.reader(session, "anna@example.org")
    made = [posts.create(merchant, one).id for one in drafts()]
    token = readers.token_for("anna@example.org")
    wrong: dict[str, Any] = {}
    with served(city) as base, browsing(tmp_path) as tab:
        watched(tab)
        for path in ["/", f"/preferences/{token}", *(f"/posts/{post}" for post in made)]:
            tab.open(base + path)
            if problems := found(tab, urlsplit(base).netloc):
                wrong[path] = problems
    print(f"{len(LINES) + len(TEXTS)} vectors on {len(made) + 2} pages")
    assert wrong == {}


def mails() -> list[Copy]:
    """Editions that hold every vector, as news and as corrections."""
    views = [
        view(number, title=one.title, summary=one.summary, body=one.body, place=one.place)
        for number, one in enumerate(drafts())
        if one.kind == "event"
    ]
    made = []
    for start in range(0, len(views), 10):
        some = views[start : start + 10]
        told = EditionView(
            "de", AT, tuple(map(Entry, some[:5])), tuple(Correction(one, "moved") for one in some[5:])
        )
        made.append(Copy(**{**vars(copy()), "parts": compose(told, CITY, SENDER)}))
    return made


def test_no_vector_works_in_a_mail(tmp_path: Path) -> None:
    wrong: dict[str, Any] = {}
    with browsing(tmp_path) as tab:
        watched(tab)
        for number, one in enumerate(mails()):
            message: Any = message_from_bytes(Newsletter().render(one).data, policy=policy.default)
            page = tmp_path / f"{number}.html"
            page.write_text(message.get_body(("html",)).get_content(), encoding="utf-8")
            tab.open(page.as_uri())
            if problems := found(tab, ""):
                wrong[page.name] = problems
    assert wrong == {}
