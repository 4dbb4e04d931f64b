"""The command line of operators: `syndication --help`; docs/commands.md is made from it."""

import typer

from syndication.cli import (
    alerts,
    channels,
    deliveries,
    destinations,
    districts,
    editions,
    importing,
    init,
    keys,
    log,
    merchants,
    needs,
    people,
    posts,
    queues,
    readers,
    review,
    running,
    topics,
    upkeep,
)
from syndication.cli.process import Group

app = typer.Typer(
    cls=Group,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # a traceback drawn by rich may show local variables, and so secrets
    rich_markup_mode=None,
    help="Post once, arrive everywhere: what an operator can see and do.",
)
for module in (
    init,
    running,
    queues,
    alerts,
    deliveries,
    posts,
    destinations,
    readers,
    editions,
    merchants,
    review,
    people,
    keys,
    importing,
    channels,
    topics,
    districts,
    log,
    upkeep,
):
    module.join(app)
needs.show(app)
