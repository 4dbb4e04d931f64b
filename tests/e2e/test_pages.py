"""The pages in a real browser: they load under their own policy, fit a phone, and lead from sign-up to leaving."""

import re
import struct
from pathlib import Path

import pytest

from syndication import clock, config
from syndication.delivery import drain
from syndication.infra import db
from syndication.stack.mail_sink import MailSink
from tests import factories
from tests.chromium import CHROMIUM, Tab, browsing
from tests.town import answer_sign_ups, publish
from tests.web.serving import served

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine; .ci/run installs it")


def html(tab: Tab) -> str:
    """The page as the browser built it."""
    return str(tab.evaluate("document.documentElement.outerHTML"))


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
    def against() -> list[str]:
        said = (tmp_path / "chromium.log").read_text(errors="replace").splitlines()
        return [line for line in said if "CONSOLE" in line and "Content Security Policy" in line]

    with served(city) as base, browsing(tmp_path) as tab:
        for path in paths(token):
            tab.open(base + path)
            assert "Coburg" in html(tab)
        assert against() == []
        # What would be said of a page that breaks one is heard.
        tab.evaluate("document.body.append(Object.assign(document.createElement('script'), {text: '1'}))")
        tab.until(against)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("width", [390, 1280])
def test_pages_can_be_looked_at(city: config.Settings, token: str, tmp_path: Path, width: int) -> None:
    with served(city) as base, browsing(tmp_path) as tab:
        for number, path in enumerate(paths(token)):
            shot = tmp_path / f"{number}.png"
            tab.open(base + path)
            tab.screenshot(shot, width, 900)
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
    with served(city) as base, browsing(tmp_path) as tab:
        tab.open(f"{base}/?lang=de")
        stamp = re.search(r'name="stamp" value="([^"]+)"', html(tab))
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
        tab.open(base + link.group())
        assert f'action="{link.group()}"' in html(tab)
        done = http.request("POST", base + link.group()).body.decode()
        preferences = re.search(r"/preferences/[\w.-]+", done)
        assert preferences is not None
        tab.open(base + preferences.group())
        assert "anna@example.org" in html(tab)
        left = http.request("POST", base + preferences.group().replace("preferences", "leave")).body.decode()
        assert "abgemeldet" in left
    http.close()
