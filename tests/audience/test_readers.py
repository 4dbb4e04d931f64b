"""Readers: their links open their own row alone, end when they must, and the proof of consent stays whoever asks."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from syndication import clock, config
from syndication.audience import readers
from syndication.content.interest import Interest
from syndication.errors import NotFound
from syndication.infra import db
from syndication.infra.signing import Tokens
from syndication.models import Consent, Delivery, Reader
from tests import factories
from tests.town import sign_up

pytestmark = pytest.mark.usefixtures("database", "settings")


def letters() -> list[dict[str, str]]:
    with db.reading() as session:
        rows = session.scalars(select(Delivery).where(Delivery.channel == "letter").order_by(Delivery.id))
        return [row.payload or {} for row in rows]


def states() -> dict[str, str]:
    with db.reading() as session:
        return {row.email: row.state for row in session.scalars(select(Reader))}


def steps(email: str) -> list[str]:
    with db.reading() as session:
        return list(
            session.scalars(
                select(Consent.action).join(Reader, Reader.id == Consent.reader_id)
                .where(Reader.email == email).order_by(Consent.id)
            )
        )  # fmt: skip


def reader_of(email: str = "anna@example.org") -> str:
    """A confirmed reader's token."""
    sign_up(email)
    readers.confirm(letters()[-1]["token"])
    return readers.token_for(email)


USES: dict[str, Callable[[str], object]] = {
    "read": readers.read,
    "choose": lambda token: readers.update_preferences(
        token, interest=Interest(), cadence="instantly", language="en"
    ),
    "leave": readers.leave,
    "export": readers.export,
    "erase": readers.erase,
    "confirm": readers.confirm,
}


@pytest.mark.parametrize("use", USES)
def test_the_links_of_an_erased_reader_open_nobody_else(use: str) -> None:
    sign_up("anna@example.org")
    confirmation = letters()[-1]["token"]
    readers.confirm(confirmation)
    link = readers.token_for("anna@example.org")
    readers.erase(link)
    sign_up("bert@example.org")
    assert states() == {"bert@example.org": "pending"}
    for token in (link, confirmation):
        with pytest.raises(NotFound):
            USES[use](token)
    assert states() == {"bert@example.org": "pending"}


# Links that were sent before readers had a nonce hold the number alone.


def from_before(reader_id: int) -> None:
    """As if the reader had signed up, and got the letter, before readers had a nonce."""
    with db.transaction() as session:
        row = session.get_one(Reader, reader_id)
        row.nonce, row.asked_at = None, None


def number_alone(purpose: str, reader_id: int) -> str:
    return Tokens(factories.KEYS, purpose).make(reader_id)


def id_of(email: str) -> int:
    with db.reading() as session:
        return session.scalars(select(Reader.id).where(Reader.email == email)).one()


def test_links_of_old_mails_open_readers_of_that_time_and_no_later_ones() -> None:
    for email in ("anna@example.org", "bert@example.org"):
        reader_of(email)
    anna, bert = id_of("anna@example.org"), id_of("bert@example.org")
    from_before(anna)
    assert readers.read(number_alone("reader", anna)).email == "anna@example.org"
    assert readers.token_for("anna@example.org") == number_alone("reader", anna)
    assert readers.update_preferences(
        number_alone("reader", anna), interest=Interest(), cadence="instantly", language="en"
    )
    with pytest.raises(NotFound):
        readers.read(number_alone("reader", bert))


def test_a_letter_from_before_confirms_for_its_seven_days() -> None:
    sign_up("anna@example.org")
    anna = id_of("anna@example.org")
    from_before(anna)
    assert readers.confirm(number_alone("confirm", anna)).state == "confirmed"
    clock.travel(timedelta(days=8))
    with pytest.raises(NotFound, match="seven days"):
        readers.confirm(number_alone("confirm", anna))


