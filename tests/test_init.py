"""`syndication init`: what it writes means the same to a shell, to systemd and to the settings."""

import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from syndication import config
from syndication.cli import app
from syndication.cli.init import quoted
from syndication.cli.running import own_port
from syndication.config import as_environment

Run = Callable[..., Result]
HARD = [
    "", "Coburg", "Bad Tölz", "Val d'Isère", "a  b ", "$HOME", "`id`", "back\\slash", "\\", "a\\'b", 'say "hi"',
    "'", "''", "'\"", "#1; x", "'$HOME`id`\\\"", "100 %", "!", "a=b", "~", "two\nlines",
]  # fmt: skip


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `syndication init` in an empty folder, with nothing set."""
    monkeypatch.chdir(tmp_path)
    for name in config.Settings.model_fields:
        monkeypatch.delenv(f"SYNDICATION_{name.upper()}", raising=False)

    def invoke(*arguments: str, code: int = 0) -> Result:
        result = CliRunner().invoke(app, ["init", *arguments])
        assert result.exit_code == code, result.output
        return result

    return invoke


def by_shell(file: Path) -> dict[str, str]:
    """What a command gets to know behind `set -a; . file`."""
    done = subprocess.run(
        ["/bin/sh", "-c", f"set -eua; . {file}; exec env -0"], env={}, capture_output=True, check=True
    )
    assert done.stderr == b""
    pairs = (one.partition("=") for one in done.stdout.decode().split("\0") if one)
    return {name: value for name, _, value in pairs if name != "PWD"}


def by_systemd(text: str) -> dict[str, str]:
    """What EnvironmentFile means by it: systemd.exec(5)."""
    found, rest = {}, text
    while rest:
        if rest[0] in "#;\n":
            rest = rest.partition("\n")[2]
            continue
        name, _, rest = rest.partition("=")
        mark, rest, value = rest[0], rest[1:], ""
        assert mark in "'\"", "all values are in quotes"
        while rest[0] != mark:
            if mark == '"' and rest[0] == "\\" and rest[1] in '"\\`$':
                rest = rest[1:]
            value, rest = value + rest[0], rest[1:]
        assert rest[1] == "\n"
        found[name], rest = value, rest[2:]
    return found


@pytest.mark.parametrize("value", HARD)
def test_a_value_means_the_same_to_a_shell_and_to_systemd(value: str, tmp_path: Path) -> None:
    file = tmp_path / "one.env"
    file.write_text(f"X={quoted(value)}\n", encoding="utf-8")
    assert by_shell(file)["X"] == value
    assert by_systemd(file.read_text(encoding="utf-8")) == {"X": value}


def test_without_more_than_a_name_it_is_a_city_on_this_machine(run: Run, tmp_path: Path) -> None:
    assert "set -a; . ./syndication.env; set +a" in run("--city", "Val d'Isère").output
    file = tmp_path / "syndication.env"
    assert file.stat().st_mode & 0o777 == 0o600
    known = by_shell(file)
    assert by_systemd(file.read_text(encoding="utf-8")) == known
    cfg = config.read(**{name.removeprefix("SYNDICATION_").lower(): value for name, value in known.items()})
    assert cfg.city_name == "Val d'Isère"
    assert (cfg.base_url, cfg.smtp_host, cfg.smtp_port) == ("http://127.0.0.1:8000", "127.0.0.1", 2525)
    assert (cfg.smtp_security, cfg.allow_private_addresses) == ("none", True)
    assert as_environment(cfg)["SYNDICATION_DATA_DIR"] == "data"


def test_a_second_run_leaves_the_file_and_its_secret_as_they_are(run: Run, tmp_path: Path) -> None:
    run("--city", "Coburg")
    before = (tmp_path / "syndication.env").read_bytes()
    said = run("--city", "Coburg", code=1).output
    assert "stays as it is" in said
    assert "--file" in said
    assert (tmp_path / "syndication.env").read_bytes() == before
    run("--city", "Coburg", "--file", "other.env")
    secrets = {
        by_shell(tmp_path / name)["SYNDICATION_SECRET_KEYS"] for name in ("syndication.env", "other.env")
    }
    assert len(secrets) == 2


def test_with_a_public_address_it_is_a_city_on_the_internet(run: Run, tmp_path: Path) -> None:
    run(
        *("--city", "Coburg", "--base-url", "https://news.coburg.example"),
        *("--smtp-host", "mail.coburg.example", "--data-dir", "/var/lib/syndication"),
    )
    known = by_shell(tmp_path / "syndication.env")
    assert known["SYNDICATION_ALLOW_PRIVATE_ADDRESSES"] == "false"
    assert known["SYNDICATION_MAIL_FROM"] == "news@news.coburg.example"
    assert (known["SYNDICATION_SMTP_PORT"], known["SYNDICATION_SMTP_SECURITY"]) == ("587", "starttls")
    assert known["SYNDICATION_DATA_DIR"] == "/var/lib/syndication"


def test_a_mail_server_near_by_is_spoken_to_as_any_other(run: Run, tmp_path: Path) -> None:
    run("--city", "Coburg", "--smtp-host", "10.0.0.5")
    known = by_shell(tmp_path / "syndication.env")
    assert (known["SYNDICATION_SMTP_PORT"], known["SYNDICATION_SMTP_SECURITY"]) == ("587", "starttls")


def test_the_readme_s_city_on_the_internet_is_made_as_printed(run: Run, tmp_path: Path) -> None:
    readme = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    block = re.search(r"^## For production\n.*?^```sh\n(.*?)^```", readme, re.DOTALL | re.MULTILINE)
    assert block
    line = block[1].replace("\\\n", " ").replace("/etc/", f"{tmp_path}/")
    program, command, *arguments = shlex.split(line)
    assert (program, command) == (".venv/bin/syndication", "init")
    run(*arguments)
    assert by_shell(tmp_path / "syndication.env")["SYNDICATION_MAIL_FROM"] == "news@coburg.example"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "--city"),
        (("--city", " "), "SYNDICATION_CITY_NAME"),
        (("--city", "A", "--base-url", "http://news.coburg.example"), "must begin with https://"),
        (("--city", "A", "--base-url", "coburg"), "SYNDICATION_BASE_URL"),
        (("--city", "A", "--base-url", "http://[::1"), "SYNDICATION_BASE_URL"),
        (("--city", "A", "--mail-from", "nobody"), "SYNDICATION_MAIL_FROM"),
        (("--city", "A", "--smtp-port", "0"), "SYNDICATION_SMTP_PORT"),
        (("--city", "A", "--smtp-security", "ssl"), "SYNDICATION_SMTP_SECURITY"),
        (("--city", "A", "--timezone", "Coburg"), "SYNDICATION_TIMEZONE"),
        (("--city", "A", "--file", "missing/x.env"), "cannot be written"),
        (("--city", "A", "--file", "."), "is there already"),
    ],
)
def test_what_cannot_work_is_said_and_nothing_is_written(
    run: Run, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    assert said in run(*arguments, code=1).output
    assert list(tmp_path.iterdir()) == []


def test_what_is_set_in_the_environment_is_taken_over(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYNDICATION_BASE_URL", "http://127.0.0.1:8123")
    monkeypatch.setenv("SYNDICATION_SMTP_PASSWORD", "it's $ecret")
    run("--city", "Coburg", "--smtp-user", "news")
    known = by_shell(tmp_path / "syndication.env")
    assert known["SYNDICATION_BASE_URL"] == "http://127.0.0.1:8123"
    assert (known["SYNDICATION_SMTP_USER"], known["SYNDICATION_SMTP_PASSWORD"]) == ("news", "it's $ecret")


def test_at_a_terminal_the_name_is_asked_for(tmp_path: Path) -> None:
    import pty

    command = Path(sys.executable).parent / "syndication"
    ours, theirs = pty.openpty()
    with subprocess.Popen([command, "init"], cwd=tmp_path, stdin=theirs, stdout=subprocess.PIPE) as asked:
        with open(ours, "wb", closefd=False) as typed:
            typed.write("Bad Tölz\n".encode())
        assert asked.wait(30) == 0
    assert by_shell(tmp_path / "syndication.env")["SYNDICATION_CITY_NAME"] == "Bad Tölz"


@pytest.mark.parametrize(
    ("base_url", "port"),
    [
        ("http://127.0.0.1:8123", 8123),
        ("http://localhost:8123", 8123),
        ("http://localhost", None),
        ("https://news.coburg.example:8443", None),
        ("http://192.168.1.5:8123", None),
    ],
)
def test_up_listens_where_an_address_on_this_machine_points(base_url: str, port: int | None) -> None:
    assert own_port(base_url) == port
