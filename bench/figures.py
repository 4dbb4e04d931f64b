"""A figure: what was measured, and what is to be reached."""

from typing import Any

Figure = dict[str, Any]


def at_least(reach: float, figure: str, value: float, detail: str = "") -> Figure:
    """A figure that should be large."""
    return {"figure": figure, "value": value, "reach": reach, "better": "more", "detail": detail}


def at_most(reach: float, figure: str, value: float, detail: str = "") -> Figure:
    """A figure that should be small."""
    return {"figure": figure, "value": value, "reach": reach, "better": "less", "detail": detail}


def good(figure: Figure) -> bool:
    """Whether it was reached."""
    value, reach = figure["value"], figure["reach"]
    return bool(value >= reach if figure["better"] == "more" else value <= reach)
