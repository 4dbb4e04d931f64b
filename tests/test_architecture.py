"""The house rules, held against the code: imports point down, one door for each danger, files of one idea."""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from syndication import kinds
from syndication.content.post import Content

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "syndication"

LAYERS: dict[str, int] = {
    **dict.fromkeys(["content", "errors", "clock"], 0),
    "infra": 1,
    **dict.fromkeys(["config", "kinds"], 2),
    **dict.fromkeys(["channels", "models", "sources"], 3),
    **dict.fromkeys(["ledger", "audit"], 4),
    "publishing": 5,
    **dict.fromkeys(["audience", "accounts"], 6),
    "destinations": 7,
    **dict.fromkeys(["delivery", "insight"], 8),
    **dict.fromkeys(["web", "tasks", "cli", "stack", "ops", "migrations"], 9),
    "asgi": 10,
}
#: Pairs of rooms of one layer that may know each other, and why.
ALLOWED = {
    ("content", "clock"): "an id carries the moment of its making",
    ("content", "errors"): "what is wrong with a value is said in faults",
    ("ledger", "audit"): "who sends something again is written down",
    ("cli", "stack"): "commands start the stack",
    ("cli", "web"): "a command serves it",
    ("cli", "ops"): "commands ask the broker and the doctor, and wake workers after a replay",
    ("cli", "migrations"): "a command runs them",
    ("tasks", "ops"): "the app routes by the table of wake-ups",
    (
        "stack",
        "ops",
    ): "it starts as many mail processes as a wake-up reaches, and says when a broker does not answer",
    ("stack", "migrations"): "a fresh machine has no tables",
    ("ops", "migrations"): "the doctor checks them",
    ("web", "ops"): "readiness asks the broker",
    ("web", "migrations"): "readiness asks them",
}
MOST_LINES = 450
MOST_FUNCTION_LINES = 60
NAMELESS = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "base_utils"}


def sources() -> list[Path]:
    return [path for path in sorted(PACKAGE.rglob("*.py")) if "versions" not in path.parts] + [
        ROOT / "worker.py",
        ROOT / "beat_schedule.py",
    ]


def room_of(path: Path) -> str:
    relative = path.relative_to(PACKAGE)
    return relative.parts[0].removesuffix(".py")


def imported_rooms(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Rooms of the package that a module imports, with the line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "syndication":
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("syndication."):
            yield (node.module or "").split(".")[1], node.lineno
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.startswith("syndication."):
                    yield alias.name.split(".")[1], node.lineno


def upward_imports(room: str, tree: ast.AST) -> list[str]:
    found = []
    for target, line in imported_rooms(tree):
        if target == room or target not in LAYERS:
            continue
        mine, theirs = LAYERS[room], LAYERS[target]
        if theirs > mine or (theirs == mine and (room, target) not in ALLOWED):
            found.append(f"line {line}: {room} (layer {mine}) imports {target} (layer {theirs})")
    return found


def calls_with_delay(tree: ast.AST) -> list[str]:
    """Celery's ways to let a message wait in the broker."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            names = {keyword.arg for keyword in node.keywords}
            if names & {"eta", "countdown"}:
                found.append(f"line {node.lineno}: a message with eta or countdown")
            if isinstance(node.func, ast.Attribute) and node.func.attr == "retry":
                found.append(f"line {node.lineno}: a task that retries itself")
    return found


def clock_calls(tree: ast.AST) -> list[str]:
    bad = {
        ("datetime", "now"),
        ("datetime", "utcnow"),
        ("date", "today"),
        ("time", "time"),
        ("time", "sleep"),
        ("time", "monotonic"),
    }
    return [
        f"line {node.lineno}: {node.value.id}.{node.attr}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and (node.value.id, node.attr) in bad
    ]


def environment_reads(tree: ast.AST) -> list[str]:
    return [
        f"line {node.lineno}: os.{node.attr}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "os"
        and node.attr in ("environ", "getenv", "environb")
    ]


def http_imports(tree: ast.AST) -> list[str]:
    names = {"requests", "urllib3", "httpx", "httpx2", "aiohttp", "urllib.request", "http.client"}
    found = []
    for node in ast.walk(tree):
        modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        modules += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        found += [
            f"line {node.lineno}: {module}"
            for module in modules
            if module in names or module.split(".")[0] in names
        ]
    return found


def mail_builders(tree: ast.AST) -> list[str]:
    """The standard library's mails: what writes their headers decodes first what it is given."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [
                f"line {node.lineno}: {one.name}" for one in node.names if one.name.split(".")[0] == "email"
            ]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "email":
            harmless = {"format_datetime", "parsedate_to_datetime"} if node.module == "email.utils" else set()
            found += [f"line {node.lineno}: {one.name}" for one in node.names if one.name not in harmless]
    return found


