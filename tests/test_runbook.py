"""The runbook names commands, pages, metrics and parts that exist."""

import re
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class
from django.urls import Resolver404, resolve
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from linking.monitoring.metrics import collector
from linking.tokens.refusals import Reason
from zdbridge.env import VARIABLES
from zdbridge.up.launch_plan import ROLES

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
CODE = re.findall(r"`([^`\n]+)`", TEXT)
COMMANDS = sorted({word for word in CODE if "manage.py " in word})
# Placeholders of a command, and values that its parser takes for them.
VALUES = {"SLUG": "acme", "USER_ID": "u1", "FILE": "-"}


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_can_be_parsed(command):
    name, *rest = [VALUES.get(word, word) for word in command.partition("manage.py ")[2].split()]
    if name == "up":
        assert all(word in ("--only", "--web", "--workers", *ROLES) or word.isdigit() for word in rest)
        return
    parser = load_command_class(get_commands()[name], name).create_parser("manage.py", name)
    parser.parse_args(rest)


@pytest.mark.parametrize("path", sorted({word for word in CODE if word.startswith("/")}))
def test_pages_exist(path):
    try:
        resolve(path.replace("{integration}", "acme"))
    except Resolver404:
        pytest.fail(f"{path} leads nowhere")


def test_variables_exist():
    assert set(re.findall(r"\b(?:ZDBRIDGE_[A-Z_]+|[A-Z]+_URL)\b", TEXT)) <= set(VARIABLES)


def test_reasons_exist():
    table = TEXT.partition("by reason:")[2].partition("## ")[0]
    words = {word for row in re.findall(r"^\| (`.+?) \|", table, flags=re.M) for word in re.findall(r"`(\w+)`", row)}
    assert words and words <= {reason.value for reason in Reason}


@pytest.mark.django_db
def test_metrics_exist():
    families = text_string_to_metric_families(collector.build_metrics(now=timezone.now()).decode())
    names = {family.name for family in families}
    named = set(re.findall(r"`(zdbridge_[a-z_]+)", TEXT))
    assert named and {name.removesuffix("_total") for name in named} <= names


def test_sections_are_in_the_table_at_the_top():
    headings = re.findall(r"^## (.+)$", TEXT, flags=re.M)
    assert re.findall(r"\| \[(.+?)\]\(#", TEXT.partition("\n## ")[0]) == headings
