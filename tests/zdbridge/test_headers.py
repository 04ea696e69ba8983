"""What every page says to browsers and caches (review finding F28)."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.linking.conftest import make_person
from zdbridge.headers import PERMISSIONS_POLICY

ROOT = Path(__file__).resolve().parents[2]
PAGES = ["/", "/api/docs/", "/admin/", "/admin/password_change/", "/accounts/2fa/"]
PATHS = [*PAGES, "/api/schema/", "/healthz", "/nothing/"]


class TestStrictHeaders:
    @pytest.mark.django_db
    @pytest.mark.parametrize("path", PATHS)
    def test_are_on_every_answer(self, client, path):
        client.force_login(make_person("admin"))
        answer = client.get(path)
        assert "no-store" in answer["Cache-Control"]
        assert answer["Permissions-Policy"] == PERMISSIONS_POLICY

    def test_leave_passkeys_and_the_clipboard_to_the_pages(self):
        assert "publickey" not in PERMISSIONS_POLICY
        assert "clipboard" not in PERMISSIONS_POLICY


def read_settings(folder: Path, expression: str, **variables: str) -> str:
    environment = {"PATH": os.environ["PATH"], "ZDBRIDGE_DATA_DIR": str(folder), **variables}
    code = f"from zdbridge import settings as s; print({expression})"
    command = [sys.executable, "-c", code]
    return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.storeless
class TestHSTS:
    @pytest.mark.parametrize(
        ("choice", "said"),
        [
            ("", "31536000 True True"),
            ("preload", "31536000 True True"),
            ("subdomains", "31536000 True False"),
            ("host", "31536000 False False"),
            ("off", "0 False False"),
        ],
    )
    def test_is_as_strict_as_the_operator_chose(self, tmp_path, choice, said):
        names = "s.SECURE_HSTS_SECONDS, s.SECURE_HSTS_INCLUDE_SUBDOMAINS, s.SECURE_HSTS_PRELOAD"
        variables = {"ZDBRIDGE_HSTS": choice, "ZDBRIDGE_ALLOWED_HOSTS": "zdb.example.com"}
        assert read_settings(tmp_path, names, **variables) == said

    def test_is_not_said_on_loopback(self, tmp_path):
        assert read_settings(tmp_path, "s.SECURE_HSTS_SECONDS", ZDBRIDGE_HSTS="preload") == "0"

    @pytest.mark.parametrize("choice", ["preload", "subdomains", "host", "off"])
    def test_leaves_the_deployment_check_clean(self, tmp_path, choice):
        environment = {
            "PATH": os.environ["PATH"],
            "ZDBRIDGE_DATA_DIR": str(tmp_path),
            "ZDBRIDGE_HSTS": choice,
            "ZDBRIDGE_SANDBOX": "0",
            "ZDBRIDGE_ALLOWED_HOSTS": "zdb.example.com",
            "DJANGO_SETTINGS_MODULE": "zdbridge.settings",
        }
        tmp_path.chmod(0o700)
        command = [sys.executable, "-m", "django", "check", "--deploy", "--tag", "security", "--fail-level", "WARNING"]
        done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
