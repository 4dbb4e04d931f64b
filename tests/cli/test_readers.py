"""What is kept about an address is shown and deleted, whatever capitals it is asked by."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from syndication import config
from syndication.cli import app
from syndication.infra import db
from syndication.models import Consent, Reader, SignUp
from tests import factories
from tests.conftest import settings_for


def command(*arguments: str, database: str, folder: Path, code: int = 0) -> str:
    config.use(settings_for(folder, database_url=database))
    result = CliRunner().invoke(app, ["readers", *arguments])
    assert result.exit_code == code, result.output
    db.connect(database)
    return result.output


@pytest.mark.parametrize("asked", ["anna@example.org", "Anna@Example.ORG", " ANNA@example.org "])
def test_all_about_an_address_is_shown_and_then_deleted(
    asked: str, database: str, settings: config.Settings, tmp_path: Path
) -> None:
    with db.transaction() as session:
        factories.reader(session, "anna@example.org")
        factories.reader(session, "ben@example.org")
        session.add(
            SignUp(
                email="Anna@example.org", language="de", interest={}, cadence="instantly",
                source="page", wording="Ja", at=db.now(session),
            )
        )  # fmt: skip
    said = json.loads(command("export", asked, database=database, folder=tmp_path))
    assert [one["reader"]["email"] for one in said["readers"]] == ["anna@example.org"]
    assert len(said["sign_ups"]) == 1
    assert "backups" in command("erase", asked, "--yes", database=database, folder=tmp_path)
    with db.reading() as session:
        assert [row.email for row in session.query(Reader)] == ["ben@example.org"]
        assert session.query(SignUp).count() == 0
        assert session.query(Consent).filter(Consent.reader_id.not_in(session.query(Reader.id))).count() == 0
    assert "Nothing is kept" in command("export", asked, database=database, folder=tmp_path, code=1)
    assert "Nothing is kept" in command("erase", asked, "--yes", database=database, folder=tmp_path)
