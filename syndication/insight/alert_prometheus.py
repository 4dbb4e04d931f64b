"""The list of alerts as rules for Prometheus, for whoever watches many services in one place (docs/monitoring)."""

import json
from collections.abc import Iterable, Iterator

from syndication.insight.alert_rules import RULES, Limit, preset

_HEAD = """\
# Made by `syndication alerts prometheus` from the list behind /desk/city/alerts; do not edit.
groups:
  - name: syndication
    rules:
"""


def as_they_come() -> list[Limit]:
    """Every rule with the limit that it comes with."""
    return [preset(rule.name) for rule in RULES]


def rules_file(limits: Iterable[Limit]) -> str:
    """The file that Prometheus reads; rules that are switched off are not in it."""
    return _HEAD + "".join(line for limit in limits if limit.on for line in _rule(limit))


def alert_name(rule: str) -> str:
    """ "queue.mail" is "SyndicationQueueMail"."""
    return "Syndication" + "".join(part.capitalize() for part in rule.split("."))


def _rule(limit: Limit) -> Iterator[str]:
    rule = limit.rule
    yield f"      - alert: {alert_name(rule.name)}\n"
    yield f"        expr: {json.dumps(rule.expression.replace('{limit}', _number(limit.base)))}\n"
    if rule.wait:
        yield f"        for: {rule.wait:.0f}s\n"
    yield "        labels:\n"
    yield f"          rule: {json.dumps(rule.name)}\n"
    yield "        annotations:\n"
    # What it is about is in the labels.
    yield f"          summary: {json.dumps(str(rule.label))}\n"
    yield f"          description: {json.dumps(f'Whose turn it is: {rule.whose}. First: {rule.first}')}\n"


def _number(base: float) -> str:
    return f"{base:.0f}" if base == int(base) else repr(base)
