"""RSS, Atom and JSON Feed, read back by the programs that readers use."""

import hashlib
import json
import os
import subprocess
import sys
from calendar import timegm
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import feedparser  # type: ignore[import-untyped]  # ships no types
import icalendar
import pytest

from syndication.channels import wording
from syndication.channels.built_in.feed import json_feed, xml
from syndication.channels.built_in.feed.documents import CONTENT_TYPES, FeedView, Format, render
from syndication.content.post import Image
from tests.channels.feed_samples import FORMATS, HOSTILE, HUB, feed, found, numbered, withdrawn
from tests.channels.samples import AT, CITY, content


def parsed(form: Format, view: Any) -> Any:
    """The document as feedparser understands it, which must find nothing to complain of."""
    result = feedparser.parse(render(form, view), response_headers={"content-type": CONTENT_TYPES[form]})
    assert not result.bozo, result.get("bozo_exception")
    return result


def entries(view: Any) -> list[dict[str, Any]]:
    """The entries of the JSON Feed."""
    document = json.loads(render("json", view))
    result: list[dict[str, Any]] = document["items"]
    return result


THREE = tuple(numbered(n, minutes=-n, title=f"Abend {n} – Größe & Käse 🍷") for n in (1, 2, 3))


def whole(form: Any, view: FeedView) -> bytes:
    """The document as it is written in one piece, with nothing kept from earlier."""
    if form == "json":
        head = json.loads(json_feed.render(replace(view, posts=())))
        head["items"] = [
            json_feed._said(post, json_feed.when(post, view), view.city.zone) for post in view.posts
        ]
        return json_feed._written(head).encode()
    one = xml._feed(view)
    for post in view.posts:
        xml._fill(form, one.add_entry(order="append"), post, view)
    return xml._written(form, one)


@pytest.mark.parametrize("form", ["rss", "atom", "json"])
def test_entries_that_are_kept_are_those_that_would_be_written_anew(form: Format) -> None:
    hostile = tuple(numbered(10 + n, minutes=n, **said) for n, said in enumerate(HOSTILE.values()))
    foreign = numbered(50, language="fr", summary="</item></entry><entry><item>")
    shop = replace(THREE[0], merchant=replace(THREE[0].merchant, name="Ein neuer Name", url=None))
    gone = (withdrawn(THREE[1]),)
    views = [
        feed(),
        feed(*THREE),
        feed(*THREE, *hostile, foreign),
        feed(foreign, *reversed(hostile), removed=gone),
        feed(shop, THREE[2], removed=gone, hub=""),
        feed(replace(THREE[0], revision=2, updated_at=AT + timedelta(days=1)), *THREE[1:]),
        feed(*THREE, city=replace(CITY, language="en", zone=ZoneInfo("America/New_York"))),
        feed(*THREE, foreign, city=replace(CITY, language="fr")),
        feed(*THREE),
    ]
    assert [render(form, one) for one in views] == [whole(form, one) for one in views]
    assert [render(form, one) for one in views] == [whole(form, one) for one in views], (
        "all of them known now"
    )


@pytest.mark.parametrize("form", ["rss", "atom"])
def test_a_feed_is_built_again_without_writing_what_it_held(
    form: Format, monkeypatch: pytest.MonkeyPatch
) -> None:
    render(form, feed(*THREE))
    filled: list[Any] = []
    fill = xml._fill

    def counted(*parts: Any) -> None:
        filled.append(parts)
        fill(*parts)

    monkeypatch.setattr(xml, "_fill", counted)
    render(form, feed(numbered(77), *THREE))
    assert len(filled) == 1


@pytest.mark.parametrize("form", ["rss", "atom"])
def test_titles_ids_links_and_times_come_back_equal_and_in_order(form: Format) -> None:
    back = parsed(form, feed(*THREE)).entries
    assert [(one.id, one.title, one.link) for one in back] == [
        (f"urn:uuid:{post.id}", post.content.title, post.link) for post in THREE
    ]
    assert [datetime.fromtimestamp(timegm(one.published_parsed), UTC) for one in back] == [
        post.published_at for post in THREE
    ]


def test_json_says_the_same() -> None:
    back = entries(feed(*THREE))
    assert [(one["id"], one["title"], one["url"]) for one in back] == [
        (f"urn:uuid:{post.id}", post.content.title, post.link) for post in THREE
    ]
    assert [datetime.fromisoformat(one["date_published"]) for one in back] == [
        post.published_at for post in THREE
    ]