def kind_comparisons(tree: ast.AST) -> list[str]:
    """`channel.kind == "webhook"` and its like: only the channel itself may know its kind."""
    return [
        f"line {node.lineno}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Compare)
        and isinstance(node.left, ast.Attribute)
        and node.left.attr in ("kind", "channel")
        and any(isinstance(one, ast.Constant) and isinstance(one.value, str) for one in node.comparators)
    ]


#: Names of fields that say nothing of a kind: links end too, HTTP has a status, time passes in days.
ANYBODYS = {"ends_at", "status", "price", "currency", "recurrence", "excluded", "added", "dates", "days"}
#: The fields by which a kind is known: those that not all posts have.
TELLING = {name for kind in kinds.KINDS for name in kind.content.model_fields} - {
    *Content.model_fields,
    *ANYBODYS,
}


def kinds_known(tree: ast.AST) -> list[str]:
    """A kind of post by its name, or by what it alone says."""
    found = []
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(said)) if said in kinds.NAMES or said in TELLING:
                found.append(f"line {node.lineno}: {said!r}")
            case ast.Attribute(attr=name) | ast.keyword(arg=str(name)) if name in TELLING:
                found.append(f"line {node.lineno}: {name}")
    return found


def long_functions(tree: ast.AST) -> list[str]:
    return [
        f"{node.name} has {node.end_lineno - node.lineno + 1} lines"
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno
        and node.end_lineno - node.lineno + 1 > MOST_FUNCTION_LINES
    ]


Rule = Callable[[ast.AST], list[str]]
#: Rule → (what it looks for, the files that may, a snippet that breaks it).
RULES: dict[str, tuple[Rule, set[str], str]] = {
    "no message waits in the broker": (calls_with_delay, set(), "task.apply_async(countdown=5)"),
    "time comes from clock": (clock_calls, {"clock.py"}, "datetime.now()"),
    "settings come from config": (
        environment_reads,
        # The stack hands its own environment on to the processes it starts.
        {"config.py", "stack/supervisor.py"},
        "os.environ['X']",
    ),
    "outgoing HTTP goes through http": (
        http_imports,
        {"infra/http.py", "infra/confined/apprise_plugins.py"},
        "import requests",
    ),
    "mails are written by mail_headers": (
        mail_builders,
        {"infra/mail_check.py", "stack/mail_sink.py"},  # they read mails
        "from email.message import EmailMessage",
    ),
    "no file knows a channel's kind": (kind_comparisons, set(), 'x = row.channel == "webhook"'),
    "no file knows a kind of post": (
        kinds_known,
        {
            *(
                path.relative_to(PACKAGE).as_posix()
                for room in ("kinds", "content")
                for path in (PACKAGE / room).glob("*.py")
            ),
            "infra/logs.py",  # structlog's word for what is logged
            "channels/google_business.py",  # Google's own names for its fields
            # What an appointment of a calendar file is, is the business of whoever reads calendar files.
            "sources/calendar.py",
            "sources/entry.py",
            "sources/series.py",
            # The same where the files say one series in several ways.
            "publishing/series.py",
            "publishing/joining.py",
        },
        'x = {"kind": "event"}',
    ),
    "functions are short": (long_functions, set(), "def f():\n" + "    x = 1\n" * 70),
}


