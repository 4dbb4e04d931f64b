"""The pages in a real browser: they load under their own policy, fit a phone, and lead from sign-up to leaving."""

import re
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from syndication import clock, config
from syndication.delivery import drain
from syndication.infra import db
from syndication.stack.mail_sink import MailSink
from tests import factories
from tests.chromium import CHROMIUM, FLAGS
from tests.town import answer_sign_ups, publish
from tests.web.serving import served

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine; .ci/run installs it")


def browse(url: str, folder: Path, *more: str) -> tuple[str, str]:
    """The page as the browser built it, and what its console said."""
    profile = folder / "profile"
    shutil.rmtree(profile, ignore_errors=True)
    assert CHROMIUM is not None
    done = subprocess.run(
        [CHROMIUM, *FLAGS, f"--user-data-dir={profile}", *more, url],
        capture_output=True,
        timeout=90,
        check=True,
    )
    return done.stdout.decode(), done.stderr.decode(errors="replace")


def console(said: str) -> list[str]:
    return [line for line in said.splitlines() if "CONSOLE" in line]


def paths(token: str) -> list[str]:
    return ["/", "/notices", f"/preferences/{token}", f"/leave/{token}", "/nothing-here"]


@pytest.fixture
def token(city: config.Settings) -> str:
    from syndication.audience import readers

    with db.transaction() as session:
        factories.reader(session, "anna@example.org", cadence="daily 07:00")
    publish(
        title="Weinabend mit einem Titel, der auf einem Telefon nicht in eine Zeile passt", topics=["Wein"]
    )
    return readers.token_for("anna@example.org")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_pages_break_no_rule_of_their_own_policy(city: config.Settings, token: str, tmp_path: Path) -> None:
    with served(city) as base:
        for path in paths(token):
            page, said = browse(base + path, tmp_path, "--dump-dom", "--lang=de")
            assert "Coburg" in page
            assert [line for line in console(said) if "Content Security Policy" in line] == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("width", [390, 1280])
def test_pages_can_be_looked_at(city: config.Settings, token: str, tmp_path: Path, width: int) -> None:
    with served(city) as base:
        for number, path in enumerate(paths(token)):
            shot = tmp_path / f"{number}.png"
            browse(f"{base}{path}", tmp_path, f"--screenshot={shot}", f"--window-size={width},900")
            data = shot.read_bytes()
            assert struct.unpack(">II", data[16:24]) == (width, 900)
            assert len(data) > 8_000, "an empty page would be smaller"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_whole_way_of_a_reader_works_without_scripts(
    city: config.Settings, mail_sink: MailSink, tmp_path: Path
) -> None:
    from syndication.infra.http import Client

    form = {"Content-Type": "application/x-www-form-urlencoded"}
    http = Client(timeout=10, allow_private=True, most_read=200_000)
    with served(city) as base:
        page, _ = browse(f"{base}/?lang=de", tmp_path, "--dump-dom")
        stamp = re.search(r'name="stamp" value="([^"]+)"', page)
        assert stamp is not None
        from datetime import timedelta

        clock.travel(timedelta(seconds=3))
        body = f"email=anna%40example.org&stamp={stamp.group(1)}&rhythm=weekly&weekday=thu&hour=7".encode()
        assert b"Postfach" in http.request("POST", f"{base}/sign-up?lang=de", headers=form, body=body).body
        answer_sign_ups()
        drain.drain("mail")
        (letter,) = mail_sink.await_mails(1)
        link = re.search(r"/confirm/[\w.-]+", letter.message.get_body(("plain",)).get_content())  # type: ignore[union-attr]  # it has one
        assert link is not None
        page, _ = browse(base + link.group(), tmp_path, "--dump-dom")
        assert f'action="{link.group()}"' in page
        done = http.request("POST", base + link.group()).body.decode()
        preferences = re.search(r"/preferences/[\w.-]+", done)
        assert preferences is not None
        page, _ = browse(base + preferences.group(), tmp_path, "--dump-dom")
        assert "anna@example.org" in page
        left = http.request("POST", base + preferences.group().replace("preferences", "leave")).body.decode()
        assert "abgemeldet" in left
    http.close()