@pytest.mark.parametrize("form", FORMATS)
def test_the_same_view_gives_the_same_bytes_in_every_process(form: Format) -> None:
    program = (
        "import hashlib\n"
        "from syndication.channels.built_in.feed.documents import render\n"
        "from tests.channels.feed_samples import feed, numbered, withdrawn\n"
        "posts = [numbered(n, topics=('wein', 'musik'), recurrence='FREQ=WEEKLY') for n in (1, 2)]\n"
        f"view = feed(*posts, removed=(withdrawn(numbered(3)),))\n"
        f"print(hashlib.sha256(render({form!r}, view)).hexdigest())"
    )
    posts = [numbered(n, topics=("wein", "musik"), recurrence="FREQ=WEEKLY") for n in (1, 2)]
    here = render(form, feed(*posts, removed=(withdrawn(numbered(3)),)))
    elsewhere = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert elsewhere.stdout.strip() == hashlib.sha256(here).hexdigest()


@pytest.mark.parametrize("form", FORMATS)
def test_other_words_under_the_same_number_are_other_bytes(form: Format) -> None:
    """Nothing that is remembered between two builds may shine through."""
    before = render(form, feed(numbered(1, title="vorher")))
    assert b"vorher" in before
    after = render(form, feed(numbered(1, title="nachher")))
    assert b"nachher" in after
    assert b"vorher" not in after


@pytest.mark.parametrize("form", ["rss", "atom"])
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_words_break_no_xml_and_bring_no_script(form: Format, name: str) -> None:
    post, good = numbered(1, **content(**HOSTILE[name]).model_dump()), numbered(2, title="gut")
    post = replace(post, link=post.content.url or post.link)
    back = parsed(form, feed(post, good))
    assert [one.id for one in back.entries] == [f"urn:uuid:{post.id}", f"urn:uuid:{good.id}"]
    raw = found(render(form, feed(post, good)), "//content:encoded | //description | //a:content")
    html = "".join(element.text or "" for element in raw).lower()
    assert "<script" not in html
    assert "javascript:" not in html.partition("href")[2]
    assert "<img" not in html


@pytest.mark.parametrize("form", ["rss", "atom"])
def test_the_feed_names_itself_its_home_and_its_hub(form: Format) -> None:
    document = render(form, feed(*THREE))
    links = {
        (one.get("rel"), one.get("href")) for one in found(document, "/rss/channel/a:link | /a:feed/a:link")
    }
    assert {("self", "https://coburg.example/feeds/all.feed"), ("hub", HUB)} <= links
    assert parsed(form, feed(*THREE)).feed.link == "https://coburg.example"
    assert "hub.example" not in render(form, feed(*THREE, hub="")).decode()


def test_json_names_itself_its_home_and_its_hub() -> None:
    document = json.loads(render("json", feed(*THREE)))
    assert document["version"] == "https://jsonfeed.org/version/1.1"
    assert document["home_page_url"] == "https://coburg.example"
    assert document["feed_url"] == "https://coburg.example/feeds/all.feed"
    assert document["hubs"] == [{"type": "WebSub", "url": HUB}]
    assert document["authors"] == [{"name": "Coburg", "url": "https://coburg.example"}]
    assert "hubs" not in json.loads(render("json", feed(*THREE, hub="")))


def test_the_feed_is_as_new_as_its_newest_post_or_removal() -> None:
    gone = withdrawn(numbered(9), hours=5)
    assert found(render("atom", feed(*THREE)), "string(/a:feed/a:updated)") == THREE[0].updated_at.isoformat()
    with_gone = feed(*THREE, removed=(gone,))
    assert found(render("atom", with_gone), "string(/a:feed/a:updated)") == gone.at.isoformat()
    assert "10:00:00" in found(render("rss", with_gone), "string(//lastBuildDate)")


def test_a_revised_post_keeps_its_id_and_gets_another_moment() -> None:
    old = numbered(1)
    new = replace(old, revision=2, updated_at=AT + timedelta(hours=3))
    paths = {"rss": "string(//item/a:updated)", "atom": "string(//a:entry/a:updated)"}
    for form, path in paths.items():
        document = render(form, feed(new))  # type: ignore[arg-type]  # both are formats
        assert found(document, path) == "2026-08-10T08:00:00+00:00"
        assert parsed(form, feed(new)).entries[0].id == parsed(form, feed(old)).entries[0].id  # type: ignore[arg-type]  # as above
    assert entries(feed(new))[0]["date_modified"] == "2026-08-10T08:00:00+00:00"
    assert entries(feed(new))[0]["date_published"] == "2026-08-10T05:00:00+00:00"