def test_a_letter_from_before_does_not_answer_a_later_request() -> None:
    token = reader_of()
    anna = id_of("anna@example.org")
    readers.leave(token)
    from_before(anna)
    clock.travel(timedelta(minutes=20))
    sign_up("anna@example.org")
    with pytest.raises(NotFound):
        readers.confirm(number_alone("confirm", anna))
    assert readers.confirm(letters()[-1]["token"]).state == "confirmed"
    assert readers.read(number_alone("reader", anna)).state == "confirmed"


def test_a_sign_up_of_later_is_not_confirmed_by_its_number() -> None:
    sign_up("anna@example.org")
    with pytest.raises(NotFound):
        readers.confirm(number_alone("confirm", id_of("anna@example.org")))


def test_a_sign_up_that_was_forgotten_confirms_nobody_else() -> None:
    sign_up("anna@example.org")
    token = letters()[-1]["token"]
    clock.travel(timedelta(days=8))
    readers.sweep()
    sign_up("bert@example.org")
    with pytest.raises(NotFound):
        readers.confirm(token)
    assert states() == {"bert@example.org": "pending"}


@pytest.mark.parametrize("days", [7.1, 400])
def test_a_confirmation_ends_after_seven_days(days: float) -> None:
    sign_up("anna@example.org")
    token = letters()[-1]["token"]
    clock.travel(timedelta(days=days))
    with pytest.raises(NotFound, match="sign up again"):
        readers.confirm(token)
    assert states() == {"anna@example.org": "pending"}


def test_a_confirmation_is_good_for_nearly_seven_days_and_twice() -> None:
    sign_up("anna@example.org")
    token = letters()[-1]["token"]
    clock.travel(timedelta(days=6.9))
    readers.sweep()
    assert readers.confirm(token).state == readers.confirm(token).state == "confirmed"


def test_an_old_confirmation_does_not_answer_a_later_request() -> None:
    sign_up("anna@example.org")
    old = letters()[-1]["token"]
    readers.confirm(old)
    readers.leave(readers.token_for("anna@example.org"))
    clock.travel(timedelta(days=400))
    sign_up("anna@example.org", cadence="instantly")  # a stranger, say
    with pytest.raises(NotFound):
        readers.confirm(old)
    assert states() == {"anna@example.org": "pending"}
    assert readers.confirm(letters()[-1]["token"]).cadence == "instantly"


def test_only_the_newest_confirmation_confirms_what_was_asked_last() -> None:
    sign_up("anna@example.org")
    clock.travel(timedelta(minutes=11))
    sign_up("anna@example.org", cadence="instantly")
    first, second = (letter["token"] for letter in letters())
    with pytest.raises(NotFound, match="newest mail"):
        readers.confirm(first)
    assert readers.confirm(second).cadence == "instantly"


def test_nobody_else_erases_the_consents_of_a_reader_who_left() -> None:
    token = reader_of()
    readers.leave(token)
    proof = steps("anna@example.org")
    assert proof == ["asked", "confirmed", "withdrawn"]
    clock.travel(timedelta(days=30))
    sign_up("anna@example.org")
    assert states() == {"anna@example.org": "pending"}
    clock.travel(timedelta(days=8))
    readers.sweep()
    assert states() == {"anna@example.org": "left"}
    assert steps("anna@example.org") == proof
    assert readers.read(token).state == "left"


def test_who_left_and_asks_again_confirms_as_anybody_does() -> None:
    token = reader_of()
    readers.leave(token)
    clock.travel(timedelta(days=1))
    sign_up("anna@example.org")
    readers.confirm(letters()[-1]["token"])
    assert readers.read(token).state == "confirmed"
    assert steps("anna@example.org") == ["asked", "confirmed", "withdrawn", "asked", "confirmed"]


def test_an_address_nobody_confirmed_is_forgotten(settings: config.Settings) -> None:
    sign_up("anna@example.org")
    clock.travel(timedelta(days=7, minutes=1))
    assert readers.sweep() == 1
    assert states() == {}
