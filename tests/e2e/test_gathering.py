"""A window of posts outlives whoever opened it: everything dies before its mail is made, and nobody loses or doubles a post."""

from pathlib import Path

import pytest
from sqlalchemy import func, select

from syndication.infra import db
from syndication.models import Reader
from tests.e2e.city import LEASE, City

READERS, WINDOW = 60, 4.0


def windows() -> int:
    with db.reading() as session:
        return session.scalar(select(func.count()).where(Reader.next_slot_at.is_not(None))) or 0


@pytest.mark.enough("sqlite", "postgresql")
def test_everything_dies_between_the_first_post_and_the_mail(database_url: str, tmp_path: Path) -> None:
    with City(tmp_path, database_url, instant_window=WINDOW) as city:
        city.readers(READERS)
        city.start()
        city.publish(3)
        city.await_that(lambda: windows() == READERS, seconds=30, what="open windows")
        city.await_that(lambda: city.unfinished() == 0, seconds=30, what="all changes told")
        assert city.mail.mails == []
        assert len(city.kill_all()) == 3
        city.start()
        city.await_mails(READERS, seconds=LEASE + 30)
        city.await_done(seconds=30)
        subjects = {str(mail.message["Subject"]) for mail in city.mail.mails}
        assert (len(city.mail.mails), windows()) == (READERS, 0)
        assert subjects == {"Neues aus Coburg: Abend 0, Abend 1, Abend 2"}
