"""A kind that another package brings: it is posted, listed, told in its own words, and shown to a network by a dry run."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

PACKAGE = '''
from datetime import datetime
from typing import ClassVar, Literal

from syndication.content.base import Line, Moment
from syndication.content.post import Content
from syndication.kinds.contract import Fact, Form, Group, Kind


class VacancyContent(Content):
    """Work that somebody offers."""

    watched: ClassVar = {"time": ("apply_until",)}
    kind: Literal["vacancy"]
    apply_until: Moment
    hours: Line = ""

    @property
    def ends_by(self):
        return "apply_until"

    def over_at(self, zone):
        return self.apply_until


class Vacancy(Kind):
    """Work."""

    name, one, many, content = "vacancy", "Vacancy", "Vacancies", VacancyContent
    called = ("vacancy", "stelle")
    form = Form((Group("What", ("title",)),), {})
    example = ("Work", {"kind": "vacancy", "title": "Koch", "apply_until": "2030-01-01T00:00:00Z"})

    def heading(self, language):
        return "Stellen" if language == "de" else self.many

    def when(self, content, zone, language, now):
        return f"bis {content.apply_until.astimezone(zone):%d.%m.%Y}"

    def facts(self, content, zone, language):
        return (Fact("Stunden", content.hours),) if content.hours else ()

    def structured(self, content, merchant, zone, now):
        return {"@type": "JobPosting", "hiringOrganization": merchant}
'''
CITY = """
import json
from pathlib import Path

from starlette.testclient import TestClient

from syndication import config, destinations, kinds
from syndication.delivery import drain, dry_run
from syndication.errors import Invalid
from syndication.infra import db
from syndication.kinds.reading import draft
from syndication.publishing import posts
from syndication.web.app import create_app
from tests import factories
from tests.conftest import settings_for

cfg = settings_for(Path("."))
config.use(cfg)
db.connect(DATABASE)
destinations.ensure_built_in()
with db.transaction() as session:
    merchant_id = factories.merchant(session).id
    settings = {"server": "http://127.0.0.1:9", "topic": "coburg"}
    identity = factories.destination(session, "ntfy", settings=settings, merchant_id=merchant_id).id
fields = {"kind": "vacancy", "title": "Koch", "apply_until": "2030-01-01T12:00:00Z", "hours": "30 in der Woche"}
post = posts.create(merchant_id, draft(fields))
shown = dry_run.rehearse(identity, post.id, drain.tools())
try:
    draft(fields | {"starts_at": "2030-01-01T12:00:00Z"})
except Invalid as error:
    refused = str(error)
client = TestClient(create_app(cfg), base_url="http://localhost:8000")
document = client.get("/api/v1/openapi.json").json()
print(json.dumps({
    "names": kinds.NAMES,
    "state": shown.state,
    "said": [json.loads(one.body) for one in shown.requests],
    "refused": refused,
    "home": client.get("/", headers={"accept-language": "de"}).text,
    "page": client.get(f"/posts/{post.id}").text,
    "feed": client.get("/feeds/kind/vacancy.json").json(),
    "schemas": sorted(document["components"]["schemas"]),
}))
"""


GONE = """
import json
from pathlib import Path

from starlette.testclient import TestClient

from syndication import config, kinds
from syndication.infra import db
from syndication.publishing import posts
from syndication.web.api.posts import PostAnswer
from syndication.web.app import create_app
from tests.conftest import settings_for

cfg = settings_for(Path("."))
config.use(cfg)
db.connect(DATABASE)
(post,) = posts.listed()
client = TestClient(create_app(cfg), base_url="http://localhost:8000")
print(json.dumps({
    "names": kinds.NAMES,
    "home": client.get("/").text,
    "page": client.get(f"/posts/{post.id}").text,
    "feed": client.get("/feeds/merchant/cafe.json").json(),
    "api": PostAnswer.of(post).model_dump(mode="json")["content"],
    "state": posts.withdraw(None, post.id).state,
}))
"""


def told(script: str, folder: Path, *paths: str) -> dict[str, Any]:
    """What a script prints as JSON, in a process that finds packages at `paths` too."""
    found = subprocess.run(
        [sys.executable, "-c", script.replace("DATABASE", repr(f"sqlite:///{folder}/town.sqlite"))],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([*paths, str(Path(__file__).parents[2])])},
        cwd=folder, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert found.returncode == 0, found.stderr[-3000:]
    result: dict[str, Any] = json.loads(found.stdout.splitlines()[-1])
    return result


def test_a_kind_of_another_package_is_posted_like_any_other_and_survives_its_package(
    sqlite_template: Path, tmp_path: Path
) -> None:
    package = tmp_path / "package"
    info = package / "vacancies-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: vacancies\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(
        "[syndication.kinds]\nvacancy = vacancies:Vacancy\n", encoding="utf-8"
    )
    (package / "vacancies.py").write_text(PACKAGE, encoding="utf-8")
    (tmp_path / "town.sqlite").write_bytes(sqlite_template.read_bytes())
    there = told(CITY, tmp_path, str(package))
    assert there["names"][-1] == "vacancy"
    assert there["state"] == "sent"
    assert "📅 bis 01.01.2030\n30 in der Woche" in there["said"][0]["message"]
    assert there["refused"].startswith("starts_at: ")
    assert '<input type="checkbox" name="kinds" value="vacancy"> Stellen' in there["home"]
    assert "JobPosting" in there["page"]
    assert "<dt>Stunden</dt><dd>30 in der Woche</dd>" in there["page"]
    assert [one["title"] for one in there["feed"]["items"]] == ["Koch"]
    assert "Stellen" in there["feed"]["title"]
    assert {"VacancyContent", "VacancyDraft"} <= {name.removesuffix("-Input") for name in there["schemas"]}
    gone = told(GONE, tmp_path)
    assert "vacancy" not in gone["names"]
    assert "Koch" in gone["home"]
    assert "Koch" in gone["page"]
    assert [one["title"] for one in gone["feed"]["items"]] == ["Koch"]
    assert (gone["api"]["kind"], gone["api"]["title"]) == ("vacancy", "Koch")
    assert gone["state"] == "withdrawn"
