"""Files at the desk: looked at and taken in by workers, a moment at a time, each entry exactly once."""

import io
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select

from syndication import clock
from syndication.config import Settings
from syndication.content.base import new_id
from syndication.errors import Conflict, Forbidden, Invalid, NotFound, QuotaExceeded
from syndication.infra import db
from syndication.infra.reasons import translated_error, translated_reason
from syndication.models import BroughtFile, Change, FileEntry, Merchant, Post
from syndication.publishing import file_work, files, posts, quota
from syndication.publishing.files import FileRecord
from syndication.publishing.stock import Tell
from tests import factories

BY = "Rosa Rosen <rosa@cafe.example>"
Woken = list[tuple[str, tuple[str, ...]]]


@pytest.fixture
def cafe(database: str, settings: Settings) -> UUID:
    with db.transaction() as session:
        return factories.merchant(session, "cafe", posts_per_day=3).id


def table(count: int, extra: str = "") -> bytes:
    lines = "".join(f"Konzert {n};{n % 28 + 1}.12.2036;19:30;;{n}\n" for n in range(count))
    return f"Titel;Datum;Beginn;Veröffentlichen am;Nummer\n{lines}{extra}".encode()


def bring(merchant_id: UUID, data: bytes, name: str = "termine.csv", tell: Tell = "nobody") -> UUID:
    return files.add(merchant_id, io.BytesIO(data), name, tell=tell, by=BY)


def worked(merchant_id: UUID, file_id: UUID) -> FileRecord:
    """A worker does what is to be done, as its wake-ups would have it."""
    for _ in range(20):
        if not files.read(merchant_id, file_id).at_work:
            break
        file_work.work(file_id)
    return files.read(merchant_id, file_id)


def ready(merchant_id: UUID, data: bytes) -> UUID:
    file_id = bring(merchant_id, data)
    assert worked(merchant_id, file_id).state == "ready"
    return file_id


def published() -> int:
    with db.reading() as session:
        assert session.scalar(select(func.count()).select_from(Change)) == session.scalar(
            select(func.count()).select_from(Post)
        )
        return session.scalar(select(func.count()).select_from(Post)) or 0