@pytest.mark.parametrize("name", RULES)
def test_the_code_keeps_the_rule(name: str) -> None:
    rule, allowed, _ = RULES[name]
    broken = [
        f"{path.relative_to(ROOT)} {finding}"
        for path in sources()
        if not any(path.as_posix().endswith(f"syndication/{one}") for one in allowed)
        for finding in rule(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert broken == []


@pytest.mark.parametrize("name", RULES)
def test_the_rule_can_be_broken(name: str) -> None:
    rule, _, snippet = RULES[name]
    assert rule(ast.parse(snippet))


def test_imports_point_down() -> None:
    broken = [
        f"{path.relative_to(ROOT)} {finding}"
        for path in sources()
        if (PACKAGE in path.parents and path.name != "__init__.py") or path.parent != PACKAGE
        if PACKAGE in path.parents
        for finding in upward_imports(room_of(path), ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert broken == []


def test_no_template_knows_a_kind_of_post() -> None:
    known = re.compile(rf"\\b(?:{'|'.join(TELLING)})\\b|[\"'](?:{'|'.join(kinds.NAMES)})[\"']")
    templates = [path for path in (ROOT / "templates").rglob("*.*") if path.suffix != ".css"]
    templates = [path for path in templates if "vendored" not in path.parts]
    assert len(templates) > 30
    assert known.search('{% if post.kind == "event" %}')
    assert [
        f"{path.relative_to(ROOT)}: {found[0]}"
        for path in templates
        for found in known.finditer(path.read_text(encoding="utf-8"))
    ] == []


def test_an_upward_import_is_found() -> None:
    assert upward_imports("infra", ast.parse("from syndication.publishing import posts"))
    assert upward_imports("channels", ast.parse("from syndication.models import Post"))
    assert upward_imports("web", ast.parse("import syndication.tasks.app"))
    assert not upward_imports("publishing", ast.parse("from syndication.models import Post"))


def test_every_room_has_a_layer_and_stands_in_the_papers() -> None:
    rooms = {room_of(path) for path in sources() if PACKAGE in path.parents} - {"__init__", "py"}
    assert rooms - set(LAYERS) == set()
    papers = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert [
        room for room in sorted(rooms) if not re.search(rf"`(?:syndication/)?{room}(?:/|\.py)?`", papers)
    ] == []


def test_files_hold_one_idea_and_say_which() -> None:
    broken = []
    theirs = {"node_modules", ".venv"}  # what tests/e2e installed beside itself
    ours = [path for path in sorted((ROOT / "tests").rglob("*.py")) if theirs.isdisjoint(path.parts)]
    for path in [*sources(), *ours]:
        text = path.read_text(encoding="utf-8")
        if len(text.splitlines()) > MOST_LINES:
            broken.append(f"{path.relative_to(ROOT)} has {len(text.splitlines())} lines")
        if path.stem in NAMELESS:
            broken.append(f"{path.relative_to(ROOT)} says nothing by its name")
        if text.strip() and not ast.get_docstring(ast.parse(text)):
            broken.append(f"{path.relative_to(ROOT)} does not say what it is for")
    assert broken == []


def test_every_public_function_says_what_the_caller_gets() -> None:
    broken = []
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                members = (
                    [one for one in node.body if isinstance(one, ast.FunctionDef)]
                    if not node.name.startswith("_")
                    else []
                )
                members = [] if any(getattr(base, "id", "") == "Protocol" for base in node.bases) else members
            elif isinstance(node, ast.Module):
                members = [one for one in node.body if isinstance(one, ast.FunctionDef)]
            else:
                continue
            broken += [
                f"{path.relative_to(ROOT)}:{one.lineno} {one.name}"
                for one in members
                if not one.name.startswith("_") and not ast.get_docstring(one)
            ]
    assert broken == []


def test_nothing_is_left_for_later_or_copied_from_a_machine() -> None:
    words = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b|/work/|/tmp/brief|/home/\w+/")
    texts = [
        *sources(),
        *(ROOT / "templates").rglob("*.*"),
        *(ROOT / "docs").rglob("*.md"),
        *ROOT.glob("*.md"),
    ]
    assert [
        str(path.relative_to(ROOT)) for path in texts if words.search(path.read_text(encoding="utf-8"))
    ] == []
