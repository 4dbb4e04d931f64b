"""What an operator mistypes is noticed before it does harm."""

from typer.testing import CliRunner

from syndication import config
from syndication.cli import app
from syndication.infra import db


def test_a_second_merchant_of_one_name_is_asked_for(database: str, settings: config.Settings) -> None:
    def add(name: str, *more: str, answer: str = "") -> int:
        config.use(settings.model_copy(update={"database_url": database}))
        arguments = ["merchants", "add", name, "--email", "a@cafe.example", *more]
        code = CliRunner().invoke(app, arguments, input=answer).exit_code
        db.connect(database)
        return code

    assert [add("Café"), add("CAFÉ", answer="n\n"), add("Café")] == [0, 1, 1]
    assert [add("Café", answer="y\n"), add("Café", "--same-name"), add("Bar")] == [0, 0, 0]
