"""No secret stands in what people read, whatever a network says: here each repeats all it was sent."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from syndication import channels, config
from syndication.content.reason import Reason
from syndication.delivery import drain
from syndication.delivery.load import channel_settings
from syndication.delivery.redaction import hide_in, secrets_of
from syndication.infra import db
from syndication.models import Attempt, Delivery, Destination
from syndication.stack.receiver import Receiver, Reply, Request
from tests.town import PICTURE, account, fan_out, hook, keep_pictures, publish

pytestmark = pytest.mark.enough("sqlite")  # texts are cleaned before they are kept

PUSHED = [one.kind for one in channels.CHANNELS if one.queue == "push" and one.takes_changes]


def echo(status: int) -> Callable[[Request], Reply]:
    def answer(request: Request) -> Reply:
        lines = [f"{request.method} {request.path}", *(f"{n}: {v}" for n, v in request.headers.items())]
        return Reply(status, {}, "\n".join(lines).encode() + b"\n" + request.body[:400])

    return answer


@pytest.mark.parametrize("status", [200, 400, 401, 500])
@pytest.mark.parametrize("kind", PUSHED)
def test_an_answer_that_repeats_the_request_shows_no_secret(
    kind: str, status: int, city: config.Settings, receiver: Receiver, capfd: pytest.CaptureFixture[str]
) -> None:
    keep_pictures(city)
    identity = hook(receiver) if kind == "webhook" else account(kind, receiver)
    receiver.answer = echo(status)
    publish(images=[PICTURE])
    fan_out()
    drain.drain("push")
    with db.reading() as session:
        rows = session.scalars(select(Delivery).where(Delivery.destination_id == identity)).all()
        tries = session.scalars(select(Attempt)).all()
        settings = channel_settings(session.get_one(Destination, identity), city)
    assert tries, "it was tried"
    said = " ".join(
        [
            *(f"{row.reason} {row.payload}" for row in rows),  # its own, and a letter's to the owner
            *(f"{one.reason} {one.answer}" for one in tries),
            *capfd.readouterr(),
        ]
    )
    assert [secret for secret in secrets_of(settings) if secret in said.encode()] == []
    for request in receiver.requests:
        access = request.headers.get("authorization", "").rpartition(" ")[2]
        assert not access or access not in said


def test_a_secret_address_is_hidden_without_its_host_too(settings: config.Settings) -> None:
    chosen = channels.by_kind("slack").settings.model_validate(
        {"webhook": "https://hooks.slack.com/services/T000/B000/geheim"}
    )
    said = "POST /services/T000/B000/geheim: no_service (https://hooks.slack.com/services/T000/B000/geheim)"
    assert hide_in(said, secrets_of(chosen)) == "POST (secret): no_service ((secret))"


def test_a_secret_that_an_answer_was_cut_off_in_is_hidden_as_well() -> None:
    secret = b"123456:telegram-bot-token"
    assert hide_in("POST /bot123456:telegram-bo", [secret]) == "POST /bot(secret)"
    assert hide_in("POST /bot12345", [secret]) == "POST /bot12345", "so little may stand anywhere"
    assert hide_in("Nichts davon", [secret]) == "Nichts davon"


def test_a_secret_that_was_cut_off_within_a_reason_is_hidden() -> None:
    reason = Reason("The mail server {} answered {}: {}", "here", 550, "x" * 290 + "secret-of-somebody")
    hidden = reason.changed(lambda text: hide_in(text, [b"secret-of-somebody"]))
    assert hidden.startswith("The mail server here answered 550: xxx")
    assert "secret-of" not in hidden
