"""Attack 41, enumeration: 1000 known and 1000 unknown addresses at every form of a stranger that takes an address.

Bar: same status, body and length, and the time of an answer tells them apart no better than AUC 0.55. By default 200 of
each. The machine is shared: of four rounds one below the bar is enough, since what leaks leaks in each.
"""

from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import insert, select
from starlette.testclient import TestClient

from syndication import clock
from syndication.accounts import applications, sign_in
from syndication.content.base import new_id
from syndication.infra import db
from syndication.models import Application, Merchant, Person, Post, SignInRequest
from syndication.web import rules, throttle
from syndication.web.site import stamps
from tests import factories, town
from tests.accounts.test_applications import TYPED
from tests.attacks.conftest import come_from
from tests.conftest import FULL

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
EACH, ROUNDS, BAR = 1000 if FULL else 200, 4, 0.55
#: Requests after which nobody is counted as having come before: the brakes are not what is tried here.
_A_WHILE = 40


def _sign_up(client: TestClient, email: str, stamp: str) -> Any:
    data = {"email": email, "stamp": stamp, "rhythm": "daily", "hour": "9", "agreed": "1"}
    return client.post("/sign-up", data=data)


def _sign_up_by_json(client: TestClient, email: str, _stamp: str) -> Any:
    return client.post("/api/v1/readers", json={"email": email, "wording": "Ja"})


def _sign_in(client: TestClient, email: str, _stamp: str) -> Any:
    return client.post("/sign-in", data={"email": email})


def _apply(client: TestClient, email: str, stamp: str) -> Any:
    return client.post("/apply", data={**TYPED, "email": email, "stamp": stamp, "agreed": "1"})


def _report(client: TestClient, email: str, stamp: str) -> Any:
    with db.reading() as session:
        post_id = session.scalars(select(Post.id)).one()
    said = {"explanation": "Das ist gegen das Gesetz.", "name": "Kim", "email": email, "agreed": "1"}
    return client.post(f"/posts/{post_id}/report", data={**said, "stamp": stamp})


def _answer_sign_ins() -> None:
    with db.reading() as session:
        ids = session.scalars(select(SignInRequest.id)).all()
    for one in ids:
        sign_in.answer(one)


def _answer_applications() -> None:
    with db.reading() as session:
        ids = session.scalars(select(Application.id).where(Application.state == "new")).all()
    for one in ids:
        applications.answer(one)


#: What a stranger may send an address to, and what a worker does with it afterwards.
FORMS: dict[str, tuple[Callable[[TestClient, str, str], Any], Callable[[], None]]] = {
    "/sign-up": (_sign_up, town.answer_sign_ups),
    "/api/v1/readers": (_sign_up_by_json, town.answer_sign_ups),
    "/sign-in": (_sign_in, _answer_sign_ins),
    "/apply": (_apply, _answer_applications),
    "/posts/{post_id}/report": (_report, lambda: None),  # it answers where it is sent
}
#: Of the routes for anybody those that take no address.
_WITHOUT = {"/sign-in/passkey/ask", "/sign-in/passkey"}


def test_these_are_all_forms_of_strangers_that_take_an_address(database_url: str) -> None:
    open_to_all = {
        path for (method, path), rule in rules.TABLE.items() if method == "POST" and rule == rules.ANYBODY
    }
    assert open_to_all == set(FORMS) | _WITHOUT


def _make_known(emails: list[str]) -> None:
    """Each is a reader, may sign in, and has a merchant."""
    with db.transaction() as session:
        factories.readers(session, emails)
        now = clock.now()
        session.execute(
            insert(Person),
            [
                {"id": new_id(), "email": one, "name": "Kim", "language": "de", "created_at": now}
                for one in emails
            ],
        )
        session.execute(
            insert(Merchant),
            [
                {"id": new_id(), "slug": one.partition("@")[0], "name": one, "email": one, "state": "admitted", "created_at": now}
                for one in emails
            ],
        )  # fmt: skip


def auc(some: list[float], others: list[float]) -> float:
    """How often one of `some` took longer than one of `others`, or the reverse: 0.5 tells nothing, 1 all."""
    order = sorted([(time, 1) for time in some] + [(time, 0) for time in others])
    ranks = sum(rank for rank, (_, mine) in enumerate(order, 1) if mine)
    area = (ranks - len(some) * (len(some) + 1) / 2) / (len(some) * len(others))
    return max(area, 1 - area)


@pytest.mark.timeout(900)  # four rounds on a machine that others use
@pytest.mark.parametrize("path", FORMS)
def test_neither_answer_nor_time_tells_who_is_known(
    path: str, client: TestClient, capsys: pytest.CaptureFixture[str]
) -> None:
    found: list[float] = []
    for number in range(ROUNDS):
        found.append(_round(path, client, number))
        if found[-1] < BAR:
            break
    with capsys.disabled():
        print(f" [{path}, {EACH} of each: AUC {', '.join(f'{one:.3f}' for one in found)}]", end="")
    assert found[-1] < BAR


def _round(path: str, client: TestClient, number: int) -> float:
    send, work = FORMS[path]
    chance = Random(number)
    emails = {who: [f"{who}{number}x{n:04}@example.org" for n in range(EACH)] for who in ("some", "none")}
    _make_known(emails["some"])
    if not number:
        town.publish()  # what is reported
    given = [stamps.new() for _ in range(2 * EACH)]
    clock.travel(timedelta(seconds=3))  # nobody fills in a form faster
    took: dict[str, list[float]] = {"some": [], "none": []}
    answers = set()
    for place in range(EACH):
        if place % _A_WHILE == 0:
            throttle._buckets.cache_clear()
            client.post(
                "/sign-in", data={"email": f"warm{number}x{place}@example.org"}
            )  # finds out that there is no Redis
        pair = ["some", "none"]
        chance.shuffle(pair)
        for who in pair:
            email = emails[who][place]
            come_from(client, f"{chance.randint(1, 223)}.{chance.randint(0, 255)}.{chance.randint(0, 255)}.9")
            began = clock.monotonic()
            answer = send(client, email, given.pop())
            took[who].append(clock.monotonic() - began)
            headers = sorted((name, value) for name, value in answer.headers.items() if name != "date")
            answers.add((answer.status_code, answer.text.replace(email, "…"), str(headers)))
        work()
    assert len(answers) == 1, "the same for all"
    assert next(iter(answers))[0] in (200, 202, 303)
    return auc(took["some"], took["none"])
