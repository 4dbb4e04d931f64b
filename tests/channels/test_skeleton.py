"""The skeleton of docs/channels.md is a channel: whoever starts with it starts with something that works."""

import re
from pathlib import Path
from typing import Any

import pytest

from syndication.channels import by_http, contract, envelope, messages, tools, verdicts
from syndication.channels.social import requests, words
from syndication.channels.social import settings as social_settings
from syndication.channels.tools import Tools
from syndication.channels.verdicts import Unconfirmed
from syndication.content.reason import Reason
from syndication.stack.receiver import Receiver, Reply
from tests.channels.samples import envelope as sample

PAPER = Path(__file__).parents[2] / "docs" / "channels.md"


def skeleton() -> dict[str, Any]:
    """What the code in the paper defines; names are found where the paper says that they are."""
    code = re.search(r"```python\n(.*?)```", PAPER.read_text(encoding="utf-8"), re.DOTALL)
    assert code is not None
    rooms = (by_http, contract, envelope, messages, tools, verdicts, requests, words, social_settings)
    names: dict[str, Any] = {"Reason": Reason, "__name__": "pigeon"}
    for room in reversed(rooms):
        names |= vars(room)
    exec(
        compile(
            "from typing import ClassVar\nfrom pydantic import Field, SecretStr\n" + code[1], "pigeon", "exec"
        ),
        names,
    )
    return names


def test_the_skeleton_posts_and_knows_when_it_does_not_know(receiver: Receiver, tools: Tools) -> None:
    made = skeleton()
    channel = made["Pigeon"]()
    chosen = made["PigeonSettings"](server=receiver.url(), loft="coburg", access_token="t0ken-of-a-loft")
    message = channel.render(sample(chosen))
    receiver.answer = lambda _: Reply(200, {}, b'{"id": "7", "url": "https://pigeon.example/7"}')
    assert channel.send(message, tools).reference == "7"
    (request,) = receiver.requests
    assert request.headers["authorization"] == "Bearer t0ken-of-a-loft"
    assert b"Weinabend" in request.body
    for answer in (Reply(200, {}, b"{}"), Reply(500), Reply(close=True)):
        receiver.answer = lambda _, answer=answer: answer
        with pytest.raises(Unconfirmed):
            channel.send(message, tools)
