"""Reads our queues from Redis, and puts whatever lies there into the form that kombu expects."""

import base64
import json
from typing import Any

import structlog
from kombu.transport import TRANSPORT_ALIASES
from kombu.transport import redis as kombu_redis
from kombu.transport.virtual import Empty
from redis import Redis
from redis.exceptions import RedisError

from syndication.content.base import new_id
from syndication.ops.celery_wakeups import QUEUES
from syndication.tasks import messages

_log = structlog.get_logger(__name__)
#: kombu keeps the priority of a list behind its queue's name.
_PRIORITY = kombu_redis.Channel.sep


def use() -> None:
    """Read every kind of Redis this way, in this process and those it forks."""
    TRANSPORT_ALIASES.update(
        redis=f"{__name__}:Transport",
        rediss=f"{__name__}:Transport",
        sentinel=f"{__name__}:SentinelTransport",
    )


def sound(queue: str, item: bytes) -> str:
    """An item of `queue` as kombu expects it. Its tag and its way back are ours: two with one tag would be one to kombu."""
    call = messages.from_redis(item)
    return json.dumps(
        {
            "body": base64.b64encode(call.body).decode(),
            "content-type": "application/json",
            "content-encoding": "utf-8",
            "headers": call.headers,
            "properties": {
                "correlation_id": call.id,
                "delivery_tag": str(new_id()),
                "delivery_info": {"exchange": "", "routing_key": queue},
                "delivery_mode": 2,
                "priority": 0,
                "body_encoding": "base64",
            },
        }
    )


class _Client(Redis):
    """Looks at each message on its way in."""

    def parse_response(self, connection: Any, command_name: Any, **options: Any) -> Any:
        """Called by kombu for the answer to its BRPOP."""
        answer = super().parse_response(connection, command_name, **options)
        if command_name != "BRPOP" or not answer:
            return answer
        name, item = answer
        queue = (name if isinstance(name, str) else name.decode()).rsplit(_PRIORITY, 1)[0]
        if queue not in QUEUES:  # such as the one in which workers answer each other
            return answer
        return name, sound(queue, item.encode() if isinstance(item, str) else item)


class _Looking:
    """What both kinds of channel do alike."""

    def _get_client(self) -> Any:
        super()._get_client()  # type: ignore[misc]  # kombu's channel has it; it looks at the version of redis
        return _Client

    def _receive_one(self, c: Any) -> Any:
        """What is published to the workers' control and event channels; garbage there ends nobody."""
        try:
            return super()._receive_one(c)  # type: ignore[misc]  # kombu's channel has it
        except (OSError, RedisError, Empty):
            raise
        except Exception as error:
            _log.warning("broadcast.not_read", error=f"{type(error).__name__}: {error}"[:200])
            return None

    def _deliver_fanout_message(self, message: Any, exchange: str) -> Any:
        """A message that was published, on its way to whoever listens."""
        if exchange.endswith("pidbox"):
            messages.check_command(message)
        return super()._deliver_fanout_message(message, exchange)  # type: ignore[misc]  # kombu's channel has it


class Channel(_Looking, kombu_redis.Channel):
    """A channel of a Redis."""


class SentinelChannel(_Looking, kombu_redis.SentinelChannel):
    """A channel of a Redis behind sentinels."""


class Transport(kombu_redis.Transport):
    """Redis, looked at."""

    Channel = Channel


class SentinelTransport(kombu_redis.SentinelTransport):
    """Sentinel, looked at."""

    Channel = SentinelChannel
