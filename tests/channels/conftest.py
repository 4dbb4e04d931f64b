"""The doors a channel sends through, onto real local servers."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from syndication.channels.tools import Tools
from syndication.config import Settings
from syndication.delivery.session_cache import SessionCache
from syndication.infra.http import Client
from syndication.infra.smtp import Outbox
from syndication.stack.mail_sink import MailSink
from tests.channels.samples import kept_pictures


class Shelf:
    """A shelf that notes what it is asked for."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def refresh(self, scopes: Any) -> int:
        self.asked.append(tuple(scopes))
        return len(scopes)


@contextlib.contextmanager
def make_tools(folder: Path, smtp_port: int, patience: float = 10.0) -> Iterator[Tools]:
    client = Client(timeout=patience, allow_private=True)
    box = Outbox("127.0.0.1", smtp_port, "none", timeout=patience, final_timeout=patience)
    yield Tools(client, box, Shelf(), kept_pictures(client, folder), SessionCache())
    client.close()
    box.close()


@pytest.fixture
def tools(mail_sink: MailSink, settings: Settings, tmp_path: Path, patience: float) -> Iterator[Tools]:
    with make_tools(tmp_path, mail_sink.port, patience) as made:
        yield made
