"""The code of the last release runs on the present database: it issues tokens and syncs (review finding F14).

`.ci/last_release` names the release, its commit and its newest migration; docs/upgrading.md says when it changes.
"""

import io
import json
import os
import re
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.db import migrations
from django.db.migrations.loader import MigrationLoader

from tests.sandbox_process import sandbox_process

ROOT = Path(__file__).resolve().parents[1]
RELEASE, COMMIT, NEWEST = (ROOT / ".ci" / "last_release").read_text(encoding="ascii").split()
OPERATIONS = migrations.operations.base.Operation
# Operations after which the older code finds something gone.
TAKES_AWAY = (
    migrations.RemoveField, migrations.RenameField, migrations.DeleteModel, migrations.RenameModel,
    migrations.AlterModelTable,
)  # fmt: skip
ISSUE = """
import json, time, django, jwt
django.setup()
from django.test import Client
from linking import registry
registry.refresh()
settings = json.load(open("sandbox/demo_integration.json"))
now = int(time.time())
claims = {"iss": "https://login.xsolla.com", "sub": "0a1b2c3d-0000-4000-8000-00000000abcd", "email": "p@player.example",
          "xsolla_login_project_id": settings["login_project_id"], "iat": now, "exp": now + 300}
token = jwt.encode(claims, settings["login_secret_key"], algorithm="HS256")
answer = Client().get("/generate/token/demo", headers={"Authorization": f"Bearer {token}", "Host": "localhost"})
print(answer.status_code, sorted(answer.json()))
"""


def list_newer() -> list[tuple[str, OPERATIONS]]:
    """The operations of every migration since the last release, by migration."""
    loader = MigrationLoader(None, ignore_no_migrations=True)
    newer = sorted(name for app, name in loader.disk_migrations if app == "linking" and name > NEWEST)
    found = []
    for name in newer:
        for operation in loader.disk_migrations["linking", name].operations:
            inner = getattr(operation, "database_operations", None)
            found += [(name, part) for part in (inner if inner is not None else [operation])]
    return found


@pytest.mark.storeless
class TestLastRelease:
    def test_is_the_newest_in_the_changelog(self) -> None:
        (newest, *_rest) = re.findall(r"^## (\d\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
        assert newest == RELEASE

    def test_has_the_migration_that_is_named(self) -> None:
        assert ("linking", NEWEST) in MigrationLoader(None, ignore_no_migrations=True).disk_migrations


@pytest.mark.storeless
class TestMigrationsSince:
    def test_give_every_added_column_a_default_in_the_database(self) -> None:
        newer = list_newer()
        # The last release writes nothing into tables that it does not know.
        unknown = {part.name.lower() for _, part in newer if isinstance(part, migrations.CreateModel)}
        added = [(name, part) for name, part in newer if isinstance(part, migrations.AddField)]
        assert [
            f"{name}: {part.model_name}.{part.name}"
            for name, part in added
            if part.model_name.lower() not in unknown
            and not (part.field.many_to_many or part.field.null or part.field.has_db_default())
        ] == []

    def test_take_nothing_away_that_the_last_release_uses(self) -> None:
        known = MigrationLoader(None, ignore_no_migrations=True).project_state([("linking", NEWEST)])
        # A proxy has no table of its own; the one that it stands for stays.
        proxies = {name for (_app, name), model in known.models.items() if model.options.get("proxy")}
        taken = [(name, part) for name, part in list_newer() if isinstance(part, TAKES_AWAY)]
        assert [
            f"{name}: {part.describe()}"
            for name, part in taken
            if not (isinstance(part, migrations.DeleteModel) and part.name.lower() in proxies)
        ] == []


class Release:
    """The last release's code in a folder of its own, and the database and data folder that both releases share."""

    def __init__(self, folder: Path, *, database_url: str) -> None:
        self.code, self.data = folder / "code", folder / "data"
        self.data.mkdir(mode=0o700)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ZDBRIDGE_", "XSOLLA_"))}
        kept |= {"ZDBRIDGE_DATA_DIR": str(self.data), "ZDBRIDGE_ALLOW_LOOPBACK": "1", "DATABASE_URL": database_url}
        self.environment = {**kept, "REDIS_URL": "", "DJANGO_SETTINGS_MODULE": "zdbridge.settings"}
        self.environment.pop("PYTHONPATH", None)

    def run(self, *arguments: str, code: Path | None = None) -> str:
        command = [sys.executable, *arguments]
        place = code or self.code
        done = subprocess.run(command, cwd=place, env=self.environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """An empty database for both releases: SQLite in the data folder, or one of its own beside that of the tests."""
    url = os.environ.get("DATABASE_URL", "")
    if not url.startswith("postgres"):
        yield ""
        return
    psycopg = pytest.importorskip("psycopg")
    name = f"{urlsplit(url).path.strip('/')}_last_release_{os.getpid()}"
    with psycopg.connect(url, dbname="postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield urlsplit(url)._replace(path=f"/{name}").geturl()
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def release(tmp_path: Path, database_url: str) -> Release:
    archive = subprocess.run(["git", "archive", COMMIT], cwd=ROOT, capture_output=True)
    if archive.returncode != 0:
        pytest.skip(f"the history lacks {COMMIT[:10]}: git fetch --unshallow")
    made = Release(tmp_path, database_url=database_url)
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as tar:
        tar.extractall(made.code, filter="data")
    return made


@pytest.mark.slow
class TestItsCodeOnThisDatabase:
    def test_issues_tokens_and_syncs_and_the_new_code_goes_on(self, release: Release, tmp_path: Path) -> None:
        release.run("-m", "django", "migrate", "--verbosity", "0", code=ROOT)
        with sandbox_process() as sandbox:
            sandbox.control("seed", visitors=30, chats=40, ties=2, anonymous_share=0.3, seed=1)
            settings = (release.code / "sandbox/demo_integration.json").read_text()
            (tmp_path / "demo.json").write_text(settings.replace("http://127.0.0.1:9100", sandbox.url))
            release.run("-m", "django", "integration", "set", "demo", "--json", str(tmp_path / "demo.json"))
            assert release.run("-c", ISSUE).strip() == "200 ['token']"
            release.run("-m", "django", "sync_visitors", "demo", "--full", "--wait")
            links = release.run("-m", "django", "links", "demo", "--format", "jsonl").splitlines()
            assert len({json.loads(line)["visitor_id"] for line in links}) > 5
            release.run("-m", "django", "sync_visitors", "demo", "--full", "--wait", code=ROOT)
            assert len(
                release.run("-m", "django", "links", "demo", "--format", "jsonl", code=ROOT).splitlines()
            ) == len(links)
