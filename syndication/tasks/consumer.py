"""A consumer that buries what Celery would only log, and survives what would end it."""

from collections.abc import Callable
from typing import Any

import structlog
from celery.worker.consumer import Consumer

from syndication import intake

_log = structlog.get_logger(__name__)


class SturdyConsumer(Consumer):  # type: ignore[misc]  # celery ships no types
    """Celery's consumer; each message it would drop becomes a dead letter with its reason first.

    A broker that dies while a task runs leaves messages that nobody can acknowledge; kombu 5.7 then meets a connection
    that is None, and Celery would end the worker over it. Both places are caught: the broker delivers the bell again.
    """

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        """Let go of the dead connection; Celery connects anew afterwards."""
        try:
            super().on_connection_error_after_connected(exc)
        except AttributeError as error:
            _log.warning("broker.connection_dropped", error=str(error))

    def call_soon_ack(self, p: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """Celery settles messages through here."""

        def settle(*given: Any, **also: Any) -> Any:
            try:
                return p(*given, **also)
            except AttributeError as error:
                _log.warning("message.not_settled", error=str(error))

        return super().call_soon_ack(settle, *arguments, **named)

    def on_decode_error(self, message: Any, exc: Exception) -> None:
        """A body that is not JSON, or says it is of another type."""
        intake.bury(_shown(message), f"The message cannot be read: {exc}")
        super().on_decode_error(message, exc)

    def on_unknown_message(self, body: Any, message: Any) -> None:
        """A message that is not in Celery's form."""
        intake.bury(_shown(message), "The message is not in the form of Celery's protocol.")
        super().on_unknown_message(body, message)

    def on_unknown_task(self, body: Any, message: Any, exc: Exception) -> None:
        """A message for a task that does not exist here."""
        intake.bury(_shown(message), f"There is no task called {exc}.")
        super().on_unknown_task(body, message, exc)

    def on_invalid_task(self, body: Any, message: Any, exc: Exception) -> None:
        """A message whose arguments Celery cannot use."""
        intake.bury(_shown(message), f"The arguments cannot be used: {exc}")
        super().on_invalid_task(body, message, exc)


def _shown(message: Any) -> dict[str, Any]:
    body = message.body if isinstance(message.body, str) else bytes(message.body).decode("utf-8", "replace")
    return {"headers": dict(message.headers or {}), "body": body}
