"""Takes posts that other programs put into the queue; docs/queue.md is its manual."""

from typing import Any

from syndication import intake
from syndication.tasks.app import app


@app.task(name="posts.submit")
def submit(*arguments: Any, **named: Any) -> None:
    """Create or revise the post that the message carries; a bad message becomes a dead letter, never a loop."""
    intake.submit(arguments, named)
