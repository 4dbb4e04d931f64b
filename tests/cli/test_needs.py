"""Help by need: every command stands under one heading, and every example can be typed as it stands."""

import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from syndication.cli import app
from syndication.cli.needs import EXAMPLES, NEEDS

TOP: Any = typer.main.get_command(app)


def test_every_command_stands_under_one_heading() -> None:
    shown = sorted(name for name, one in TOP.commands.items() if not one.hidden)
    assert sorted(name for names in NEEDS.values() for name in names) == shown


def test_help_is_ordered_by_need_in_80_columns() -> None:
    text = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "80"}).output
    places = [text.index(f"{heading}:") for heading in NEEDS]
    assert places == sorted(places)
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_can_be_typed_as_it_stands(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "termine.ics").touch()
    line = CliRunner().invoke(app, [*name.split(), "--help"], env={"COLUMNS": "200"}).output
    assert f"Example: syndication {name} {EXAMPLES[name]}".strip() in " ".join(line.split())
    command, context = TOP, TOP.make_context("syndication", [*name.split()], resilient_parsing=True)
    for part in name.split():
        command = command.commands[part]
    arguments = shlex.split(EXAMPLES[name])
    # Raises where an option is unknown, or an argument is missing or too much.
    command.make_context(name, arguments, parent=context)
