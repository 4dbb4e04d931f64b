"""The papers are true: links lead somewhere, generated pages are fresh, examples can be used as they stand."""

import ast
import json
import re
from pathlib import Path

import jsonschema
import pytest

from faults import __main__ as faults
from faults import page
from syndication import channels, config, kinds
from syndication.channels.webhook import Webhook, WebhookSettings, payload
from syndication.cli import app
from syndication.cli.channels import channels_page
from syndication.cli.upkeep import commands_page, settings_page
from syndication.kinds.reading import draft
from tests.channels.samples import envelope

ROOT = Path(__file__).parent.parent
PAPERS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def paper(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("path", PAPERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    links = re.findall(r"\]\((?!https?://|mailto:|#)([^)#\s]+)", path.read_text(encoding="utf-8"))
    assert [link for link in links if not (path.parent / link).exists()] == []


@pytest.mark.parametrize("path", PAPERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_test_that_a_paper_names_is_there(path: Path) -> None:
    named = re.findall(r"\btests/[\w/]+\.py\b", path.read_text(encoding="utf-8"))
    assert [name for name in named if "NAME" not in name and not (ROOT / name).exists()] == []


def test_the_settings_page_is_what_the_settings_say() -> None:
    assert paper("docs/settings.md").strip() == settings_page().strip()


def test_the_commands_page_is_what_the_commands_say() -> None:
    assert paper("docs/commands.md").strip() == commands_page(app).strip()


def test_every_setting_is_explained() -> None:
    assert [name for name, info in config.Settings.model_fields.items() if not info.description] == []


def test_the_channels_page_is_what_the_channels_say() -> None:
    assert paper("docs/channels/README.md").strip() == channels_page().strip()


def test_every_network_says_how_it_is_set_up_and_what_its_errors_mean() -> None:
    for channel in channels.CHANNELS:
        if channel.configurable and channel.abilities.keeps_track:
            text = paper(f"docs/channels/{channel.kind}.md")
            assert [
                part
                for part in ("## Set it up", "## What it does", "## What its errors mean")
                if part not in text
            ] == []


def test_every_make_target_is_in_the_help() -> None:
    makefile = paper("Makefile")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    assert targets == set(re.findall(r"^([a-z]+):.*## ", makefile, re.MULTILINE))
    assert {"demo", "test", "check", "bench", "help"} <= targets


@pytest.mark.parametrize("path", PAPERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_examples_can_be_read(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for example in blocks(text, "python"):
        ast.parse(example)
    for example in blocks(text, "json"):
        json.loads(example)


def test_the_first_post_of_the_readme_is_a_post() -> None:
    found = re.search(r"-d '(\{.*?\})'", paper("README.md"), re.DOTALL)
    assert found
    assert draft(json.loads(found.group(1))).title == "Weinabend"


@pytest.mark.parametrize("action", ["published", "revised", "withdrawn"])
def test_a_webhook_is_what_its_schema_says(action: str, settings: config.Settings) -> None:
    schema = json.loads(paper("docs/webhook.schema.json"))
    one = envelope(WebhookSettings(url="http://127.0.0.1:9/"), action)
    jsonschema.validate(json.loads(Webhook().render(one).body), schema)
    jsonschema.validate(payload(one), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**payload(one), "type": "post.eaten"}, schema)


def test_the_schema_of_webhooks_knows_every_field_of_every_kind() -> None:
    schema = json.loads(paper("docs/webhook.schema.json"))
    for kind in kinds.KINDS:
        known = schema["$defs"]["menu" if kind.name == "menu" else "content"]["properties"]
        said = set(kind.content.model_fields) - {"texts"}  # those are for single channels
        assert said <= set(known), kind.name


def test_every_metric_in_the_papers_exists(database: str, settings: config.Settings) -> None:
    from syndication import insight

    exposed = insight.exposition().decode()
    named = set(re.findall(r"`(syndication_[a-z_]+?)(?:\{[^`]*)?`", paper("docs/operations.md")))
    assert len(named) >= 8
    assert (
        sorted(name for name in named if f"# TYPE {name} " not in exposed and f"# TYPE {name}" not in exposed)
        == []
    )


def test_the_changelog_has_a_place_for_what_comes() -> None:
    assert "## Unreleased" in paper("CHANGELOG.md")


def test_the_reliability_page_has_every_scenario_under_the_header_that_a_run_writes() -> None:
    text = paper("docs/reliability.md")
    said = re.findall(r"^\| (\w+) \| (sqlite|postgresql) \|", text, re.MULTILINE)
    wanted = [(one.name, database) for one in faults.SCENARIOS for database in one.databases]
    assert sorted(said) == sorted(wanted)
    assert text.count(f"| {' | '.join(page.HEADER)} |") == 2
    assert "| no |" not in text, "what does not hold is mended, not published"
    named = re.findall(r"^\| (\w+) \| .* s \|$", text, re.MULTILINE)
    assert named == [one.name for one in faults.SCENARIOS]
