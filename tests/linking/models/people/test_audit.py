"""The audit is only ever added to."""

import logging

import pytest
from django.contrib.auth import get_user_model
from django.db import DatabaseError, connection, transaction

from linking.models import AppendOnly, AuditEvent, AuditUpkeep
from linking.models.people.audit import keep_up
from tests.factories import NOW

pytestmark = pytest.mark.django_db
TABLE = "linking_auditevent"


@pytest.fixture
def event():
    user = get_user_model().objects.create_user("ada")
    return AuditEvent.objects.create(at=NOW, actor="ada", actor_user=user, action="set_alarm", target="alarm settings")


def run(sql):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


class TestAuditEvent:
    def test_refuses_to_be_changed_or_deleted_by_code(self, event):
        event.target = "something else"
        for change in (
            event.save, event.delete, AuditEvent.objects.all().delete, lambda: AuditEvent.objects.update(target="x"),
        ):  # fmt: skip
            with pytest.raises(AppendOnly):
                change()
        assert AuditEvent.objects.get().target == "alarm settings"

    def test_refuses_to_be_changed_by_sql(self, event):
        with pytest.raises(DatabaseError, match="append-only"):
            run(f"UPDATE {TABLE} SET actor = 'bob'")

    @pytest.mark.skipif(connection.vendor != "postgresql", reason="on SQLite only the code refuses to delete")
    def test_refuses_to_be_deleted_by_sql(self, event):
        with pytest.raises(DatabaseError, match="append-only"):
            run(f"DELETE FROM {TABLE}")

    def test_outlives_the_account_that_did_it(self, event):
        get_user_model().objects.get().delete()
        assert AuditEvent.objects.values_list("actor", "actor_user").get() == ("ada", None)

    def test_is_a_line_of_the_log_once_it_is_stored(self, django_capture_on_commit_callbacks, caplog):
        with caplog.at_level(logging.INFO, logger="linking.audit"), django_capture_on_commit_callbacks(execute=True):
            AuditEvent.objects.create(at=NOW, actor="ada", action="user.blocked", target="acme nadia@player.example")
            AuditEvent.objects.bulk_create([AuditEvent(at=NOW, actor="bob", action="recheck", target="2 visitors")])
        lines = [record.getMessage() for record in caplog.records if record.name == "linking.audit"]
        assert [line.split(" (row ")[0] for line in lines] == ["audit user.blocked by ada", "audit recheck by bob"]
        assert "nadia" not in caplog.text


class TestKeepUp:
    def test_lets_its_transaction_change_deeds_and_closes_again(self, event):
        with keep_up() as deeds:
            deeds.update(target="receipt 1")
        assert AuditEvent.objects.get().target == "receipt 1"
        assert not AuditUpkeep.objects.exists()
        with pytest.raises(DatabaseError):
            run(f"UPDATE {TABLE} SET actor = 'bob'")
