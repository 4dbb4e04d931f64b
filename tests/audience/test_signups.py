"""A sign-up is answered once, whatever dies in between; it waits where no worker is, and then it is forgotten."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from syndication import clock, config
from syndication.audience import readers, signups
from syndication.content.interest import Interest
from syndication.delivery import drain
from syndication.errors import Invalid
from syndication.infra import db, mail_addresses, wakeups
from syndication.models import Consent, Delivery, Reader, SignUp
from syndication.stack.mail_sink import MailSink
from tests import factories, town


def ask(email: str = "anna@example.org") -> int:
    """A sign-up that no worker has looked at."""
    wanted = signups.checked(
        email, language="de", interest=Interest(topics=("wein",)), cadence="instantly", source="form", wording="Ja"
    )  # fmt: skip
    signups.ask(wanted)
    return wanted.id


def waiting() -> list[str]:
    with db.reading() as session:
        return list(session.scalars(select(SignUp.email).order_by(SignUp.id)))


def letters() -> list[Delivery]:
    return town.deliveries("letter")


def test_a_sign_up_rings_and_knows_nobody(
    database: str, settings: config.Settings, woken: list[tuple[str, tuple[str, ...]]]
) -> None:
    one = ask()
    assert woken == [("sign-up", (str(one),))]
    with db.reading() as session:
        assert session.scalars(select(Reader)).all() == []
    assert waiting() == ["anna@example.org"]


def test_a_bell_that_rings_twice_writes_one_letter(database: str, settings: config.Settings) -> None:
    one = ask()
    for _ in range(2):
        signups.answer(one)
    signups.sweep()
    assert len(letters()) == 1
    assert waiting() == []


def test_a_lost_bell_costs_seconds(database: str, settings: config.Settings) -> None:
    wakeups.use(None)
    ask()
    assert signups.sweep() == 0, "its wake-up may still be on the way"
    clock.travel(timedelta(seconds=3))
    assert signups.sweep() == 1
    assert len(letters()) == 1


def test_what_dies_in_the_middle_leaves_all_or_nothing(
    database: str, settings: config.Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = ask()

    def dies(*_: object) -> str:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("syndication.audience.tokens.confirmation", dies)
        with pytest.raises(KeyboardInterrupt):
            signups.answer(one)
    assert waiting() == ["anna@example.org"]
    with db.reading() as session:
        assert session.scalars(select(Reader)).all() == []
        assert session.scalars(select(Consent)).all() == []
    signups.answer(one)
    assert len(letters()) == 1


def test_one_that_cannot_be_answered_holds_up_no_other(database: str, settings: config.Settings) -> None:
    broken = [ask(f"b{number}@example.org") for number in range(3)]
    with db.transaction() as session:
        for one in broken:
            session.get_one(SignUp, one).interest = {"kinds": "no list"}
    ask()
    clock.travel(timedelta(seconds=3))
    signups.sweep()
    assert [str((row.payload or {})["to"]) for row in letters()] == ["anna@example.org"]
    assert len(waiting()) == 3


def test_what_waited_for_a_worker_for_seven_days_is_forgotten(
    database: str, settings: config.Settings
) -> None:
    ask()
    clock.travel(timedelta(days=6))
    ask("bert@example.org")
    clock.travel(timedelta(days=1, minutes=1))
    assert signups.sweep() == 2
    assert [str((row.payload or {})["to"]) for row in letters()] == ["bert@example.org"]
    assert waiting() == []


def test_a_late_letter_leaves_seven_days_to_confirm(database: str, settings: config.Settings) -> None:
    one = ask()
    clock.travel(timedelta(days=6))
    signups.answer(one)
    clock.travel(timedelta(days=5))
    assert readers.confirm(str((letters()[0].payload or {})["token"])).state == "confirmed"


def test_nobody_is_asked_to_confirm_what_no_longer_can_be(city: config.Settings, mail_sink: MailSink) -> None:
    town.sign_up("anna@example.org")
    clock.travel(timedelta(days=7, minutes=1))
    drain.drain("mail")
    assert mail_sink.mails == []
    assert [row.state for row in letters()] == ["dropped"]


def test_the_letter_arrives_with_a_link_that_confirms(city: config.Settings, mail_sink: MailSink) -> None:
    town.sign_up("anna@example.org")
    drain.drain("mail")
    (mail,) = mail_sink.await_mails(1)
    body = mail.message.get_body(("plain",))
    assert body is not None
    token = str(body.get_content()).partition("/confirm/")[2].split()[0]
    assert readers.confirm(token).email == "anna@example.org"


def test_a_reader_sees_and_erases_what_still_waits(database: str, settings: config.Settings) -> None:
    town.sign_up("anna@example.org")
    readers.confirm(str((letters()[0].payload or {})["token"]))
    token = readers.token_for("Anna@Example.org")
    one = ask("ANNA@example.org")
    ask("bert@example.org")
    (said,) = readers.export(token)["sign_ups"]
    assert said["interest"]["topics"] == ["wein"]
    readers.erase(token)
    assert waiting() == ["bert@example.org"]
    signups.answer(one)
    with db.reading() as session:
        assert session.scalars(select(Reader)).all() == []


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (" Anna@Example.ORG ", "anna@example.org"),
        ("ÄNNA@BÜCHER.example", "änna@bücher.example"),
        ("anna@xn--bcher-kva.example", "anna@bücher.example"),
        ("Anna+Stadt@example.org", "anna+stadt@example.org"),
    ],
)
def test_an_address_has_one_spelling(typed: str, kept: str) -> None:
    assert mail_addresses.spelled(typed) == kept
    assert mail_addresses.spelled(kept) == kept


@pytest.mark.parametrize(
    "typed",
    ["", "anna", "anna@", "a b@example.org", "anna@example.org, bert@example.org", "a" * 250 + "@b.de"],
)
def test_what_is_no_address_is_refused(typed: str) -> None:
    with pytest.raises(Invalid, match="email"):
        mail_addresses.spelled(typed)


def test_mailboxes_are_told_apart() -> None:
    apart = [
        "anna@example.org",
        "anna-stadt@example.org",
        "an.na@example.org",
        "anna@example.com",
        "+anna@example.org",
    ]
    assert len({mail_addresses.key(mail_addresses.spelled(one)) for one in apart}) == len(apart)


def test_a_row_knows_its_mailbox_whoever_writes_it(database: str, settings: config.Settings) -> None:
    with db.transaction() as session:
        assert factories.reader(session, "anna+x@example.org").mailbox == mail_addresses.key(
            "anna@example.org"
        )
