"""Structured logging for our code and libraries alike: JSON or text, UTC, secrets masked."""

import json
import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from syndication import clock
from syndication.content.characters import escaped, legible

_SECRET_NAMES = re.compile(r"secret|password|token|authorization|signature|api_key", re.IGNORECASE)
_SECRET_VALUES = re.compile(r"(whsec_|syn_[0-9a-f]{8}_)[A-Za-z0-9+/=_-]+|(?<=://)([^/@:\s]*):[^/@\s]+(?=@)")
_MASK = "[redacted]"
#: Libraries that talk more than they say.
_QUIET = ("kombu", "amqp", "urllib3", "mail.log", "httpx", "alembic", "markdown_it", "asyncio")


#: What beats all day long, whether anything happens or not: only who looks for a fault wants it.
_HEARTBEATS = ("celery.app.trace", "celery.worker.strategy", "celery.beat")


def redact(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Mask values under names of secrets, and what looks like one of ours inside any text."""
    for name, value in line.items():
        if _SECRET_NAMES.search(name):
            line[name] = _MASK
        elif isinstance(value, str):
            line[name] = masked(value)
    return line


def masked(text: str) -> str:
    """`text` without webhook secrets, API keys and passwords in addresses."""

    def mask(found: re.Match[str]) -> str:
        if found.group(1):
            return f"{found.group(1)}{_MASK}"
        return f"{found.group(2)}:{_MASK}"

    return _SECRET_VALUES.sub(mask, text)


def _continued(text: str) -> str:
    """Text of more lines than one, each that follows marked as such: nothing that is quoted begins a line of the log."""
    return legible(text.replace("\r\n", "\n")).replace("\n", "\n  | ")


def _unforgeable(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The line for people: foreign words in it end no line, and tell the terminal nothing."""
    return {
        _continued(name): _continued(value)
        if isinstance(value, str)
        else value
        if isinstance(value, bool | int | float | None)
        else legible(repr(value))
        for name, value in line.items()
    }


def _stamp(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    line["at"] = clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return line


def _json(line: Any, **named: Any) -> str:
    return escaped(json.dumps(line, ensure_ascii=False, **named))


def configure(level: str = "INFO", style: str = "json") -> None:
    """Set up this process's log on standard error. `style` is json or text."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        _stamp,
        structlog.processors.format_exc_info,
        redact,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    last: list[Any] = (
        [structlog.processors.JSONRenderer(serializer=_json)]
        if style == "json"
        else [_unforgeable, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    _let_say(root, logging.getLevelName(level))
    for name in (*_QUIET, *(() if level == "DEBUG" else _HEARTBEATS)):
        _let_say(logging.getLogger(name), max(logging.WARNING, logging.getLevelName(level)))


def _let_say(logger: logging.Logger, level: int) -> None:
    if logger.level != level:  # to set it makes every logger of the process think anew
        logger.setLevel(level)
