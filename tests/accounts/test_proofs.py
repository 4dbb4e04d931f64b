"""Files as proof: known by their first bytes, for the town hall alone, gone once somebody has decided."""

import io
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from syndication import clock
from syndication.accounts import admissions, applications, proofs
from syndication.accounts.proofs import Proof
from syndication.errors import Invalid, NotFound
from syndication.infra import db
from syndication.models import Application, ApplicationProof
from tests.accounts.test_applications import TYPED, all_of, answered, token

pytestmark = pytest.mark.usefixtures("database", "settings")
PDF = Proof("application/pdf", "pdf", b"%PDF-1.7 Gewerbeschein")


def apply(proof: Proof | None = PDF, **typed: str) -> UUID:
    said = {**TYPED, "proof": "", **typed}
    wanted = applications.checked(said, language="de", wording="Ja.", with_file=True)
    applications.ask(wanted, proof)
    return wanted.id


def confirmed() -> UUID:
    application_id = apply()
    applications.answer(application_id)
    applications.confirm(token())
    return application_id


@pytest.mark.parametrize(
    ("data", "suffix"),
    [
        (b"%PDF-1.7\n", "pdf"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "jpg"),
        (b"\xff\xd8\xff\xe1", "jpg"),
        (b"\x89PNG\r\n\x1a\n\0", "png"),
        (b"%PDF-" + b"x" * 4_999_995, "pdf"),
    ],
)
def test_a_pdf_and_a_picture_are_taken_as_they_come(data: bytes, suffix: str) -> None:
    found = proofs.checked(io.BytesIO(data))
    assert (found.suffix, found.data) == (suffix, data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html>",
        b"<svg xmlns='x'>",
        b"GIF89a",
        b"PK\x03\x04",
        b"MZ",
        b" %PDF-1.7",
        b"\0" * 100,
        b"%PDF-" + b"x" * 4_999_996,
    ],
)
def test_anything_else_is_not(data: bytes) -> None:
    with pytest.raises(Invalid):
        proofs.checked(io.BytesIO(data))


def test_a_file_or_a_sentence_is_needed() -> None:
    for typed in ("", "  "):
        with pytest.raises(Invalid, match="proof: is needed"):
            applications.checked({**TYPED, "proof": typed}, language="de", wording="Ja.")


def test_the_town_hall_gets_it_once_the_address_is_confirmed() -> None:
    application_id = apply()
    with pytest.raises(NotFound):
        proofs.read(application_id)
    applications.answer(application_id)
    applications.confirm(token())
    assert proofs.read(application_id) == PDF
    (waiting,) = admissions.waiting()
    assert waiting.file is not None
    assert (waiting.file.suffix, waiting.file.size) == ("pdf", len(PDF.data))
    admissions.ask_back(waiting.merchant_id, "Wo ist der Laden?", "Berta")
    assert proofs.read(application_id) == PDF


@pytest.mark.parametrize("act", ["admit", "decline"])
def test_it_is_gone_once_somebody_has_decided(act: str) -> None:
    application_id = confirmed()
    merchant_id = admissions.read(application_id).merchant_id
    if act == "admit":
        admissions.admit(merchant_id, "Berta")
    else:
        admissions.decline(merchant_id, "Es gibt ihn nicht.", "Berta")
    assert admissions.read(application_id).file is None
    with pytest.raises(NotFound):
        proofs.read(application_id)
    assert all_of(ApplicationProof) == []


def test_it_is_gone_with_what_nobody_confirmed_or_decided() -> None:
    apply()
    clock.travel(applications.CONFIRM_WITHIN)
    applications.forget()
    assert all_of(ApplicationProof) == []
    application_id = confirmed()
    clock.travel(timedelta(days=60))
    admissions.ask_back(admissions.read(application_id).merchant_id, "Wo ist der Laden?", "Berta")
    clock.travel(timedelta(days=30, seconds=1))
    applications.forget()
    assert all_of(ApplicationProof) == []
    assert len(all_of(Application)) == 1, "it was asked something a month ago"


def test_strangers_fill_no_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proofs, "_MOST_UNCONFIRMED", 2)
    kept = [apply(email=f"{n}@cafe.example") for n in range(2)]
    with pytest.raises(Invalid, match="Very many files"):
        apply(email="3@cafe.example")
    with db.reading() as session:
        assert set(session.scalars(select(Application.id))) == set(kept), "and nothing is left of it"
    answered(email="4@cafe.example")
