"""The command that imports posts from a file."""

import sys
from collections import Counter
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from syndication import clock
from syndication.cli import screen
from syndication.cli.options import DryRun, Slug, merchant
from syndication.cli.process import start
from syndication.cli.screen import Json
from syndication.content.reason import Reason
from syndication.errors import Fault, Invalid

if TYPE_CHECKING:
    from uuid import UUID

    from syndication.publishing.from_file import Report, Result
    from syndication.sources import Row


class Tell(StrEnum):
    """Who hears of new posts."""

    nobody = "nobody"
    summary = "summary"
    each = "each"


#: What each means, for whoever is asked.
_MEANS = {
    Tell.nobody: "they stand on pages, in feeds and calendars, and no more",
    Tell.summary: "one message that says how many there are and where to see them",
    Tell.each: "a message for each",
}


class Language(StrEnum):
    """What people read."""

    de = "de"
    en = "en"


def join(app: typer.Typer) -> None:
    """Add these commands."""
    app.command("import")(import_file)


def import_file(
    file: Annotated[
        Path,
        typer.Argument(
            exists=True,
            dir_okay=False,
            readable=True,
            help="iCalendar, CSV, .xlsx, .ods, JSON or JSON Lines.",
        ),
    ],
    merchant_slug: Slug,
    tell: Annotated[
        Tell | None,
        typer.Option(
            help="Who hears of new posts by mail, on networks, devices and webhooks: nobody, everybody in one summary,"
            " or everybody of each. Left out, you are asked where there are more than five; where nobody can be asked,"
            " nobody hears."
        ),
    ] = None,
    dry_run: DryRun = False,
    json: Json = False,
    language: Annotated[
        Language, typer.Option("--language", help="In which language to say what is wrong.")
    ] = Language.en,
) -> None:
    """Publish what stands in a calendar, table or JSON file. Doing it again changes nothing."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from syndication import sources
    from syndication.publishing import from_file, views
    from syndication.publishing.from_file import OUTCOMES

    cfg = start(wakes=True)
    owner = merchant(merchant_slug)
    try:
        rows = list(sources.read(file, zone=cfg.zone, now=clock.now()))
    except Invalid as error:
        raise Invalid(*(Fault(one.field, _said(one.message, language)) for one in error.faults)) from error
    chosen = _chosen(tell, rows, owner.id, ask=not dry_run)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=screen.console(err=True), transient=True) as bar:
        task = bar.add_task(file.name, total=len(rows))
        report = from_file.run(
            rows, owner.id, tell=chosen.value, dry_run=dry_run, progress=lambda _: bar.advance(task)
        )
    results = [_in_words(one, language) for one in report.results]
    if json:
        counts = {what: report.count(what) for what in OUTCOMES}
        told = {"tell": chosen.value, "summary": report.summary}
        screen.as_json({"counts": counts, **told, "results": results})
        return
    _show(replace(report, results=tuple(results)), cfg.zone)
    if report.summary is not None:
        screen.say(f"One message tells of what is new: {views.page(cfg.base_url, report.summary)}")


def _in_words(result: "Result", language: str) -> "Result":
    """The same with all sentences in that language."""
    return replace(
        result,
        position=_said(result.position, language),
        reason=Reason.quoted(_said(result.reason, language)),
        remarks=tuple(_said(remark, language) for remark in result.remarks),
    )


def _said(text: str, language: str) -> str:
    from syndication.infra.reasons import translated_reason

    return translated_reason(Reason(text), language)


def _chosen(tell: Tell | None, rows: "list[Row]", merchant_id: "UUID", *, ask: bool) -> Tell:
    """Who is to hear of what is new: as it was said, or as whoever sits at the terminal answers."""
    from syndication.publishing import stock

    if tell is not None:
        return tell
    count = stock.new(rows, merchant_id)
    if count <= stock.FEW:
        return Tell.each
    if not ask:
        _hint(f"{count} of {len(rows)} entries are new; --tell says who is to hear of them.")
        return Tell.each
    if sys.stdin.isatty() and sys.stderr.isatty():
        _hint(
            f"{count} of {len(rows)} entries are new. Who is to hear of them by mail, on networks and devices?"
        )
        for one, means in _MEANS.items():
            _hint(f"  {one.value:8} {means}")
        answer: Tell = typer.prompt("Tell", type=Tell, err=True)
        return answer
    _hint(
        f"{count} of {len(rows)} entries are new, and there is nobody to ask who is to hear of them. So they are taken in"
        " quietly: they stand on pages, in feeds and calendars, and nobody gets a message. To tell of them in one message,"
        " import the file again with --tell summary. With --tell each, from the first time on, each makes a message of its own."
    )
    return Tell.nobody


def _hint(line: str) -> None:
    """For whoever looks on; stdout holds the result alone."""
    typer.echo(line, err=True)


def _show(report: "Report", zone: ZoneInfo) -> None:
    from syndication.publishing.from_file import OUTCOMES

    screen.table(
        ("entry", "title", "what", "reason"),
        [
            (one.position, one.title, one.what, one.reason)
            for what in ("past", "refused")
            for one in report.of(what)
        ],
        zone=zone,
        none="Nothing was refused and nothing is past.",
    )
    remarks = Counter(remark for one in report.results for remark in one.remarks)
    if remarks:
        screen.table(("repaired", "entries"), remarks.most_common(), zone=zone)
    title = "This is what would happen:" if report.dry_run else None
    counts = [(what, report.count(what)) for what in OUTCOMES]
    screen.table(("outcome", "entries"), [*counts, ("all", len(report.results))], zone=zone, title=title)
