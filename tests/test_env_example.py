"""`.env.example`, docs/running.md and the code name the same variables, with the same defaults."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from zdbridge.env import VARIABLES

ROOT = Path(__file__).resolve().parents[1]
READERS = {
    "read_text", "read_boolean", "read_integer", "read_words", "read_url", "read_networks", "read_hosts", "read_days",
    "read_choice", "read_or_create_secret", "read_prefix", "read_folder",
}  # fmt: skip


def in_example() -> list[str]:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    return [found.group(1) for line in lines if (found := re.match(r"#?([A-Z][A-Z0-9_]+)=", line))]


def read_in_code() -> set[str]:
    """Names that the product asks its reader for."""
    names = set()
    for path in (ROOT / "zdbridge").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in READERS:
                names |= {node.args[0].value for _ in node.args[:1] if isinstance(node.args[0], ast.Constant)}
    return {name for name in names if isinstance(name, str) and name.isupper()}


class TestVariables:
    def test_example_lists_every_one_once(self) -> None:
        assert sorted(in_example()) == sorted(VARIABLES)

    def test_code_reads_exactly_the_listed_ones(self) -> None:
        assert read_in_code() == set(VARIABLES)

    def test_docs_list_every_one(self) -> None:
        text = (ROOT / "docs" / "running.md").read_text(encoding="utf-8")
        assert [name for name in VARIABLES if f"`{name}`" not in text] == []

    def test_docs_list_no_other(self) -> None:
        text = (ROOT / "docs" / "running.md").read_text(encoding="utf-8")
        named = set(re.findall(r"`((?:ZDBRIDGE|XSOLLA|DATABASE|REDIS)_[A-Z_]+)`", text))
        assert {name.removesuffix("_FILE") for name in named} <= set(VARIABLES) | {"NAME"}


class TestExample:
    def test_changes_nothing_when_taken_as_it_is(self, tmp_path: Path) -> None:
        set_lines = [line for line in (ROOT / ".env.example").read_text().splitlines() if re.match(r"[A-Z]", line)]
        example = dict(line.split("=", 1) for line in set_lines)
        assert settings_under({}, tmp_path) == settings_under(example, tmp_path)


class TestNonsense:
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("ZDBRIDGE_PORT", "eighty"),
            ("ZDBRIDGE_PORT", "0"),
            ("ZDBRIDGE_PORT", "65536"),
            ("ZDBRIDGE_SANDBOX_PORT", "-1"),
            ("ZDBRIDGE_SANDBOX", "maybe"),
            ("ZDBRIDGE_ALLOW_LOOPBACK", "2"),
            ("ZDBRIDGE_REQUIRE_MFA", "yes please"),
            ("ZDBRIDGE_ALLOWED_HOSTS", "*"),
            ("ZDBRIDGE_TRUSTED_PROXIES", "everybody"),
            ("ZDBRIDGE_HSTS", "yes"),
            ("ZDBRIDGE_TOKEN_LIMIT_PER_ADDRESS", "-5"),
            ("ZDBRIDGE_TOKEN_LIMIT_PER_USER", "1e3"),
            ("ZDBRIDGE_KEEP_REFUSALS_DAYS", "0"),
            ("ZDBRIDGE_KEEP_REFUSALS_DAYS", "a fortnight"),
            ("ZDBRIDGE_SEAL_KEYS", "short"),
            ("DATABASE_URL", "mysql://x/y"),
            ("REDIS_URL", "http://127.0.0.1"),
            ("XSOLLA_LOGIN_API_URL", "ftp://login"),
            ("EMAIL_URL", "localhost:25"),
            ("EMAIL_URL_FILE", "/nowhere/at/all"),
            ("ZDBRIDGE_MAIL_FROM", "nobody"),
        ],
    )
    def test_is_refused_in_one_line_that_names_the_variable(self, tmp_path: Path, name: str, value: str) -> None:
        done = load_settings({name: value}, tmp_path)
        assert done.returncode == 1
        assert done.stderr.strip().splitlines()[-1].count(name) >= 1
        assert "Traceback" not in done.stderr


def load_settings(variables: dict[str, str], folder: Path) -> subprocess.CompletedProcess:
    """Load the settings in a process of its own, as `manage.py` does."""
    environment = {"PATH": os.environ["PATH"], "ZDBRIDGE_DATA_DIR": str(folder), **variables}
    code = (
        "import sys; from zdbridge.up import bootstrap\n"
        "try: bootstrap._dispatch(root=None, arguments=['check'])\n"
        "except bootstrap.CannotStart as error: sys.exit(str(error))"
    )
    return subprocess.run([sys.executable, "-c", code], env=environment, cwd=ROOT, capture_output=True, text=True)


def settings_under(variables: dict[str, str], folder: Path) -> str:
    """Return the settings that come from the environment, as text."""
    environment = {"PATH": os.environ["PATH"], "ZDBRIDGE_DATA_DIR": str(folder), **variables}
    environment["ZDBRIDGE_DATA_DIR"] = str(folder)
    code = "from zdbridge import settings as s; print(s.HOST, s.PORT, s.ALLOW_LOOPBACK,"
    code += " s.ALLOWED_HOSTS, s.TOKEN_LIMIT_PER_ADDRESS, s.TOKEN_LIMIT_PER_USER, s.REQUIRE_MFA, s.REDIS_URL,"
    code += " s.XSOLLA_LOGIN_API_URL, s.TRUSTED_PROXIES, s.DATABASE_URL)\n"
    code += "import os; from zdbridge.up.launch_plan import read_plan\n"
    code += "print(read_plan(arguments=[], environment=os.environ))"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout
