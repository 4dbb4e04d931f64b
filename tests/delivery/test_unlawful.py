"""What is unlawful is deleted at every outlet that deletes, repeated at none, and kept in no table that is not named here."""

import json
from typing import Any
from urllib.parse import unquote_plus

import pytest
from sqlalchemy import select

from syndication import channels, config
from syndication.delivery import drain
from syndication.infra import db
from syndication.insight.left_behind import left_behind
from syndication.models import Base, DeadLetter
from syndication.publishing import from_queue, posts, unlawful
from syndication.stack.receiver import Receiver, Reply, Request
from tests import factories
from tests.remotes import REMOTES
from tests.town import account, deliveries, fan_out, hook, keep_pictures, later, publish

#: One word in each field that an outlet may show; they stand in nothing else.
WORDS = (
    "Schmähruf",
    "Kurzschmach",
    "Langschmach",
    "Altschmach",
    "schmachseite",
    "Nachschmach",
)
TITLE = "Schmähruf am Markt"
SAID: dict[str, Any] = {
    "title": TITLE,
    "summary": "Kurzschmach über Frau M.",
    "body": "Langschmach über **Frau M.**",
    "url": "https://weinhaus.example/schmachseite",
    "images": [{"url": "https://weinhaus.example/bild.jpg", "alt": "Altschmach"}],
}
#: Tables that may still hold the words, see docs/decisions/0033: mails as they were sent, until they are pruned.
EVIDENCE = {"editions"}
OURS = [one.kind for one in channels.CHANNELS if one.configurable]


def spoken(text: str) -> set[str]:
    """Which of the words a text says, whatever it is written in."""
    plain = [text, unquote_plus(text)]
    plain += [text.encode().decode("unicode_escape", errors="ignore")] if "\\u" in text else []
    return {word for word in WORDS for one in plain if word.casefold() in one.casefold()}


def heard(request: Request) -> set[str]:
    return spoken("\n".join([request.path, *request.headers.values(), request.body.decode(errors="replace")]))


def kept() -> dict[str, set[str]]:
    """Which tables still say which of the words."""
    found: dict[str, set[str]] = {}
    with db.reading() as session:
        for table in Base.metadata.sorted_tables:
            for row in session.execute(select(table)).mappings():
                whole = "\n".join(map(str, row.values()))
                if said := spoken(whole):
                    found.setdefault(table.name, set()).update(said)
    return found


@pytest.fixture
def outlet(request: pytest.FixtureRequest, city: config.Settings, receiver: Receiver) -> str:
    """One outlet of that kind, at a fake of its network."""
    kind = str(request.param)
    keep_pictures(city)
    if kind == "webhook":
        hook(receiver)
    else:
        receiver.answer = REMOTES[kind]().answer
        account(kind, receiver)
    return kind


def shown(receiver: Receiver) -> set[str]:
    """What a device shows, to which messages come encrypted."""
    remote = getattr(receiver.answer, "__self__", None)
    return spoken(str(getattr(remote, "shown", ""))) if isinstance(remote, REMOTES["webpush"]) else set()


def work() -> None:
    for _ in range(2):
        fan_out()
        drain._buckets.cache_clear()
        drain.drain("push")
        later(600)


@pytest.mark.enough("sqlite")
@pytest.mark.parametrize("outlet", OURS, indirect=True)
def test_it_is_taken_back_and_said_by_none(
    outlet: str, receiver: Receiver, capfd: pytest.CaptureFixture[str]
) -> None:
    post = publish(**SAID)
    work()
    assert set().union(*map(heard, receiver.requests), shown(receiver)), "it was said"
    posts.revise(post.merchant_id, post.id, factories.event(**SAID | {"title": "Nachschmach am Markt"}))
    work()
    before = len(receiver.requests)
    capfd.readouterr()
    unlawful.withdraw(post.id)
    work()
    told = receiver.requests[before:]
    assert [(one.method, one.path, heard(one)) for one in told if heard(one)] == []
    assert shown(receiver) == set()
    assert spoken("".join(capfd.readouterr())) == set()
    assert {name: said for name, said in kept().items() if name not in EVIDENCE} == {}
    rows = deliveries(outlet)
    remnants = left_behind(post.id)
    if channels.by_kind(outlet).abilities.withdraw and not channels.by_kind(outlet).personal:
        assert told or not rows
        assert remnants == []
    elif rows:
        assert [one.count for one in remnants] == [
            len([row for row in rows if row.state == "sent"]) - bool(told)
        ]


@pytest.mark.enough("sqlite")
@pytest.mark.parametrize("kind", OURS)
def test_what_an_outlet_said_of_it_when_it_refused_is_forgotten_too(
    kind: str, city: config.Settings, receiver: Receiver
) -> None:
    keep_pictures(city)
    hook(receiver) if kind == "webhook" else account(kind, receiver)
    said = json.dumps({"error": f"{TITLE} is not allowed", "message": TITLE, "error_description": TITLE})
    receiver.answer = lambda _: Reply(400, {"Content-Type": "application/json"}, said.encode())
    post = publish(**SAID)
    work()
    assert {row.state for row in deliveries(kind)} <= {"failed", "waiting"}
    assert {"attempts", "revisions"} <= set(kept())
    unlawful.withdraw(post.id)
    assert kept() == {}
    work()
    assert kept() == {}


@pytest.mark.enough("sqlite")
def test_messages_of_the_queue_that_became_no_post_are_forgotten_where_they_quote_it(
    city: config.Settings,
) -> None:
    post = publish(**SAID)
    broken = {**SAID, "starts_at": "soon"}
    from_queue.bury({"kwargs": {"merchant": "cafe", "post": broken}}, "It has no day.")
    from_queue.keep(json.dumps({"merchant": "cafe", "post": broken}, ensure_ascii=False), "It has no day.")
    others = [("cafe", "Weinabend"), ("kino", TITLE), ("cafe", "Ein Beitrag")]
    for merchant, title in others:
        from_queue.bury({"kwargs": {"merchant": merchant, "post": {"title": title}}}, "It has no day.")
    for _ in range(2):  # the second time it has no words of its own any more
        unlawful.withdraw(post.id)
    with db.reading() as session:
        letters = session.scalars(select(DeadLetter).order_by(DeadLetter.id)).all()
    assert [one.payload == "" for one in letters] == [True, True, False, False, False]
    assert {one.reason for one in letters[:2]} == {unlawful.FORGOTTEN}


def test_mails_that_were_sent_stay_until_they_are_pruned(city: config.Settings) -> None:
    with db.transaction() as session:
        factories.reader(session, cadence="instantly")
    post = publish(**SAID)
    work()
    drain.drain("mail")
    unlawful.withdraw(post.id)
    assert set(kept()) == {"editions"}
