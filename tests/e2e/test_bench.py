"""The benchmarks run: every figure is measured on next to nothing, on real parts, whatever comes out."""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from bench import __main__ as bench
from bench import city
from syndication import config
from tests.e2e import nursery


@contextmanager
def _one_worker(cfg: config.Settings, folder: Path) -> Iterator[Callable[[], Mapping[str, int]]]:
    """In place of six processes of their own, whose imports would be most of the time."""
    environment = {**os.environ, **config.as_environment(cfg)}
    arguments = ["-A", "worker", "worker", "-c", "5", "--without-gossip", "--without-mingle"]
    process = nursery.start(arguments, environment, folder / "log")
    try:
        yield lambda: {"work": process.pid}
    finally:
        nursery.end(process)


@pytest.mark.parametrize("name", bench.NAMES)
def test_every_figure_is_measured(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(city, "workers", _one_worker)
    results = tmp_path / "results.json"
    bench.main([name, "--smoke"], results)
    figures = json.loads(results.read_text())["figures"]
    assert figures
    none = ("still waits", "seconds late", "did not end as it answered")
    assert all(figure["value"] > 0 for figure in figures if not any(one in figure["figure"] for one in none))
    said = capsys.readouterr().out
    assert all(mark in said for mark in ("figure", "measured", "reach"))


def test_a_name_that_no_figure_has_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        bench.main(["speed"])
    assert "no figure is called speed; there are newsletter, relay" in capsys.readouterr().err
