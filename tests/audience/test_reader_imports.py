"""Lists of readers: with proof they are on the newsletter, without they are refused or asked, who was erased stays away."""

import json

import pytest
from sqlalchemy import func, select

from syndication import clock, config
from syndication.audience import reader_imports, readers
from syndication.errors import Invalid
from syndication.infra import db
from syndication.models import Consent, Reader, ReaderImport, SignUp
from tests import factories

HEAD = "Adresse;Sprache;Themen;Datum;Wortlaut;Quelle\n"
PROOF = "24.12.2025;Ja, ich möchte Post.;Stadtfest"
BY = "Berta Boss <boss@coburg.example>"


def outcomes(table: str | bytes, ask: str = "") -> dict[str, str]:
    """What each address of a table will come to."""
    data = table if isinstance(table, bytes) else (HEAD + table).encode()
    found = reader_imports.read(reader_imports.check(data, BY, ask))
    return {line.email: line.outcome for line in found.lines}


def taken(table: str, ask: str = "") -> reader_imports.ImportRecord:
    """The list after all of it was taken in."""
    made = reader_imports.check((HEAD + table).encode(), BY, ask)
    reader_imports.begin(made)
    reader_imports.sweep()
    return reader_imports.read(made)


def on_the_list() -> list[str]:
    with db.reading() as session:
        return sorted(session.scalars(select(Reader.email).where(Reader.state == "confirmed")))


def test_with_proof_somebody_is_on_the_list_and_the_proof_is_kept(city: config.Settings) -> None:
    record = taken(f"Lena@Example.org;en;Musik, Veranstaltungen;{PROOF}\n")
    assert (record.state, record.counts) == ("done", {"taken": 1})
    found = readers.read(readers.token_for("lena@example.org"))
    assert (found.state, found.language, found.interest.topics, found.interest.kinds) == (
        "confirmed", "en", ("musik",), ("event",),
    )  # fmt: skip
    assert found.next_slot_at is not None
    with db.reading() as session:
        proof = session.scalars(select(Consent)).one()
        assert (proof.action, proof.wording, proof.source) == (
            "confirmed",
            "Ja, ich möchte Post.",
            "import: Stadtfest",
        )
        assert proof.at.astimezone(city.zone).date().isoformat() == "2025-12-24"
        assert session.scalars(select(ReaderImport.entries)).one() == {"lines": []}, "addresses are forgotten"


@pytest.mark.parametrize(
    ("line", "right"),
    [
        (f"a@example.org;de;;{PROOF}", "taken"),
        (f'"=""a@example.org""";de;;{PROOF}', "taken"),
        (f"'a@example.org;de;;{PROOF}", "taken"),
        ("a@example.org;de;;2025-12-24;;Stadtfest", "taken"),
        ("a@example.org;de;;24.12.2025;;", "without proof"),
        ("a@example.org;de;;;Ja.;Stadtfest", "without proof"),
        ("a@example.org;de;;irgendwann;Ja.;Stadtfest", "wrong"),
        ("a@example.org;de;;31.02.2025;Ja.;Stadtfest", "wrong"),
        ("a@example.org;de;;24.12.2999;Ja.;Stadtfest", "wrong"),
        (f"a@example.org;xx;;{PROOF}", "wrong"),
        (f"=cmd|' /C calc'!A0;de;;{PROOF}", "wrong"),
        (f"a@@example.org;de;;{PROOF}", "wrong"),
        (f"{'a' * 3000}@example.org;de;;{PROOF}", "wrong"),
        ("", None),
    ],
)
@pytest.mark.enough("sqlite")
def test_each_line_is_looked_at_by_itself(line: str, right: str | None, city: config.Settings) -> None:
    assert list(outcomes(f"b@example.org;de;;{PROOF}\n{line}\n").values())[1:] == ([right] if right else [])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("separator", [";", ",", "\t"])
@pytest.mark.enough("sqlite")
def test_spreadsheets_save_in_many_ways(encoding: str, separator: str, city: config.Settings) -> None:
    lines = [["E-Mail", "Datum", "Wortlaut"], ["a@example.org", "24.12.2025", "Ja für Müßige"]]
    table = "\r\n".join(separator.join(line) for line in lines)
    assert outcomes(table.encode(encoding)) == {"a@example.org": "taken"}


@pytest.mark.parametrize("data", [b"", b"\n\n", b"Name;Ort\nAnna;Coburg\n", b"\x00\x01\xff", b"x" * 2_000_001,
                                  b"email\n" + b"a@example.org\n" * 10_001])  # fmt: skip
@pytest.mark.enough("sqlite")
def test_what_is_no_list_of_readers_is_refused_with_a_sentence(data: bytes, city: config.Settings) -> None:
    with pytest.raises(Invalid) as refused:
        reader_imports.check(data, BY)
    assert refused.value.faults[0].field == "files"


def test_who_was_erased_or_left_stays_away_and_is_counted(city: config.Settings) -> None:
    with db.transaction() as session:
        for name in ("erased", "gone", "here"):
            factories.reader(session, f"{name}@example.org")
    readers.erase_by_address("erased@example.org")
    readers.leave_by_address("gone@example.org")
    names = ("erased", "gone", "here", "new", "new")
    record = taken("".join(f"{name}@example.org;de;;{PROOF}\n" for name in names))
    assert record.counts == {"left out": 2, "known": 2, "taken": 1}
    assert on_the_list() == ["here@example.org", "new@example.org"]


def test_who_is_erased_while_a_list_waits_is_not_in_it_any_more(city: config.Settings) -> None:
    with db.transaction() as session:
        factories.reader(session, "a@example.org")
    made = reader_imports.check(f"{HEAD}a@example.org;de;;{PROOF}\nb@example.org;de;;{PROOF}\n".encode(), BY)
    readers.erase_by_address("a@example.org")
    with db.reading() as session:
        assert "a@example.org" not in json.dumps(session.scalars(select(ReaderImport.entries)).one())
    reader_imports.begin(made)
    reader_imports.sweep()
    assert on_the_list() == ["b@example.org"]


def test_without_proof_somebody_is_asked_where_the_operator_wants_it(city: config.Settings) -> None:
    assert taken("a@example.org;de;Musik;;;\n").counts == {"without proof": 1}
    assert taken("a@example.org;de;Musik;;;\n", "Ja, gern.").counts == {"asked": 1}
    assert on_the_list() == []
    with db.reading() as session:
        wish = session.scalars(select(SignUp)).one()
        assert (wish.email, wish.source, wish.wording) == ("a@example.org", "import", "Ja, gern.")


def test_a_long_list_goes_on_where_it_was(city: config.Settings) -> None:
    table = HEAD + "".join(f"r{number}@example.org;de;;{PROOF}\n" for number in range(250))
    made = reader_imports.check(table.encode(), BY)
    reader_imports.begin(made)
    assert reader_imports.sweep(chunks=1) == 100
    assert (reader_imports.read(made).state, reader_imports.read(made).position) == ("running", 100)
    assert reader_imports.sweep() == 150
    assert reader_imports.sweep() == 0
    assert reader_imports.read(made).counts == {"taken": 250}
    with db.reading() as session:
        assert session.scalar(select(func.count()).select_from(Consent)) == 250


def test_a_list_that_nobody_let_begin_is_forgotten(city: config.Settings) -> None:
    reader_imports.check(f"{HEAD}a@example.org;de;;{PROOF}\n".encode(), BY)
    clock.travel(reader_imports._KEPT * 2)
    reader_imports.sweep()
    with db.reading() as session:
        assert session.scalars(select(ReaderImport)).all() == []