def test_a_withdrawn_post_leaves_and_atom_says_so() -> None:
    gone = withdrawn(numbered(2, title="Zurückgezogen", body="geheim", url="https://geheim.example"))
    view = feed(THREE[0], removed=(gone,))
    for form in ("rss", "atom", "json"):
        assert "geheim" not in render(form, view).decode()
        assert "Zurückgezogen" not in render(form, view).decode()
    (tombstone,) = found(render("atom", view), "/a:feed/at:deleted-entry")
    assert dict(tombstone.attrib) == {"ref": f"urn:uuid:{gone.post.id}", "when": gone.at.isoformat()}
    assert len(parsed("atom", view).entries) == 1


@pytest.mark.parametrize(
    ("status", "language", "title"),
    [
        ("cancelled", "de", "Abgesagt: Weinabend"),
        ("postponed", "de", "Verschoben: Weinabend"),
        ("sold_out", "de", "Ausverkauft: Weinabend"),
        ("cancelled", "en", "Cancelled: Weinabend"),
        ("scheduled", "de", "Weinabend"),
    ],
)
def test_what_happened_to_an_event_stands_in_front_of_its_title(
    status: str, language: str, title: str
) -> None:
    view = feed(numbered(1, title="Weinabend", status=status, language=language))
    assert parsed("rss", view).entries[0].title == title
    assert parsed("atom", view).entries[0].title == title
    assert entries(view)[0]["title"] == title


@pytest.mark.parametrize("language", ["de", "en"])
def test_when_where_and_how_much_stand_in_the_text(language: str) -> None:
    view = feed(numbered(1, language=language))
    one = view.posts[0].content
    words = [
        wording.when(one, CITY.zone, language, view.posts[0].updated_at),
        wording.where(one),
        *(fact.whole for fact in wording.facts(one, CITY.zone, language)),
    ]
    html, plain = entries(view)[0]["content_html"], entries(view)[0]["content_text"]
    assert all(word in html and word in plain for word in words)
    assert "19:00" in words[0]
    assert parsed("rss", view).entries[0].content[0].value.startswith(f"<p>{words[0]}")
    assert words[1] in parsed("atom", view).entries[0].content[0].value


def test_pictures_are_enclosures_with_their_type() -> None:
    pictures = (
        Image(url="https://a.example/eins.png?x=1", alt="Eins"),
        Image(url="https://a.example/zwei", alt="Zwei"),
    )
    view = feed(numbered(1, images=pictures))
    expected = [("https://a.example/eins.png?x=1", "image/png"), ("https://a.example/zwei", "image/jpeg")]
    rss = [dict(one.attrib) for one in found(render("rss", view), "//enclosure")]
    assert rss == [{"url": expected[0][0], "length": "0", "type": "image/png"}]
    atom = found(render("atom", view), "//a:entry/a:link[@rel='enclosure']")
    assert [(one.get("href"), one.get("type")) for one in atom] == expected
    assert all(one.get("length") is None for one in atom)
    attached = entries(view)[0]["attachments"]
    assert [(one["url"], one["mime_type"]) for one in attached] == expected
    assert [one["title"] for one in attached] == ["Eins", "Zwei"]


def test_kind_topics_and_merchant_are_named() -> None:
    view = feed(numbered(1))
    for form in ("rss", "atom"):
        back = parsed(form, view).entries[0]
        assert [tag.term for tag in back.tags] == ["event", "musik", "wein"]
        assert back.author == "Weinhaus am Markt"
    assert entries(view)[0]["tags"] == ["event", "musik", "wein"]
    assert entries(view)[0]["authors"] == [{"name": "Weinhaus am Markt", "url": "https://weinhaus.example"}]


def test_topics_are_told_as_they_are_spelled_and_named_by_their_slug() -> None:
    view = feed(numbered(1, topics=("Kunst & Kultur", "Münster")))
    atom = found(render("atom", view), "//a:entry/a:category")
    assert [(one.get("term"), one.get("label")) for one in atom] == [
        ("event", None), ("kunst-kultur", "Kunst & Kultur"), ("muenster", "Münster"),
    ]  # fmt: skip
    assert [one.text for one in found(render("rss", view), "//item/category")] == [
        "event",
        "Kunst & Kultur",
        "Münster",
    ]
    assert entries(view)[0]["tags"] == ["event", "Kunst & Kultur", "Münster"]


