"""Variables that look like settings and are none are named, and end no start."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from syndication import config
from tests.conftest import settings_for


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("SYNDICATION_SMTP_HOTS", "SYNDICATION_SMTP_HOST"),
        ("SYNDICATION_SMPT_PORT", "SYNDICATION_SMTP_PORT"),
        ("SYNDICATION_SECRET_KEY", "SYNDICATION_SECRET_KEYS"),
        ("SYNDICATION_SMTP_PASSWORT_FILE", "SYNDICATION_SMTP_PASSWORD_FILE"),
        ("syndication_mail_form", "SYNDICATION_MAIL_FROM"),
    ],
)
def test_a_mistyped_setting_is_named_with_the_right_one(name: str, meant: str) -> None:
    assert config.unknown_variables([name]) == [f"{name} is no setting and does nothing; {meant} is one."]


@pytest.mark.parametrize("name", ["SYNDICATION_\x1b[2J", "SYNDICATION_XYZZY_Q"])
def test_a_name_like_no_setting_is_named_alone_and_legibly(name: str) -> None:
    (said,) = config.unknown_variables([name])
    assert "is no setting and does nothing" in said
    assert said.isprintable()


def test_every_setting_and_its_file_are_known() -> None:
    names = [f"SYNDICATION_{name.upper()}" for name in config.Settings.model_fields]
    known = [*names, *(f"{name}_FILE" for name in names), "syndication_smtp_host", "PATH", "SYNDICATIONS"]
    assert config.unknown_variables(known) == []


@pytest.mark.parametrize(
    "start",
    [
        "from syndication.cli import app; app(['settings'], standalone_mode=False)",
        "import worker; worker.app.conf.broker_url",
        "from syndication import asgi; asgi.create()",
    ],
    ids=["command", "worker", "web"],
)
def test_web_workers_and_commands_warn_and_start(start: str, tmp_path: Path) -> None:
    given = config.as_environment(settings_for(tmp_path)) | {"SYNDICATION_SMTP_HOTS": "mail.example"}
    ran = subprocess.run(
        [sys.executable, "-c", start],
        env=os.environ | given,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "SYNDICATION_SMTP_HOTS is no setting and does nothing; SYNDICATION_SMTP_HOST is one." in ran.stderr
