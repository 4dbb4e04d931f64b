"""A consumer that checks each message before Celery sees it, and survives what would stop Celery's own."""

from collections.abc import Callable
from typing import Any, NoReturn

import structlog
from celery.worker.consumer import Consumer
from kombu import compression

from syndication.tasks import messages

_log = structlog.get_logger(__name__)


def _packed(_data: Any) -> NoReturn:
    raise ValueError("compressed messages are not opened")


def open_nothing() -> None:
    """kombu unpacks a message before it shows it to anybody, and 291 kB can unfold to 2 GB: from now on it unpacks none."""
    for kind in compression.encoders():
        compression.register(compression.get_encoder(kind)[0], _packed, kind)


class SturdyConsumer(Consumer):  # type: ignore[misc]  # celery ships no types
    """Celery's consumer. It gets calls of our tasks in our own words; all else that came becomes the call that buries it.

    A broker that dies while a task runs leaves messages that nobody can acknowledge; kombu 5.7 then meets a connection
    that is None, and Celery would end the worker over it. Both places are caught: the broker delivers the message again.

    A broker that does not answer in time, and does again later, leaves one that kombu counts as under way for ever: a
    worker with one process then takes no other. So the connection is given up, and with it what was counted.
    """

    def __init__(self, *arguments: Any, **named: Any) -> None:
        open_nothing()
        super().__init__(*arguments, **named)

    def create_task_handler(self, *arguments: Any, **named: Any) -> Callable[[Any], Any]:
        """What is done with each message."""
        self._handle = super().create_task_handler(*arguments, **named)

        def look(message: Any) -> Any:
            parts = messages.Parts(
                message.headers, message.content_type, message.content_encoding, message.body
            )
            return self._take(message, messages.call(parts))

        return look

    def on_decode_error(self, message: Any, exc: Exception) -> None:
        """A message that kombu gave up: it was compressed, or its body is no text."""
        reason = "The message is compressed or damaged. Please send it as plain JSON."
        shown = {"headers": repr(getattr(message, "headers", None))[:4000]}
        _log.warning("message.given_up", error=f"{type(exc).__name__}: {exc}"[:200])
        self._take(message, messages.buried(reason, shown))

    def _take(self, message: Any, call: messages.Call) -> Any:
        message.headers, message.body, message.properties = call.headers, call.body, {}
        message.content_type, message.content_encoding = "application/json", "utf-8"
        return self._handle(message)

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        """Let go of the dead connection; Celery connects anew afterwards."""
        try:
            super().on_connection_error_after_connected(exc)
        except AttributeError as error:
            _log.warning("broker.connection_dropped", error=str(error))

    def call_soon_ack(self, p: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """Celery settles messages through here."""

        def settle(*given: Any, **also: Any) -> None:
            try:
                p(*given, **also)
            except AttributeError as error:
                _log.warning("message.not_settled", error=str(error))
                return
            _give_up_where_it_counts(p)

        return super().call_soon_ack(settle, *arguments, **named)


def _give_up_where_it_counts(settling: Callable[..., Any]) -> None:
    """Raise ConnectionError, after which Celery connects anew, where a message of a living connection was not settled."""
    message = getattr(settling, "__self__", None)
    channel = getattr(message, "channel", None)
    if message is None or channel is None or message.acknowledged or channel.closed:
        return
    if channel.no_ack_consumers:  # nobody waits for an answer there
        return
    _log.warning("message.not_settled", error="the broker did not answer in time; connecting anew")
    raise ConnectionError("The broker did not answer in time to what was done with a message.")
