"""Imports go down: core knows nothing, features know core, edges know features. And the checker itself is checked."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.layers import violations

ROOT = Path(__file__).resolve().parents[1]
BLOCKED = ("django", "rest_framework", "celery", "kombu", "redis", "requests", "urllib3", "allauth", "psycopg")
IMPORT_CORE = f"""
import importlib, pkgutil, sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {BLOCKED!r}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Absent())
import linking.core
for found in pkgutil.walk_packages(linking.core.__path__, "linking.core."):
    print(importlib.import_module(found.name).__name__)
"""

# file, source, a word of the complaint
BROKEN = [
    ("linking/dashboard/shell/rows.py", "rows = Visitor.objects.all()", "pages must not query tables"),
    (
        "linking/dashboard/visitors/export.py",
        "from django.shortcuts import get_object_or_404",
        "pages must not query tables",
    ),
    ("linking/core/text.py", "import django.conf", "plain code must not import django.conf"),
    ("linking/core/text.py", "from requests import get", "plain code must not import requests"),
    ("linking/core/text.py", "import time", "plain code must not import time"),
    ("linking/core/text.py", "from linking.models import Visitor", "plain code must not import linking.models"),
    ("linking/core/text.py", "from datetime import datetime\nat = datetime.now()", "read the clock"),
    ("linking/tokens/jws.py", "import django.conf", "plain code must not import django.conf"),
    (
        "linking/tokens/jws.py",
        "from linking.tokens import endpoint",
        "plain code must not import linking.tokens",
    ),
    ("linking/fields.py", "from linking.models import Visitor", "fields must not import models"),
    (
        "linking/models/link.py",
        "from ..core.text import clean_line\nfrom .. import registry",
        "models must not import registry",
    ),
    ("linking/models/link.py", "from ..sync import start", "models must not import sync"),
    ("linking/clients/outbound.py", "from linking import fields", "never within a row"),
    ("linking/registry.py", "import linking.tokens as feature", "registry must not import tokens"),
    ("linking/tokens/endpoint.py", "from linking.sync import start", "tokens must not import sync"),
    ("linking/sync/run.py", "from linking.tokens import jws", "sync must never import tokens"),
    ("linking/management/progress.py", "from linking.dashboard import urls", "management must never import dashboard"),
    ("linking/dashboard/setup/wiring.py", "from linking.core import text", "dashboard.setup must never import core"),
    ("linking/admin/blocked.py", "from linking.integrations.rules import RULES", "enters integrations past"),
    ("linking/sync/run.py", "def run():\n    from linking import tasks", "inside a function"),
    ("linking/sync/run.py", "def run():\n    from linking.core import text", "inside a function"),
    ("linking/sync/run.py", "class A:\n    async def run(self):\n        import json", "inside a function"),
    ("linking/sync/run.py", "if True:\n    import linking.api.views", "sync must not import api"),
    (
        "linking/sync/run.py",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from linking.tasks import tick",
        "tasks",
    ),
    (
        "linking/sync/run.py",
        "try:\n    import linking.admin\nexcept ImportError:\n    pass",
        "sync must not import admin",
    ),
    ("linking/sync/run.py", 'import importlib\nx = importlib.import_module("linking.tasks")', "must not import tasks"),
    (
        "linking/sync/run.py",
        'from importlib import import_module\nimport_module(".tasks", "linking")',
        "must not import tasks",
    ),
    ("linking/sync/run.py", 'x = __import__("linking.dashboard")', "sync must not import dashboard"),
    ("linking/sync/run.py", "import importlib\nx = importlib.import_module(__name__ + 'x')", "only running the code"),
    ("linking/tasks.py", "from linking.api.views import view", "tasks must not import api"),
    ("linking/api/views.py", "from linking.dashboard import lists", "never within a row"),
    ("linking/api/views.py", "import linking.management.commands.links", "api must not import management"),
    ("linking/api/views.py", "from zdbridge import settings", "linking must not import zdbridge"),
    ("linking/api/views.py", "import sandbox.world.state", "linking must not import sandbox"),
    ("linking/__init__.py", "from linking import sync", "must import nothing"),
    ("linking/helpers.py", "", "no place in the map"),
    ("linking/tokens/endpoint.py", "from linking import helpers", "no place in the map"),
    ("sandbox/state.py", "from linking.core import text", "sandbox must not import linking"),
    ("sandbox/state.py", "def run():\n    import linking", "sandbox must not import linking"),
    ("sandbox/state.py", "from zdbridge.env import Environment", "sandbox must not import zdbridge"),
    ("zdbridge/urls.py", "import sandbox", "zdbridge must not import sandbox"),
]
FINE = [
    ("linking/core/text.py", "import hmac, json\nimport jwt\nfrom linking.core import config\nfrom . import config"),
    ("linking/models/link.py", "from linking.models.visitor import Visitor\nfrom .visitor import Visitor"),
    (
        "linking/api/views.py",
        "from linking import tokens\nfrom linking.api import errors\nfrom linking.core.text import sign",
    ),
    ("linking/apps.py", "class Config:\n    def ready(self):\n        from linking import checks"),
    ("linking/management/commands/links.py", "from linking import search, tasks"),
    ("zdbridge/rsgi.py", "from linking import registry"),
    ("sandbox/world/state.py", "import json, time, http.server\nfrom sandbox.world import faults"),
]


def write(root: Path, name: str, source: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source)


class TestTheHouse:
    def test_imports_go_down_only(self) -> None:
        assert [str(violation) for violation in violations(root=ROOT)] == []

    def test_core_imports_without_any_framework(self) -> None:
        done = subprocess.run([sys.executable, "-c", IMPORT_CORE], cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        modules = {path.stem for path in (ROOT / "linking" / "core").glob("*.py")} - {"__init__"}
        assert {name.rsplit(".", 1)[1] for name in done.stdout.split()} == modules


class TestRooms:
    @pytest.mark.parametrize(
        ("source", "is_fine"),
        [
            ("from linking.conflicts import find", True),
            ("from linking import conflicts", True),
            ("from linking.conflicts import secret", False),
            ("from linking.conflicts.find import find_conflict", False),
            ("import linking.conflicts.find", False),
        ],
    )
    def test_are_entered_by_what_they_hand_on(self, tmp_path: Path, source: str, is_fine: bool) -> None:
        write(tmp_path, "linking/conflicts/__init__.py", 'from linking.conflicts import find\n__all__ = ["find"]')
        write(tmp_path, "linking/conflicts/find.py", "from linking.conflicts import secret")
        write(tmp_path, "linking/conflicts/secret.py", "")
        write(tmp_path, "linking/dashboard/page.py", source)
        assert (violations(root=tmp_path) == []) is is_fine

    @pytest.mark.parametrize(
        ("source", "is_fine"),
        [
            ("from linking.conflicts.inner import find", True),
            ("from linking.conflicts.inner import secret", False),
            ("from linking.conflicts.inner.find import find_conflict", False),
            ("from linking.conflicts.cellar import find", False),
        ],
    )
    def test_within_a_room_are_entered_in_the_same_way(self, tmp_path: Path, source: str, is_fine: bool) -> None:
        write(tmp_path, "linking/conflicts/__init__.py", '__all__ = ["inner"]')
        for name in ("inner", "cellar"):
            write(tmp_path, f"linking/conflicts/{name}/__init__.py", '__all__ = ["find"]')
            write(tmp_path, f"linking/conflicts/{name}/find.py", "")
            write(tmp_path, f"linking/conflicts/{name}/secret.py", "")
        write(tmp_path, "linking/dashboard/page.py", source)
        assert (violations(root=tmp_path) == []) is is_fine

    @pytest.mark.parametrize(("module", "is_fine"), [("outbound", True), ("retry_after", False)])
    def test_are_entered_by_a_module_that_they_name(self, tmp_path: Path, module: str, is_fine: bool) -> None:
        write(tmp_path, "linking/clients/__init__.py", '__all__ = ["outbound"]')
        write(tmp_path, f"linking/clients/{module}.py", "")
        write(tmp_path, "linking/sync/run.py", f"from linking.clients.{module} import call")
        assert (violations(root=tmp_path) == []) is is_fine


class TestTheChecker:
    def test_catches_a_circle_inside_the_sandbox(self, tmp_path: Path) -> None:
        write(tmp_path, "sandbox/a.py", "from sandbox.world import b")
        write(tmp_path, "sandbox/world/b.py", "if TYPE_CHECKING:\n    import sandbox.c")
        write(tmp_path, "sandbox/c.py", "def run():\n    from sandbox.a import x")
        (violation,) = violations(root=tmp_path)
        assert violation.reason.startswith("imports in a circle: ")
        assert {"sandbox.a", "sandbox.world.b", "sandbox.c"} == set(violation.reason.split(": ")[1].split(" -> "))

    @pytest.mark.parametrize(("name", "source", "complaint"), BROKEN)
    def test_catches(self, tmp_path: Path, name: str, source: str, complaint: str) -> None:
        write(tmp_path, name, source)
        found = [str(violation) for violation in violations(root=tmp_path)]
        assert len(found) == 1
        assert complaint in found[0]

    @pytest.mark.parametrize(("name", "source"), FINE)
    def test_lets_pass(self, tmp_path: Path, name: str, source: str) -> None:
        write(tmp_path, name, source)
        assert violations(root=tmp_path) == []
