"""Checks the broker: whether it answers, how it is configured, and which queues have workers."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from celery import Celery
from kombu.connection import Connection
from kombu.exceptions import OperationalError
from kombu.utils.url import maybe_sanitize_url
from redis import Redis
from redis.exceptions import RedisError

from syndication.content.reason import Reason
from syndication.errors import Invalid, Unavailable
from syndication.ops.celery_wakeups import QUEUES, transport_options

#: Seconds to wait for the broker, and for its workers' answers.
_PATIENCE = 2.0


@dataclass(frozen=True)
class RedisState:
    """What decides whether a Redis keeps what it is given; None where it does not tell."""

    version: str | None
    policy: str | None
    append_only: bool | None


def check(url: str) -> None:
    """Raise Unavailable, naming the broker without its password, where it does not answer within two seconds.

    Raises Invalid for a URL of no known kind.
    """
    with _channel(url):
        pass


def redis_state(url: str) -> RedisState | None:
    """How a Redis broker is set; None for a broker of another kind. Raises Unavailable."""
    if not url.startswith("redis"):
        return None
    with _channel(url) as channel:
        client = channel.client
        return RedisState(
            version=_told(client, "server").get("redis_version"),
            policy=_configured(client, "maxmemory-policy"),
            append_only=_yes(_configured(client, "appendonly")),
        )


def listeners(url: str) -> Mapping[str, tuple[str, ...]]:
    """Worker → the queues it takes from, of all workers that answer within two seconds."""
    with Celery("looking", broker=url, set_as_current=False) as app:
        app.conf.update(broker_transport_options=_options(url))
        try:
            answers: Mapping[str, Any] = app.control.inspect(timeout=_PATIENCE).active_queues() or {}
        except (OperationalError, RedisError, OSError) as error:
            raise Unavailable(_sentence(url, error)) from error
    return {worker: tuple(queue["name"] for queue in queues) for worker, queues in sorted(answers.items())}


def unserved(found: Mapping[str, tuple[str, ...]]) -> list[str]:
    """The queues from which none of the workers `found` takes."""
    served = {queue for queues in found.values() for queue in queues}
    return [queue for queue in QUEUES if queue not in served]


@contextmanager
def _channel(url: str) -> Iterator[Any]:
    connecting = Connection(url, connect_timeout=_PATIENCE, transport_options=_options(url))  # type: ignore[no-untyped-call]  # kombu is typed only in part
    with connecting as connection:
        try:
            connection.ensure_connection(max_retries=1, interval_start=0, timeout=_PATIENCE)
            yield connection.default_channel
        except KeyError as error:
            raise Invalid.field(
                "SYNDICATION_BROKER_URL", f"names no kind of broker that is known: {error.args[0]}"
            ) from error
        except (OperationalError, RedisError, OSError) as error:
            raise Unavailable(_sentence(url, error)) from error


def _options(url: str) -> dict[str, object]:
    options = transport_options(url)
    return options | {"socket_timeout": _PATIENCE} if "socket_timeout" in options else options


def _sentence(url: str, error: BaseException) -> Reason:
    cause = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return Reason("The broker {} does not answer: {}", maybe_sanitize_url(url), cause)


def _told(client: Redis, section: str) -> Mapping[str, Any]:
    try:
        return client.info(section)
    except RedisError:  # a managed Redis may refuse to tell
        return {}


def _configured(client: Redis, name: str) -> str | None:
    try:
        found = client.config_get(name).get(name)
    except RedisError:  # the same
        return None
    return found if isinstance(found, str) else None


def _yes(text: str | None) -> bool | None:
    return None if text is None else text == "yes"
