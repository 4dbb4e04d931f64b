"""What is handed out as a file to save, and shown by no browser."""

from collections.abc import Iterable, Iterator

from starlette.responses import Response, StreamingResponse

from syndication.infra import csv_tables


def table(pieces: Iterable[str], name: str) -> Response:
    """A table (`csv_tables.written`) under that name. Nobody between keeps it, and no search engine."""
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
        "X-Robots-Tag": "noindex",
    }

    def marked() -> Iterator[str]:
        yield csv_tables.MARK
        yield from pieces

    return StreamingResponse(marked(), media_type="text/csv; charset=utf-8", headers=headers)
