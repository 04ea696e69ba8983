"""The pages of the docs that say which settings, calls and checks there are, held against the code."""

import re
from pathlib import Path

from drf_spectacular.generators import SchemaGenerator

from linking import integrations
from linking.models import Integration, StopReason
from linking.monitoring.freshness import SyncStanding
from linking.search import find

DOCS = Path(__file__).resolve().parents[2] / "docs"
SETTINGS, API, SYNC, FAULTS = (
    (DOCS / name).read_text(encoding="utf-8") for name in ("settings.md", "api.md", "sync.md", "faults.md")
)


class TestSettingsPage:
    def test_lists_every_key(self):
        assert set(re.findall(r"^\| `([a-z_]+)` \|", SETTINGS, re.MULTILINE)) - {
            "agents",
            "leads",
            "admins",
            "developers",
        } == set(integrations.KEYS)

    def test_tells_the_defaults(self):
        told = dict(re.findall(r"^\| `([a-z_]+)` \|.*\| `([^`|]+)` \|$", SETTINGS, re.MULTILINE))
        assert {key: str(Integration._meta.get_field(key).get_default()) for key in told} == {
            key: {"true": "True", "false": "False"}.get(value, value) for key, value in told.items()
        }

    def test_names_every_check(self):
        code = (DOCS.parent / "linking" / "checks.py").read_text(encoding="utf-8")
        assert set(re.findall(r"linking\.[EW]\d+", SETTINGS)) == set(re.findall(r"linking\.[EW]\d+", code))


class TestSyncPage:
    def test_explains_every_word_a_pass_can_stop_with(self):
        told = re.findall(r"^\| ((?:`[a-z_]+`(?:, )?)+) \|", SYNC, re.MULTILINE)
        assert set(re.findall(r"[a-z_]+", " ".join(told))) >= set(StopReason.values)

    def test_names_tests_of_faults_that_there_are(self):
        tests = DOCS.parent / "tests"
        pages = [path.read_text(encoding="utf-8") for path in tests.rglob("test_*.py")]
        named = re.findall(r"\b(test_[a-z_0-9]+|Test[A-Za-z]+)\b(?!\.py)", FAULTS)
        assert [name for name in named if not any(f" {name}" in page for page in pages)] == []


class TestAPIPage:
    def test_describes_every_call_of_records(self):
        paths = SchemaGenerator().get_schema(request=None, public=True)["paths"]
        calls = {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}
        told = set(re.findall(r"^### `((?:GET|POST) /api/v1/[^`]+)`", API, re.MULTILINE))
        assert told <= calls and {call for call in calls if "diagnose" not in call and "/generate/" not in call} <= told

    def test_names_every_ordering_and_state(self):
        assert all(f"`{word}`" in API for word in (*find.VISITOR_ORDERINGS, *SyncStanding))
