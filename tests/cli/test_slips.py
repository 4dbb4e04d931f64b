"""What an operator mistypes is noticed before it does harm."""

from typer.testing import CliRunner

from syndication import config
from syndication.cli import app
from syndication.infra import db
from tests.town import publish


def test_a_second_merchant_of_one_name_is_asked_for(database: str, settings: config.Settings) -> None:
    def add(name: str, *more: str, answer: str = "") -> int:
        config.use(settings.model_copy(update={"database_url": database}))
        arguments = ["merchants", "add", name, "--email", "a@cafe.example", *more]
        code = CliRunner().invoke(app, arguments, input=answer).exit_code
        db.connect(database)
        return code

    assert [add("Café"), add("CAFÉ", answer="n\n"), add("Café")] == [0, 1, 1]
    assert [add("Café", answer="y\n"), add("Café", "--same-name"), add("Bar")] == [0, 0, 0]


def test_suspending_says_what_stands_and_takes_it_back_where_that_is_wanted(
    database: str, settings: config.Settings
) -> None:
    publish(title="Weinabend")

    def suspend(*more: str) -> str:
        config.use(
            settings.model_copy(update={"database_url": database, "broker_url": "redis://127.0.0.1:1/0"})
        )
        output = CliRunner().invoke(app, ["merchants", "suspend", "cafe", *more]).output
        db.connect(database)
        return output

    assert "1 posts go on standing" in suspend()
    assert "1 posts are taken back" in suspend("--withdraw")
    assert "stand" not in suspend()
