"""What an outlet reads as markup holds none but ours: no picture, no script and no link that a text brought along."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from syndication import channels
from syndication.channels.tools import Tools
from syndication.stack.mail_sink import MailSink
from syndication.stack.receiver import Receiver, Request
from tests.channels.samples import SAMPLES, Sample
from tests.remotes import REMOTES
from tests.remotes.remote import form_of

TEXTS = {
    "title": "<b onmouseover=alert(1)>fett</b> [t](javascript:alert(2))",
    "summary": "<script>alert(3)</script> <https://evil.example|hier>",
    "body": "[x](javascript:alert(4)) <img src=x onerror=alert(5)> ![p](https://evil.example/p.png)",
}
#: As plain text or HTML-escaped, everything of a text may stand there; as markup nothing of it.
_HTML = re.compile(r"<\s*/?\s*(?:b\s|script|img|https)|(?:href|src)=\W*javascript:", re.IGNORECASE)
_MARKDOWN = re.compile(r"(?<!\\)<\s*(?:b\s|/b|script|img|https://evil)|(?<!\\)\](?<!\\)\(|(?<!\\)!\[")
#: A link whose words are the address it leads to hides nothing.
_HONEST = re.compile(r"(?<!\\)\[(https?://[^\]]+)\]\(\1\)")
_MRKDWN = re.compile(r"<\s*(?:b\s|/b|script|img|https://evil)")


def json_of(request: Request) -> Any:
    """The JSON of a request, also where it travels in a form."""
    if "form-data" in request.headers.get("content-type", ""):
        return json.loads(form_of(request)["payload_json"].text)
    return json.loads(request.body)


def texts_of(found: Any) -> Iterator[str]:
    """Every text of a JSON document."""
    if isinstance(found, str):
        yield found
    for one in found.values() if isinstance(found, dict) else found if isinstance(found, list) else ():
        yield from texts_of(one)


def slack_texts(found: Any) -> Iterator[str]:
    """What Slack reads as mrkdwn: the text itself, and whatever says that it is."""
    if isinstance(found, dict) and "blocks" in found:
        yield found["text"]
    if isinstance(found, dict) and found.get("type") == "mrkdwn":
        yield found["text"]
    for one in found.values() if isinstance(found, dict) else found if isinstance(found, list) else ():
        yield from slack_texts(one)


def matrix_texts(found: Any) -> Iterator[str]:
    """What Matrix reads as HTML."""
    yield found["formatted_body"]


#: Kind → what it reads as markup, and what must not stand in it.
MARKUP: dict[str, tuple[Callable[[Any], Iterator[str]], re.Pattern[str]]] = {
    "matrix": (matrix_texts, _HTML),
    "discord": (texts_of, _MARKDOWN),
    "mattermost": (texts_of, _MARKDOWN),
    "rocketchat": (texts_of, _MARKDOWN),
    "teams": (texts_of, _MARKDOWN),
    "linkedin": (texts_of, _MARKDOWN),
    "slack": (slack_texts, _MRKDWN),
}
#: Who shows texts as they are: what was typed arrives, and nothing says that it is markup.
PLAIN = {"webhook", "mastodon", "ntfy", "apprise", "bluesky", "facebook", "instagram", "google_business"}
#: Who is told nothing of a post, or in documents and bytes that have tests of their own (telegram's form, mails, web push).
ELSEWHERE = {"letter", "feed", "websub", "newsletter", "telegram", "webpush"}


def sent(kind: str, tools: Tools, receiver: Receiver) -> list[Request]:
    """The requests that hold something of the hostile texts."""
    if kind in REMOTES:
        receiver.answer = REMOTES[kind]().answer
    one = Sample(channels.by_kind(kind), *SAMPLES[kind])
    one.channel.send(one.channel.render(one.envelope(receiver.url(), **TEXTS)), tools)
    return [request for request in receiver.requests if b"alert" in request.body]


def test_every_channel_says_how_it_is_read() -> None:
    assert set(MARKUP) | PLAIN | ELSEWHERE == {channel.kind for channel in channels.CHANNELS}


@pytest.mark.parametrize("kind", sorted(MARKUP))
def test_no_text_becomes_markup(kind: str, tools: Tools, receiver: Receiver) -> None:
    read, forbidden = MARKUP[kind]
    requests = sent(kind, tools, receiver)
    assert requests
    for request in requests:
        texts = list(read(json_of(request)))
        assert any("alert" in text for text in texts)
        assert [text for text in texts if forbidden.search(_HONEST.sub("", text))] == []


@pytest.mark.parametrize("kind", sorted(PLAIN))
def test_a_plain_text_arrives_as_it_was_typed(kind: str, tools: Tools, receiver: Receiver) -> None:
    requests = sent(kind, tools, receiver)
    assert requests
    for request in requests:
        document = json_of(request)
        assert any("<b onmouseover=alert(1)>fett</b>" in text for text in texts_of(document))
        assert not {"markdown", "parse_mode", "formatted_body"} & set(document)


def test_telegram_reads_only_our_html(tools: Tools, receiver: Receiver) -> None:
    (request,) = sent("telegram", tools, receiver)
    fields = form_of(request)
    assert fields["parse_mode"].text == "HTML"
    assert set(re.findall(r"<(/?\w+)", fields["caption"].text)) == {"b", "/b", "a", "/a"}
    assert re.findall(r'href="(\w+):', fields["caption"].text) == ["https"]


def test_a_mail_holds_only_our_html(tools: Tools, receiver: Receiver, mail_sink: MailSink) -> None:
    sent("newsletter", tools, receiver)
    (mail,) = mail_sink.mails
    body = mail.message.get_body(("html",))
    assert body is not None
    html = body.get_content()
    assert "alert" in html
    assert not _HTML.search(html.replace("<body ", ""))


def test_the_patterns_find_what_they_are_for() -> None:
    for pattern, bad in (
        (_HTML, "<img src=x>"),
        (_HTML, '<a href="javascript:x">'),
        (_MARKDOWN, "[x](javascript:alert(4))"),
        (_MARKDOWN, "![p](https://evil.example/p.png)"),
        (_MRKDWN, "<https://evil.example|hier>"),
    ):
        assert pattern.search(bad), bad
