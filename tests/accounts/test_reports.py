"""A report is confirmed, waits for the town hall, is decided once and told; what is personal in it is forgotten in the end."""

from datetime import timedelta
from threading import Barrier, Thread
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from syndication import clock, destinations
from syndication.accounts import people, reports
from syndication.accounts.reports import KEPT, LONGEST, Notice
from syndication.errors import Conflict, Invalid, NotFound, SyndicationError
from syndication.infra import db
from syndication.insight import audit_log
from syndication.insight.audit_log import LogFilter
from syndication.insight.to_do import to_do
from syndication.models import Delivery, Report
from syndication.publishing import posts
from tests.accounts.test_applications import letters
from tests.town import publish

pytestmark = pytest.mark.usefixtures("database", "settings")
TYPED = {
    "explanation": "Der zweite Satz beleidigt Frau M.",
    "name": "Anna Amsel",
    "email": "Anna@example.org",
}


def report(post_id: UUID, **typed: Any) -> UUID:
    children = bool(typed.pop("children", False))
    notice = reports.checked({**TYPED, **typed}, children=children)
    return reports.take(post_id, notice, language="de", wording="Ja.")


@pytest.mark.parametrize(
    ("typed", "children", "wrong"),
    [
        ({}, False, set()),
        ({"explanation": "kurz"}, False, {"explanation"}),
        ({"explanation": "x" * (LONGEST + 1)}, False, {"explanation"}),
        ({"explanation": "x" * LONGEST}, False, set()),
        ({"name": ""}, False, {"name"}),
        ({"name": " "}, False, {"name"}),
        ({"email": ""}, False, {"email"}),
        ({"email": "anna@"}, False, {"email"}),
        ({"name": "", "email": ""}, True, set()),
        ({"email": "anna@"}, True, {"email"}),
        ({"name": "x" * 201, "email": "", "explanation": ""}, False, {"name", "email", "explanation"}),
    ],
)
def test_what_the_law_asks_for_is_asked_for(typed: dict[str, str], children: bool, wrong: set[str]) -> None:
    found = set()
    try:
        reports.checked({**TYPED, **typed}, children=children)
    except Invalid as error:
        found = {one.field for one in error.faults}
    assert found == wrong


def test_a_report_is_confirmed_and_the_operators_hear_of_it_once() -> None:
    people.add("otto@coburg.example", name="Otto", role="operator")
    people.add("vera@coburg.example", name="Vera", role="viewer")
    post = publish()
    report(post.id)
    (receipt,) = letters("report_received")
    assert (receipt["to"], receipt["post"]) == ("anna@example.org", f"http://localhost:8000/posts/{post.id}")
    assert post.content.title not in str(receipt)
    clock.travel(timedelta(minutes=59))
    report(post.id, email="bert@example.org")
    assert [one["to"] for one in letters("reported")] == ["otto@coburg.example"]
    clock.travel(timedelta(minutes=61))
    report(post.id, email="cleo@example.org")
    assert len(letters("reported")) == 2
    assert to_do().reports == 3
    assert [one.email for one in reports.waiting()] == [
        "anna@example.org",
        "bert@example.org",
        "cleo@example.org",
    ]  # fmt: skip -- one under the other


def test_a_city_without_an_operator_is_written_to_at_its_address() -> None:
    destinations.ensure_built_in()
    report(publish().id)
    assert [one["to"] for one in letters("reported")] == ["operator@coburg.example"]


def test_no_mailbox_is_flooded_and_no_report_is_lost_for_it() -> None:
    post = publish()
    for number in range(5):
        report(post.id, email=f"anna+{number}@example.org")
    assert len(letters("report_received")) == 3
    assert to_do().reports == 5


def test_whoever_reports_offences_against_children_need_not_say_who_they_are() -> None:
    post = publish()
    report(post.id, name="", email="", children=True)
    assert letters("report_received") == []
    (one,) = reports.waiting()
    assert (one.children, one.name, one.email) == (True, "", "")
    reports.keep(one.id, "Das Bild zeigt niemanden.")
    assert reports.read(one.id).state == "kept"


def test_only_what_is_out_can_be_reported() -> None:
    post = publish()
    posts.withdraw(None, post.id)
    for nothing in (post.id, UUID(int=1)):
        with pytest.raises(NotFound):
            report(nothing)


def test_that_it_stays_is_told_with_its_reason_once() -> None:
    post = publish()
    one = report(post.id)
    for empty in ("", " ", "x" * 2001):
        with pytest.raises(Invalid):
            reports.keep(one, empty)
    reports.keep(one, "Das ist eine Meinung, keine Beleidigung.")
    with pytest.raises(Conflict):
        reports.keep(one, "Doch nicht.")
    (told,) = letters("report_decided")
    assert (told["outcome"], told["because"]) == ("kept", "Das ist eine Meinung, keine Beleidigung.")
    assert posts.read(post.id).state == "published"
    assert [row.what for row in audit_log.lines(LogFilter(what="report.kept"))] == ["report.kept"]


def test_its_owners_hear_that_it_stays_where_that_is_wanted() -> None:
    post = publish()
    people.join("rosa@cafe.example", "cafe", "owner", name="Rosa")
    reports.keep(report(post.id), "Das ist erlaubt.")
    assert letters("report_kept") == []
    reports.keep(report(post.id), "Das ist eine Meinung.", tell_owners=True)
    (told,) = letters("report_kept")
    assert (told["to"], told["because"]) == ("rosa@cafe.example", "Das ist eine Meinung.")
    assert "Anna" not in str(told)
    assert "anna" not in str(told)


def test_that_it_went_by_itself_is_told_so() -> None:
    post = publish()
    one = report(post.id)
    posts.withdraw(None, post.id)
    reports.keep(one, "Das Geschäft hat ihn selbst zurückgezogen.")
    assert letters("report_decided")[0]["outcome"] == "gone"


def test_of_two_who_decide_at_once_one_wins_and_the_other_is_told() -> None:
    one, together, answers = report(publish().id), Barrier(2), list[str]()

    def decide(because: str) -> None:
        together.wait()
        try:
            reports.keep(one, because)
            answers.append("done")
        except SyndicationError as error:
            answers.append(str(error))

    threads = [Thread(target=decide, args=(f"Grund {number}",)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["Somebody has decided about this report already, so nothing was done.", "done"]
    assert len(letters("report_decided")) == 1


def test_what_is_personal_is_forgotten_half_a_year_after_the_decision() -> None:
    post = publish()
    decided, waits = report(post.id), report(post.id, name="Bert", email="bert@example.org")
    reports.keep(decided, "Das ist erlaubt.")
    clock.travel(KEPT - timedelta(days=1))
    assert reports.forget() == 0
    clock.travel(timedelta(days=2))
    assert reports.forget() == 1
    assert reports.forget() == 0
    with db.reading() as session:
        row = session.get_one(Report, decided)
        assert (row.explanation, row.name, row.email, row.mailbox) == ("", "", "", "")
        assert (row.state, row.because) == ("kept", "Das ist erlaubt.")
        assert session.get_one(Report, waits).email == "bert@example.org"
        left = [str(one.payload) for one in session.scalars(select(Delivery))]
    assert not any("anna" in one.lower() for one in left)
    assert reports.read(decided).explanation == ""


def test_a_notice_is_what_was_typed() -> None:
    notice = reports.checked(TYPED, children=False)
    assert notice == Notice(
        explanation="Der zweite Satz beleidigt Frau M.", name="Anna Amsel", email="anna@example.org"
    )