@pytest.fixture
def short_moments(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker hands on after every entry."""
    monkeypatch.setattr(file_work, "_MOMENT", -1.0)


def test_a_file_is_looked_at_and_nothing_goes_out_before_somebody_says_so(cafe: UUID, woken: Woken) -> None:
    file_id = bring(cafe, table(3, "Früher;1.1.2020;;;x\nKaputt;irgendwann;;;y\n"))
    assert woken == [("file", (str(file_id),))]
    found = worked(cafe, file_id)
    assert (found.state, found.name, found.by, found.entries) == ("ready", "termine.csv", BY, 5)
    assert found.counts == {"created": 3, "past": 1, "refused": 1}
    assert published() == 0
    refused, past, first, *_ = files.entries(cafe, file_id, 10)
    assert (refused.title, refused.what, past.title, first.title) == (
        "Kaputt",
        "refused",
        "Früher",
        "Konzert 0",
    )
    assert translated_reason(refused.reason, "de").startswith("Datum: ist kein Datum wie")
    assert translated_reason(refused.position, "de") == "Zeile 6"
    with db.reading() as session:
        assert session.scalar(select(BroughtFile.data)) is None, "the file itself is needed no longer"


def test_it_is_taken_in_once_however_often_the_button_is_pressed(cafe: UUID) -> None:
    file_id = ready(cafe, table(4))
    for _ in range(2):
        files.want(cafe, file_id, tell="nobody", by=BY)
    assert worked(cafe, file_id).state == "done"
    files.want(cafe, file_id, tell="nobody", by=BY)
    file_work.work(file_id)
    assert files.read(cafe, file_id).counts == {"created": 4}
    assert published() == 4
    again = ready(cafe, table(4))
    assert files.read(cafe, again).counts == {"unchanged": 4}


def test_a_worker_works_for_a_moment_and_hands_on(cafe: UUID, woken: Woken, short_moments: None) -> None:
    """So whoever dies between leaves what was done, and whoever goes on does the rest."""
    file_id = bring(cafe, table(2))
    file_work.work(file_id)
    file_work.work(file_id)
    assert files.read(cafe, file_id).state == "looking"
    assert woken[-1] == ("file", (str(file_id),))


def test_who_dies_within_an_entry_leaves_neither_a_post_nor_a_word_of_it(
    cafe: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    file_id = ready(cafe, table(3))
    files.want(cafe, file_id, tell="nobody", by=BY)
    note, noted = file_work._note, list[int]()

    def dying(one: UUID, number: int, *rest: object) -> None:
        noted.append(number)
        if len(noted) == 2:
            raise KeyboardInterrupt
        note(one, number, *rest)  # type: ignore[arg-type]  # as it came

    monkeypatch.setattr(file_work, "_note", dying)
    with pytest.raises(KeyboardInterrupt):
        file_work.work(file_id)
    assert (published(), files.read(cafe, file_id).became) == (1, {"created": 1})
    assert worked(cafe, file_id).counts == {"created": 3}
    assert published() == 3


def test_two_workers_at_one_file_do_each_entry_once(cafe: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    """One took so long over it that another took it up."""
    file_id = ready(cafe, table(3))
    files.want(cafe, file_id, tell="nobody", by=BY)
    monkeypatch.setattr(file_work, "_BUSY", timedelta(seconds=-1))
    take = file_work.Import.take

    def overtaken(self: file_work.Import, row: object, within: object) -> object:
        monkeypatch.setattr(file_work.Import, "take", take)
        file_work.work(file_id)
        return take(self, row, within)  # type: ignore[arg-type]  # as it came

    monkeypatch.setattr(file_work.Import, "take", overtaken)
    file_work.work(file_id)
    assert worked(cafe, file_id).counts == {"created": 3}
    assert published() == 3


def test_an_entry_that_ends_its_worker_each_time_is_given_up_and_the_others_come_in(
    cafe: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    file_id = ready(cafe, table(3))
    files.want(cafe, file_id, tell="nobody", by=BY)
    take = posts.submit

    def ending(merchant_id: UUID, draft: object, **named: object) -> object:
        if draft.title == "Konzert 1":  # type: ignore[attr-defined]  # a draft
            raise MemoryError
        return take(merchant_id, draft, **named)  # type: ignore[arg-type]  # as they came

    monkeypatch.setattr(posts, "submit", ending)
    for _ in range(10):
        try:
            file_work.work(file_id)
        except MemoryError:
            continue
    assert files.read(cafe, file_id).state == "done"
    assert files.read(cafe, file_id).counts == {"created": 2, "refused": 1}
    refused = files.entries(cafe, file_id, 1)[0]
    assert "der Fehler liegt bei uns" in translated_reason(refused.reason, "de")


def test_what_no_worker_took_up_is_woken_again(cafe: UUID, woken: Woken) -> None:
    file_id = bring(cafe, table(1))
    woken.clear()
    file_work.sweep()
    assert woken == [("file", (str(file_id),))]
    worked(cafe, file_id)
    woken.clear()
    file_work.sweep()
    assert woken == [], "it is somebody else's move"


def test_a_first_import_of_many_uses_up_no_quota_where_nobody_is_told(cafe: UUID) -> None:
    file_id = ready(cafe, table(40))
    files.want(cafe, file_id, tell="nobody", by=BY)
    assert worked(cafe, file_id).counts == {"created": 40}
    assert quota.left(cafe) == 3
    with db.reading() as session:
        assert session.scalar(select(func.count()).where(Post.quiet.is_(True))) == 40


@pytest.mark.parametrize(("tell", "taken", "refused"), [("nobody", 2, 4), ("summary", 3, 3), ("each", 4, 3)])
def test_what_people_are_told_of_counts_as_what_is_typed(
    cafe: UUID, tell: Tell, taken: int, refused: int
) -> None:
    """A quiet one costs nothing, one that waits for its hour is told then, and a summary is one post."""
    waiting = "".join(f"Später {n};24.12.2036;;1.12.2036;w{n}\n" for n in range(2))
    quiet = "Leise;24.12.2036;;;q1\nAuch leise;24.12.2036;;;q2\n"
    head = "Titel;Datum;Beginn;Veröffentlichen am;Nummer\n"
    file_id = ready(cafe, f"{head}{waiting}{quiet}".encode())
    assert files.told(cafe, file_id) == {"nobody": 2, "summary": 3, "each": 4}
    with db.transaction() as session:
        session.get_one(Merchant, cafe).posts_per_day = taken - 1
    with pytest.raises(Invalid) as too_many:
        files.want(cafe, file_id, tell=tell, by=BY)
    assert f"Von {taken} Beiträgen" in translated_error(too_many.value.faults[0].message, "de")
    with db.transaction() as session:
        session.get_one(Merchant, cafe).posts_per_day = taken
    files.want(cafe, file_id, tell=tell, by=BY)
    assert worked(cafe, file_id).counts == {"created": 4}
    assert quota.left(cafe) == 0
    with pytest.raises(QuotaExceeded):
        posts.create(cafe, factories.event())


def test_a_summary_that_no_longer_fits_is_said_and_the_posts_stay(cafe: UUID) -> None:
    file_id = ready(cafe, table(2))
    files.want(cafe, file_id, tell="summary", by=BY)
    for _ in range(3):
        posts.create(cafe, factories.event())
    found = worked(cafe, file_id)
    assert (found.state, found.counts, found.summary_id) == ("done", {"created": 2}, None)
    assert "may create 3 posts in 24 hours" in found.reason


def test_a_summary_tells_of_all_that_is_new(cafe: UUID) -> None:
    file_id = ready(cafe, table(2))
    files.want(cafe, file_id, tell="summary", by=BY)
    summary = worked(cafe, file_id).summary_id
    assert summary is not None
    with db.reading() as session:
        assert session.scalar(select(func.count()).where(Post.told_by == summary)) == 2


def test_a_file_that_cannot_be_read_says_why(cafe: UUID) -> None:
    found = worked(cafe, bring(cafe, b"%PDF-1.7", "plan.pdf"))
    assert (found.state, found.entries) == ("refused", 0)
    assert translated_reason(found.reason, "de").startswith("ist ein PDF")


def test_a_file_that_ends_its_worker_each_time_is_given_up(
    cafe: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ending(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(file_work.apart, "read", ending)
    file_id = bring(cafe, table(1))
    for _ in range(4):
        try:
            file_work.work(file_id)
        except MemoryError:
            continue
    assert files.read(cafe, file_id).state == "refused"


def test_a_merchant_sees_and_takes_its_own_files_alone(cafe: UUID) -> None:
    with db.transaction() as session:
        museum = factories.merchant(session, "museum").id
    file_id = ready(cafe, table(1))
    for act in (
        lambda: files.read(museum, file_id),
        lambda: files.entries(museum, file_id, 1),
        lambda: files.want(museum, file_id, tell="nobody", by=BY),
        lambda: files.told(museum, file_id),
        lambda: files.read(cafe, new_id()),
    ):
        with pytest.raises(NotFound):
            act()
    files.discard(museum, file_id)
    assert files.listed(museum) == []
    assert [one.id for one in files.listed(cafe)] == [file_id]


def test_who_may_not_post_brings_nothing(cafe: UUID) -> None:
    file_id = ready(cafe, table(1))
    with db.transaction() as session:
        session.get_one(Merchant, cafe).state = "suspended"
    with pytest.raises(Forbidden):
        bring(cafe, table(1))
    with pytest.raises(Forbidden):
        files.want(cafe, file_id, tell="nobody", by=BY)
    assert published() == 0


def test_what_is_too_large_or_too_often_is_refused(cafe: UUID) -> None:
    with pytest.raises(Invalid, match="larger than 5 MB"):
        bring(cafe, b"x" * 5_000_001)
    with pytest.raises(Invalid, match="choose a file"):
        bring(cafe, b"")
    for _ in range(20):
        bring(cafe, b"x")
    with pytest.raises(QuotaExceeded, match="20 files"):
        bring(cafe, b"x")
    clock.travel(timedelta(days=1, seconds=1))
    files.sweep()
    assert files.listed(cafe) == []
    bring(cafe, b"x")


def test_a_file_is_thrown_away_with_what_it_says_but_not_while_it_is_taken_in(cafe: UUID) -> None:
    file_id = ready(cafe, table(2))
    files.want(cafe, file_id, tell="nobody", by=BY)
    with pytest.raises(Conflict):
        files.discard(cafe, file_id)
    worked(cafe, file_id)
    for _ in range(2):
        files.discard(cafe, file_id)
    file_work.work(file_id)
    with db.reading() as session:
        assert session.scalar(select(func.count()).select_from(FileEntry)) == 0
    assert published() == 2


def test_what_is_not_ready_is_not_taken_in(cafe: UUID) -> None:
    for data in (table(1), b"%PDF-"):
        file_id = bring(cafe, data)
        with pytest.raises(Conflict):
            files.want(cafe, file_id, tell="nobody", by=BY)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("termine.csv", "termine.csv"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\rosa\\termine.csv", "termine.csv"),
        ("a\"b'c;d.csv", "a\"b'c;d.csv"),
        ("a\r\nX-Header: 1.csv", "a X-Header: 1.csv"),
        ("a\u202egpj.exe", "a gpj.exe"),
        ("\0\x1b[31mrot.csv", "[31mrot.csv"),
        ("x" * 300 + ".csv", "x" * 60 + "…" + "x" * 35 + ".csv"),
        ("", ""),
        ("..", ".."),
    ],
)
def test_a_name_is_shown_without_what_it_could_do(name: str, shown: str) -> None:
    assert files.shown(name) == shown
