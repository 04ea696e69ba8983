"""A process reports while it works, and only then."""

import os

import pytest
from django.db import OperationalError

from linking.models import Heartbeat
from linking.monitoring import heartbeats
from zdbridge.pulse import pulse as module
from zdbridge.pulse.pulse import FILE_VARIABLE, Pulse


@pytest.fixture
def file(tmp_path, monkeypatch):
    path = tmp_path / ".pulse"
    path.touch()
    os.utime(path, (1, 1))
    monkeypatch.setenv(FILE_VARIABLE, str(path))
    return path


@pytest.fixture(autouse=True)
def connection_stays_open(monkeypatch):
    monkeypatch.setattr(module.connection, "close", lambda: None)


class TestFile:
    @pytest.mark.parametrize("is_well", [True, False])
    def test_is_renewed_while_all_is_well(self, file, is_well):
        Pulse(role="worker", is_well=lambda: is_well).touch()
        assert (file.stat().st_mtime > 1) is is_well

    def test_may_be_missing(self, file):
        file.unlink()
        Pulse(role="worker", is_well=lambda: True).touch()
        assert not file.exists()


@pytest.mark.django_db
class TestRow:
    @pytest.mark.parametrize("is_well", [True, False])
    def test_is_written_while_all_is_well(self, is_well):
        Pulse(role="worker", is_well=lambda: is_well).store()
        assert Heartbeat.objects.filter(name="worker").exists() is is_well

    def test_that_cannot_be_written_is_told_once(self, monkeypatch, caplog):
        def fail(**_options):
            raise OperationalError("gone")

        monkeypatch.setattr(heartbeats, "note", fail)
        reporting = Pulse(role="worker", is_well=lambda: True)
        reporting.store()
        reporting.store()
        assert [one.getMessage() for one in caplog.records] == [
            "The heartbeat of worker cannot be stored (OperationalError)."
        ]
