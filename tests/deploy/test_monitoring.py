"""Alert rules and board: every metric they name is told by `/metrics`, every page they lead to exists."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from linking.monitoring.metrics import collector

ROOT = Path(__file__).resolve().parents[2]
RULES, BOARD = ROOT / "deploy/prometheus/alerts.yml", ROOT / "deploy/grafana/zdbridge.json"
METRIC = re.compile(r"\bzdbridge_[a-z_]+")
SUFFIXES = ("_total", "_bucket", "_sum", "_count")


def list_expressions(path):
    text = path.read_text(encoding="utf-8")
    if path == BOARD:
        return [target["expr"] for panel in json.loads(text)["panels"] for target in panel["targets"]]
    return [text]


@pytest.fixture
def families(db):
    text = collector.build_metrics(now=timezone.now()).decode()
    return {family.name: family.type for family in text_string_to_metric_families(text)}


@pytest.mark.parametrize("path", [RULES, BOARD], ids=["rules", "board"])
class TestMetrics:
    def test_that_are_named_exist(self, path, families):
        named = {name for text in list_expressions(path) for name in METRIC.findall(text)}
        bare = {next((name.removesuffix(end) for end in SUFFIXES if name.endswith(end)), name) for name in named}
        assert named and bare <= set(families)

    def test_that_only_rise_are_read_as_rates(self, path, families):
        for text in list_expressions(path):
            for name in re.findall(r"(?<!rate\()(?<!increase\()\b(zdbridge_[a-z_]+_(?:total|bucket))\b", text):
                pytest.fail(f"{name} is read without rate() or increase()")


class TestRules:
    def test_lead_to_sections_of_the_runbook(self):
        text = RULES.read_text(encoding="utf-8")
        headings = re.findall(r"^## (.+)$", (ROOT / "docs/runbook.md").read_text(encoding="utf-8"), flags=re.M)
        anchors = {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}
        wanted = re.findall(r"runbook: docs/runbook\.md#([a-z0-9-]+)", text)
        assert wanted and set(wanted) <= anchors

    def test_each_say_how_urgent_what_and_where_to_read(self):
        for rule in RULES.read_text(encoding="utf-8").split("- alert: ")[1:]:
            assert all(word in rule for word in ("severity:", "summary:", "description:", "runbook:")), rule[:40]

    @pytest.mark.skipif(
        shutil.which("promtool") is None, reason="promtool is not installed (apt-get install prometheus)"
    )
    @pytest.mark.parametrize("arguments", [("check", "alerts.yml"), ("test", "alerts_test.yml")], ids=["check", "test"])
    def test_satisfy_promtool(self, arguments):
        command, name = arguments
        done = subprocess.run(
            ["promtool", command, "rules", name], cwd=RULES.parent, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


class TestBoard:
    def test_has_panels_that_do_not_overlap(self):
        places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in json.loads(BOARD.read_text())["panels"]]
        assert len(places) == len(set(places)) > 10
