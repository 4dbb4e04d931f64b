"""What the law grants a reader (GDPR Art. 15, 17, 20): nothing of an erased one is left anywhere, and an export lacks nothing."""

import json

from sqlalchemy import select

from syndication import config
from syndication.audience import readers, signups
from syndication.content.interest import Interest
from syndication.delivery import drain
from syndication.infra import db
from syndication.models import Base, Reader
from syndication.stack.mail_sink import MailSink
from tests.town import fan_out, publish

ADDRESS = "anna.canary@example.org"


def everything() -> dict[str, str]:
    """All rows of all tables as text."""
    with db.reading() as session:
        return {
            table.name: " ".join(str(tuple(row)) for row in session.execute(select(table)))
            for table in Base.metadata.sorted_tables
        }


def told(mail_sink: MailSink) -> str:
    """The token of the reader, who signed up, confirmed, and got a letter and an edition."""
    wish = signups.checked(
        ADDRESS,
        language="de",
        interest=Interest(topics=("wein",)),
        cadence="instantly",
        source="form",
        wording="ja",
    )
    signups.ask(wish)
    signups.answer(wish.id)
    drain.drain("mail")
    (letter,) = mail_sink.await_mails(1)
    body = letter.message.get_body(("plain",))
    assert body is not None
    link = next(word for word in body.get_content().split() if "/confirm/" in word)
    readers.confirm(link.rpartition("/")[2])
    publish(topics=["Wein"])
    fan_out()
    drain.drain("mail")
    mail_sink.await_mails(2)
    return readers.token_for(ADDRESS)


def test_nothing_of_an_erased_reader_is_left(city: config.Settings, mail_sink: MailSink) -> None:
    token = told(mail_sink)
    assert any(ADDRESS in rows for rows in everything().values())
    readers.erase(token)
    assert [name for name, rows in everything().items() if ADDRESS in rows or "anna.canary" in rows] == []


def test_an_export_names_every_table_that_knows_the_reader(
    city: config.Settings, mail_sink: MailSink
) -> None:
    exported = json.dumps(readers.export(told(mail_sink)))
    knowing = {
        table.name
        for table in Base.metadata.sorted_tables
        if any(key.column.table.name == Reader.__tablename__ for key in table.foreign_keys)
    }
    assert knowing == {"consents", "deliveries"}, "another table knows readers now: export and erase must too"
    for word in (ADDRESS, '"wein"', '"asked"', '"confirmed"', '"sent"', "ja"):
        assert word in exported
