"""Tasks for the files that merchants bring to their desk."""

from uuid import UUID

from syndication.publishing import file_work
from syndication.tasks.app import app


@app.task(name="files.go_on")
def go_on(file_id: str) -> None:
    """Go on with one file for a moment."""
    file_work.work(UUID(file_id))


@app.task(name="sweep.files")
def sweep() -> None:
    """Wake the files that no wake-up reached, and those whose worker died."""
    file_work.sweep()