def test_json_carries_the_fields_that_programs_need() -> None:
    extension = entries(feed(numbered(1, price="7.50", revision=3)))[0]["_syndication"]
    assert extension["kind"] == "event"
    assert extension["starts_at"] == "2026-08-15T17:00:00Z"
    assert extension["place"]["latitude"] == 50.26
    assert extension["price"] == "7.50"
    assert extension["currency"] == "EUR"
    assert extension["merchant"] == "weinhaus"
    assert extension["revision"] == 3
    assert "coupon_code" not in extension


def test_a_summary_is_text_and_no_markup_wherever_it_stands() -> None:
    view = feed(numbered(1, summary="a <b>& c"))
    assert found(render("rss", view), "string(//item/description)") == "a &lt;b&gt;&amp; c"
    assert found(render("atom", view), "string(//a:entry/a:summary)") == "a <b>& c"
    assert found(render("atom", view), "//a:entry/a:summary/@type") in ([], ["text"])
    assert entries(view)[0]["summary"] == "a <b>& c"


def test_an_english_post_in_a_german_feed_says_its_language() -> None:
    view = feed(numbered(1, language="en"), numbered(2))
    languages = [
        one.get("{http://www.w3.org/XML/1998/namespace}lang")
        for one in found(render("atom", view), "//a:entry")
    ]
    assert languages == ["en", None]
    assert [one["language"] for one in entries(view)] == ["en", "de"]


@pytest.mark.parametrize("form", FORMATS)
def test_an_empty_feed_is_a_feed(form: Format) -> None:
    document = render(form, feed())
    if form in ("rss", "atom"):
        assert parsed(form, feed()).entries == []
        assert parsed(form, feed()).feed.title == "Coburg"
    assert b"Coburg" in document


def test_titles_say_what_the_feed_is_about() -> None:
    view = feed(kind="event", topic="musik", merchant="Weinhaus am Markt")
    assert parsed("rss", view).feed.title == "Coburg · Veranstaltungen · musik · Weinhaus am Markt"
    english = feed(kind="offer", city=replace(CITY, language="en"))
    assert parsed("atom", english).feed.title == "Coburg · Offers"
    assert parsed("atom", english).feed.subtitle == "Offers from Coburg"


@pytest.mark.parametrize(
    ("license_id", "name", "address"),
    [
        ("CC-BY-SA-4.0", "CC BY-SA 4.0", "https://creativecommons.org/licenses/by-sa/4.0/"),
        ("LicenseRef-all-rights-reserved", "All rights reserved", None),
        ("", None, None),
    ],
)
def test_the_licence_of_a_merchants_texts_stands_in_each_entry(
    license_id: str, name: str | None, address: str | None
) -> None:
    post = replace(THREE[0], merchant=replace(THREE[0].merchant, license_texts=license_id))
    atom = parsed("atom", feed(post)).entries[0]
    assert atom.get("rights") == name
    assert [one.href for one in atom.links if one.rel == "license"] == ([address] if address else [])
    rss = parsed("rss", feed(post)).entries[0]
    assert rss.get("rights") == name
    assert rss.get("creativecommons_license", rss.get("license")) == address
    entry = json.loads(render("json", feed(post)))["items"][0]["_syndication"]
    said = {"id": license_id, "name": name, **({"url": address} if address else {})} if license_id else None
    assert entry.get("license") == said
    calendar: Any = icalendar.Calendar.from_ical(render("ics", feed(post)))
    (event,) = calendar.walk("VEVENT")
    assert (str(event["link"]) if "link" in event else None, event.errors) == (address, [])
    assert address is None or event["link"].params == {"LINKREL": "license", "VALUE": "URI"}


def test_a_licence_of_pictures_stands_where_there_are_some() -> None:
    merchant = replace(THREE[0].merchant, license_pictures="CC0-1.0")
    for images in ((), (Image(url="https://cafe.example/a.jpg", alt="Kuchen"),)):
        post = replace(
            THREE[0], merchant=merchant, content=THREE[0].content.model_copy(update={"images": images})
        )
        entry = json.loads(render("json", feed(post)))["items"][0]["_syndication"]
        assert (entry.get("license_pictures") or {}).get("id") == ("CC0-1.0" if images else None)
        assert "license" not in entry
