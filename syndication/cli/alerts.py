"""Commands about alerts: what is on, what was, their limits, a test."""

from typing import Annotated

import typer

from syndication.cli import screen
from syndication.cli.process import start
from syndication.cli.screen import Json

RuleName = Annotated[str, typer.Argument(help="The rule's name, as `syndication alerts limits` lists it.")]
group = typer.Typer(help="Alerts; without a command, what is on now and what was in the last 30 days.")


def join(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(group, name="alerts")


@group.callback(invoke_without_command=True)
def listed(context: typer.Context, json: Json = False) -> None:
    """What is on now, and what was in the last 30 days."""
    if context.invoked_subcommand:
        return
    from syndication.insight import alerts as shown

    cfg = start()
    rows = [*shown.on(), *shown.recent()]
    if json:
        screen.as_json(rows)
        return
    screen.table(
        ("rule", "about", "since", "until", "told to", "said"),
        [(row.rule, row.name or row.about, row.began_at, row.ended_at, row.told, row.said) for row in rows],
        zone=cfg.zone,
        none="Nothing is on, and nothing was in the last 30 days.",
    )


@group.command()
def limits(json: Json = False) -> None:
    """Every rule with its limit, and whether it is on."""
    from syndication.insight import alert_rules

    cfg = start()
    found = alert_rules.limits().values()
    rows = [
        (one.rule.name, "on" if one.on else "off", f"{one.limit:g}", one.rule.unit, one.rule.label)
        for one in found
    ]
    if json:
        screen.as_json(
            [dict(zip(("rule", "on", "limit", "unit", "label"), row, strict=True)) for row in rows]
        )
        return
    screen.table(("rule", "on", "limit", "unit", "what"), rows, zone=cfg.zone, none="")


@group.command("set")
def choose(
    rule: RuleName,
    limit: Annotated[str, typer.Option(help="In the rule's unit; without it, as it comes.")] = "",
) -> None:
    """Switch a rule on, with this limit."""
    _choose(rule, limit, on=True)


@group.command("set-off")
def switch_off(rule: RuleName) -> None:
    """Switch a rule off: nobody is told of it, and what it told of counts as over."""
    _choose(rule, "", on=False)


@group.command()
def prometheus() -> None:
    """The rules that are on, with their limits, as a file for Prometheus."""
    from syndication.insight import alert_prometheus, alert_rules

    start()
    screen.say(alert_prometheus.rules_file(alert_rules.limits().values()).rstrip())


@group.command()
def test() -> None:
    """Send everybody who is told a message that says that it is a test."""
    from syndication.ops import alerts

    cfg = start()
    count = alerts.test(cfg)
    arrived = alerts.deliver(cfg)
    if not count:
        screen.say("There is nobody who could be told: see the page /desk/city/alerts.")
        raise typer.Exit(1)
    screen.say(
        f"Sent to {arrived} of {count}."
        + ("" if arrived == count else " The log says why; it is tried again.")
    )
    if arrived < count:
        raise typer.Exit(1)


def _choose(rule: str, limit: str, *, on: bool) -> None:
    from syndication.insight.alert_rules import BY_NAME
    from syndication.ops.alerts import choices

    start()
    choices.choose({rule: (on, limit)})
    screen.say(f"{BY_NAME[rule].label}: {'on' if on else 'off'}.")
