"""The command that imports posts from a file."""

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
    from syndication.publishing.from_file import Report, Result


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
    dry_run: DryRun = False,
    json: Json = False,
    language: Annotated[
        Language, typer.Option("--language", help="In which language to say what is wrong.")
    ] = Language.en,
) -> None:
    """Publish what stands in a calendar, table or JSON file. Doing it again changes nothing."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from syndication import sources
    from syndication.publishing import from_file
    from syndication.publishing.from_file import OUTCOMES

    cfg = start(wakes=True)
    owner = merchant(merchant_slug)
    try:
        rows = list(sources.read(file, zone=cfg.zone, now=clock.now()))
    except Invalid as error:
        raise Invalid(*(Fault(one.field, _said(one.message, language)) for one in error.faults)) from error
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=screen.console(err=True), transient=True) as bar:
        task = bar.add_task(file.name, total=len(rows))
        report = from_file.run(rows, owner.id, dry_run=dry_run, progress=lambda _: bar.advance(task))
    results = [_in_words(one, language) for one in report.results]
    if json:
        screen.as_json({"counts": {what: report.count(what) for what in OUTCOMES}, "results": results})
        return
    _show(replace(report, results=tuple(results)), cfg.zone)


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
