import base64
import subprocess
from hashlib import sha256

import pytest
from django.core.checks import run_checks
from django.db import connection

from zdbridge.addresses import read_database, read_redis


def find(**options) -> list[str]:
    found = run_checks(include_deployment_checks=True, **options)
    return [message.id for message in found if message.id.startswith("zdbridge.")]


class TestDatabaseTLS:
    @pytest.mark.parametrize(
        ("url", "ids"),
        [
            ("postgresql://u@db.example/d", ["zdbridge.W001"]),
            ("postgresql://u@db.example/d?sslmode=prefer", ["zdbridge.W001"]),
            ("postgresql://u@127.0.0.1,db.example/d?sslmode=disable", ["zdbridge.W001"]),
            ("postgresql://u@db.example/d?sslmode=require", ["zdbridge.I001"]),
            ("postgresql://u@db.example/d?sslmode=verify-full", []),
            ("postgresql://u@127.0.0.1/d", []),
            ("postgresql://u@%2Frun%2Fpostgresql/d", []),
            ("sqlite:////srv/z.sqlite3", []),
        ],
    )
    def test_is_missed_on_the_way_to_another_machine(self, settings, monkeypatch, url, ids):
        monkeypatch.delenv("PGSSLMODE", raising=False)
        monkeypatch.setitem(settings.DATABASES, "default", {**settings.DATABASES["default"], **read_database(url)})
        assert find() == ids


@pytest.mark.django_db
class TestDatabaseLimits:
    def test_are_there(self):
        assert find(databases=["default"]) == []

    @pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has none")
    def test_are_missed_where_a_pooler_keeps_them_away(self):
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = 0")
        assert find(databases=["default"]) == ["zdbridge.W003"]


class TestRedisTLS:
    @pytest.mark.parametrize(
        ("url", "ids"),
        [
            ("rediss://cache.example/0?ssl_cert_reqs=none", ["zdbridge.W002"]),
            ("rediss://127.0.0.1/0?ssl_cert_reqs=optional", ["zdbridge.W002"]),
            ("redis://cache.example/0", ["zdbridge.I002"]),
            ("rediss://cache.example/0", []),
            ("redis://127.0.0.1/0", []),
            ("", []),
        ],
    )
    def test_is_missed_on_the_way_to_another_machine(self, settings, url, ids):
        settings.REDIS = read_redis(url)
        assert find() == ids


# Made of nothing random: the names of the tests are made of them.
GOOD, OTHER, SEALS = (base64.urlsafe_b64encode(sha256(word).digest()).decode() for word in (b"1", b"2", b"3"))
WEAK = base64.urlsafe_b64encode(b"our seal key is thirty-two long!").decode()


class TestFallbacks:
    def test_are_judged_like_the_key_in_use(self, settings):
        settings.SECRET_KEY_FALLBACKS = [GOOD + OTHER, "x"]
        assert find() == ["zdbridge.E001"]


class TestKeys:
    @pytest.mark.parametrize(
        ("secret_key", "seal_keys", "ids"),
        [
            (GOOD + OTHER, (SEALS,), []),
            ("x", (SEALS,), ["zdbridge.E001"]),
            (GOOD + OTHER, (WEAK,), ["zdbridge.E001"]),
            ("django-insecure-" + GOOD, (WEAK, OTHER), ["zdbridge.E001", "zdbridge.E001"]),
            (GOOD, (GOOD,), ["zdbridge.E001"]),
            (GOOD + OTHER, (SEALS, WEAK), ["zdbridge.W004"]),
        ],
    )
    def test_are_judged_alike(self, settings, secret_key, seal_keys, ids):
        settings.SECRET_KEY, settings.SEAL_KEYS = secret_key, seal_keys
        assert find() == ids

    def test_are_never_shown(self, settings):
        settings.SECRET_KEY, settings.SEAL_KEYS = "hunter2-hunter2", (WEAK,)
        said = "".join(f"{one.msg} {one.hint}" for one in run_checks())
        assert "ZDBRIDGE_SECRET_KEY has fewer than 32 characters" in said
        assert not {"hunter2", WEAK} & set(said.replace(",", " ").split())


class TestDataFolder:
    @pytest.mark.parametrize(
        ("mode", "is_reachable", "ids"),
        [
            (0o700, True, []),
            (0o755, False, ["zdbridge.W005"]),
            (0o755, True, ["zdbridge.E002"]),
            (0o710, True, ["zdbridge.E002"]),
        ],
    )
    def test_is_for_its_owner_alone(self, settings, tmp_path, mode, is_reachable, ids):
        tmp_path.chmod(mode)
        settings.DATA_DIR, settings.IS_REACHABLE = tmp_path, is_reachable
        assert find() == ids

    def test_is_closed_by_the_command_in_the_hint(self, settings, tmp_path):
        settings.DATA_DIR = tmp_path / "the data"
        settings.DATA_DIR.mkdir(mode=0o755)
        (message,) = [message for message in run_checks() if message.id.startswith("zdbridge.")]
        assert "mode 755" in message.msg
        subprocess.run(message.hint.removeprefix("Run: "), shell=True, check=True)
        assert find() == []
