"""A command answers in under a second, because it imports only what it needs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from syndication import channels, config
from tests.conftest import settings_for

#: What takes long to import, and what sending, rendering and serving need, not a look at the tables.
HEAVY = (
    "apprise",
    "babel",
    "celery",
    "fastapi",
    "icalendar",
    "jinja2",
    "lxml",
    "markdown_it",
    "nh3",
    "PIL",
    "prometheus_client",
    "requests",
)
_RUN = """
import json, sys
from syndication.cli import app
try:
    app(sys.argv[1:])
except SystemExit as end:
    assert not end.code, end.code
print("\\n" + json.dumps(sorted(name for name in sys.modules)))
"""


@pytest.mark.parametrize(
    "arguments",
    [
        *("--help", "replay --help", "readers", "deliveries", "destinations", "posts list"),
        *("merchants", "keys", "people", "queues"),
    ],
)
def test_a_look_at_the_tables_imports_no_library_for_sending(
    arguments: str, database: str, tmp_path: Path
) -> None:
    cfg = settings_for(tmp_path, database_url=database)
    done = subprocess.run(
        [sys.executable, "-c", _RUN, *arguments.split()],
        env={"PATH": "/usr/bin:/bin", **config.as_environment(cfg)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    loaded = json.loads(done.stdout.splitlines()[-1])
    assert "syndication.cli" in loaded
    assert [name for name in HEAVY if name in loaded] == []


def test_the_list_of_channels_says_of_each_what_the_channel_says_of_itself() -> None:
    ours = [one for one in channels.CHANNELS if type(one).__module__.startswith("syndication.")]
    assert [one.kind for one in ours] == list(channels._BUILT_IN)
    assert tuple(one.kind for one in ours if one.personal) == channels._PERSONAL
    assert tuple(one.kind for one in ours if one.serves == "readers") == channels._FOR_READERS
    assert {one.kind: one.queue for one in ours} == {one.kind: channels.queue_of(one.kind) for one in ours}
    assert channels._QUEUES.keys() <= channels._BUILT_IN.keys()
    assert channels.queues() == sorted({one.queue for one in channels.CHANNELS})
    assert all(channels.by_kind(one.kind) is one for one in ours)
