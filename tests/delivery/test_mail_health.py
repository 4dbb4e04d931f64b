"""What the mail server's answers say about itself, and what they say about one mailbox alone."""

import pytest

from syndication import config
from syndication.delivery import drain
from syndication.infra import db
from syndication.models import Destination
from syndication.stack.mail_sink import MailSink
from tests import factories
from tests.town import fan_out, publish, states


def send_to(count: int) -> Destination:
    """One post to so many readers; the newsletter's row afterwards."""
    with db.transaction() as session:
        for number in range(count):
            factories.reader(session, f"r{number}@example.org")
    publish(title="Weinabend")
    fan_out()
    for _ in range(3):  # what a lane leaves over is asked for by the wake-up
        drain.drain("mail")
    with db.reading() as session:
        return session.query(Destination).filter_by(channel="newsletter", merchant_id=None).one()


@pytest.mark.parametrize("answer", ["550 5.1.1 no such user", "552 5.2.2 mailbox full", "556 5.1.10 no mail"])
def test_mailboxes_that_take_nothing_are_no_failures_of_the_server(
    answer: str, city: config.Settings, mail_sink: MailSink
) -> None:
    mail_sink.on_recipient = lambda _: answer
    server = send_to(4)
    assert (server.failures, server.failing_since, server.held_until) == (0, None, None)
    assert set(states("newsletter")) == {"failed"}


@pytest.mark.parametrize("answer", ["550 5.7.1 looks like spam", "554 5.6.0 malformed", "554 no"])
def test_a_content_that_is_refused_counts_against_it(
    answer: str, city: config.Settings, mail_sink: MailSink
) -> None:
    mail_sink.on_data = lambda _: answer
    server = send_to(4)
    assert server.failures == 4
    assert server.failing_since is not None
    assert set(states("newsletter")) == {"failed"}


def test_a_recipient_refused_for_what_we_are_counts_against_it(
    city: config.Settings, mail_sink: MailSink
) -> None:
    mail_sink.on_recipient = lambda _: "550 5.7.1 blocked, your address is on a list"
    assert send_to(4).failures == 4


def test_a_mailbox_that_is_full_once_the_mail_is_read_is_no_failure_of_the_server(
    city: config.Settings, mail_sink: MailSink
) -> None:
    mail_sink.on_data = lambda _: "552 5.2.2 mailbox full"
    assert send_to(4).failures == 0


def test_a_mail_that_is_taken_ends_the_count(city: config.Settings, mail_sink: MailSink) -> None:
    mail_sink.on_data = lambda address: None if address == "r3@example.org" else "554 5.6.0 malformed"
    assert send_to(4).failures == 0
