"""What every channel shows before it sends: the very words of its message, counted as its network counts."""

import json
from html import unescape
from typing import Any

import pytest

from syndication import channels
from syndication.channels.preview import Preview, unmarked, untagged
from syndication.channels.social.counting import letters
from syndication.channels.social.markdown import escaped, plain
from syndication.channels.tools import Tools
from syndication.channels.verdicts import Refused
from syndication.config import Settings as ProcessSettings
from syndication.content.post import Image
from syndication.stack.receiver import Receiver
from tests import hostile
from tests.channels.samples import SAMPLES, envelope, filled_in
from tests.remotes import REMOTES

SHOWN = [
    channel.kind for channel in channels.CHANNELS if channel.takes_changes or channel.kind == "newsletter"
]
#: Whose requests hold the text as it is read, but for escapes.
READABLE = sorted(set(REMOTES) - {"webpush"})


def change(kind: str, url: str, action: str = "published", /, **fields: Any) -> Any:
    channel = channels.by_kind(kind)
    settings = {
        name: filled_in(value, url) if isinstance(value, str) else value
        for name, value in SAMPLES[kind][0].items()
    }
    return envelope(channel.settings.model_validate(settings), action, **fields)


def preview(kind: str, url: str, **fields: Any) -> Preview:
    return channels.by_kind(kind).preview(change(kind, url, **fields))


def whole(seen: Preview) -> str:
    return f"{seen.title}\n{seen.text}"


@pytest.mark.parametrize("kind", SHOWN)
def test_it_is_pure_and_says_what_the_post_says(
    kind: str, receiver: Receiver, settings: ProcessSettings
) -> None:
    seen = preview(kind, receiver.url())
    assert seen == preview(kind, receiver.url())
    assert receiver.requests == []
    assert "Weinabend & Käse <b>für alle</b> 🍷" in whole(seen)
    assert "\u200b" not in whole(seen)


@pytest.mark.parametrize("kind", SHOWN)
def test_no_secret_stands_in_it(kind: str, receiver: Receiver, settings: ProcessSettings) -> None:
    post = change(kind, receiver.url())
    seen = repr(channels.by_kind(kind).preview(post))
    assert not any(str(secret) in seen for secret in post.settings.secrets().values())


@pytest.mark.parametrize("kind", sorted(REMOTES))
@pytest.mark.parametrize(
    "fields",
    [
        {"title": "x" * 200},
        {"title": "Ä" * 200, "summary": "ß" * 500, "body": "Käse 🧀 und *Wein* " * 400},
        {"body": "**_~`<@&>|#[x]\\\\ " * 500, "title": "<*&@_" * 40},
        {"texts": dict.fromkeys(REMOTES, "&<*_@" * 199)},
        {"body": "siehe https://wein.example/a_b, " * 250},
        *({"title": text, "summary": text} for text in hostile.LEGAL[::4]),
    ],
)
def test_it_is_never_longer_than_the_network_takes(
    kind: str, fields: dict[str, Any], receiver: Receiver, settings: ProcessSettings
) -> None:
    seen = preview(kind, receiver.url(), **fields)
    assert seen.length is not None
    assert seen.most is not None
    assert 0 < seen.length <= seen.most


@pytest.mark.parametrize("kind", sorted(REMOTES))
def test_own_words_take_the_place_of_the_text(
    kind: str, receiver: Receiver, settings: ProcessSettings
) -> None:
    seen = preview(kind, receiver.url(), texts={kind: "Heute Wein bei uns, kommt vorbei!"})
    assert "Heute Wein bei uns, kommt vorbei!" in seen.text
    assert "Sechs Weine" not in seen.text


@pytest.mark.parametrize("kind", READABLE)
def test_its_words_are_those_that_are_sent(kind: str, tools: Tools, receiver: Receiver) -> None:
    fake = REMOTES[kind]()
    receiver.answer = fake.answer
    post, channel = change(kind, receiver.url()), channels.by_kind(kind)
    seen = channel.preview(post)
    channel.send(channel.render(post), tools)
    sent = "".join(letters(unescape(_text(request.body))) for request in receiver.requests)
    for line in whole(seen).splitlines():
        # What a request splits into several values is looked for word by word.
        assert all(letters(word) in sent for word in line.split()), line


def _text(body: bytes) -> str:
    try:
        return json.dumps(json.loads(body), ensure_ascii=False).replace("\\n", " ")
    except ValueError:
        text = body.decode(errors="replace")
        return text.encode().decode("unicode_escape", errors="ignore") if "\\u" in text else text


def test_pictures_without_room_are_counted(receiver: Receiver, settings: ProcessSettings) -> None:
    images = tuple(
        Image(url=f"https://weinhaus.example/{number}.jpg", alt=f"Bild {number}") for number in range(6)
    )
    found = {
        kind: preview(kind, receiver.url(), images=images) for kind in ("telegram", "mastodon", "facebook")
    }
    assert [(len(one.images), one.left_out) for one in found.values()] == [(1, 5), (4, 2), (6, 0)]


def test_what_is_shortened_says_so(receiver: Receiver, settings: ProcessSettings) -> None:
    for kind in ("mastodon", "discord", "slack", "teams", "webpush"):
        assert "hortened" in preview(kind, receiver.url(), body="Viel zu sagen. " * 600).remark, kind
        assert "hortened" not in preview(kind, receiver.url()).remark, kind


def test_what_cannot_be_expressed_is_refused_as_when_it_is_sent(
    receiver: Receiver, settings: ProcessSettings
) -> None:
    with pytest.raises(Refused, match="picture"):
        preview("instagram", receiver.url(), images=())
    for kind in ("letter", "websub"):
        with pytest.raises(Refused, match="shows no posts"):
            channels.by_kind(kind).preview(change(kind, receiver.url()))


@pytest.mark.parametrize(
    ("markdown", "seen"),
    [
        ("#### Titel\n**fett** und *schräg*", "Titel\nfett und schräg"),
        (r"**a\*** b", "a* b"),
        (r"5 \* 3 \_x\_ \[y\] 1\. \- z", "5 * 3 _x_ [y] 1. - z"),
        ("[www.wein.example](https://www.wein.example/a_(b))", "www.wein.example"),
        ("<https://wein.example/a_b_c>", "https://wein.example/a_b_c"),
        ("https://wein.example/__a__ _b_", "https://wein.example/__a__ b"),
        ("a_b_c und 2 * 3 * 4", "a_b_c und 2 * 3 * 4"),
        ("", ""),
    ],
)
def test_markdown_is_shown_without_its_marks(markdown: str, seen: str) -> None:
    assert unmarked(markdown) == seen


@pytest.mark.parametrize("text", [one for one in hostile.LEGAL if "@" not in one][::2])
def test_what_was_escaped_is_shown_as_it_was_written(text: str) -> None:
    assert unmarked(escaped(text)) == text
    assert letters(unmarked(plain(text))) == letters(text)


def test_html_is_shown_without_its_tags() -> None:
    assert untagged('<b>A &amp; B &lt;c&gt;</b>\n<a href="https://x.example">Mehr</a>') == "A & B <c>\nMehr"
