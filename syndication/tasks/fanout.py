"""Wakes fan-out."""

from syndication.delivery import fanout
from syndication.tasks.app import app


@app.task(name="fanout.change")
def change(change_id: str) -> None:
    """Fan out one change."""
    fanout.fan_out(int(change_id))
