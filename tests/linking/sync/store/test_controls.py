from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth import get_user_model

from linking.models import AuditEvent, Integration, SyncRun, SyncSteering
from linking.sync import run as sync
from linking.sync import schedule
from linking.sync.chat.source import ChatSource
from linking.sync.store import controls
from tests.factories import make_integration, make_run
from tests.linking.sync.fake_chat import DAY_AGO_S, NOW, FakeChat, FakeTime, patience

pytestmark = pytest.mark.django_db
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def lead():
    return get_user_model().objects.create_user("lena")


@pytest.fixture
def acme():
    return make_integration(requests_per_minute=100_000)


@pytest.fixture
def chat(monkeypatch):
    fake = FakeChat()
    monkeypatch.setattr(ChatSource, "open_client", lambda _source, **_options: fake)
    return fake


def run_pass(acme, *, trigger="page"):
    return sync.run_pass(
        integration_id=acme.pk, trigger=trigger, clock=FakeTime().clock, patience=patience(), allow_loopback=False
    )


class TestPause:
    def test_lets_the_schedule_rest(self, acme, lead):
        controls.pause(integration=acme, by=lead, now=NOW)
        assert schedule.list_due(now=NOW) == []

    def test_lets_a_pass_that_was_queued_already_not_run(self, acme, lead):
        controls.pause(integration=acme, by=lead, now=NOW)
        assert not schedule.is_wanted(integration_id=acme.pk, now=NOW)

    def test_leaves_other_integrations_alone(self, acme, lead):
        other = make_integration(slug="other", login_project_id="other")
        controls.pause(integration=acme, by=lead, now=NOW)
        assert schedule.list_due(now=NOW) == [other.pk]

    def test_names_who_paused_and_keeps_the_first(self, acme, lead):
        controls.pause(integration=acme, by=lead, now=NOW)
        second = get_user_model().objects.create_user("second")
        assert not controls.pause(integration=acme, by=second, now=NOW + timedelta(hours=1))
        assert SyncSteering.objects.get().paused_by == "lena"

    def test_ends_with_resuming(self, acme, lead):
        controls.pause(integration=acme, by=lead, now=NOW)
        assert controls.resume(integration=acme, by=lead, now=NOW)
        assert schedule.list_due(now=NOW) == [acme.pk]

    def test_is_in_the_audit_log(self, acme, lead):
        controls.pause(integration=acme, by=lead, now=NOW)
        controls.resume(integration=acme, by=lead, now=NOW)
        deeds = AuditEvent.objects.order_by("pk").values_list("actor", "action", "target")
        assert list(deeds) == [
            ("lena", "pause_sync", "integration acme"), ("lena", "resume_sync", "integration acme"),
        ]  # fmt: skip

    def test_resuming_what_does_not_rest_says_so(self, acme, lead):
        assert not controls.resume(integration=acme, by=lead, now=NOW)


class TestStop:
    def test_is_told_when_nothing_runs(self, acme, lead):
        assert not controls.ask_stop(integration=acme, by=lead, now=NOW)

    def test_ends_the_pass_and_says_who(self, acme, lead, chat, monkeypatch):
        chat.populate(["u0", "u1"])
        export = chat.export_page
        monkeypatch.setattr(
            chat,
            "export_page",
            lambda **asked: [controls.ask_stop(integration=acme, by=lead, now=NOW), export(**asked)][1],
        )
        monkeypatch.setattr("linking.sync.work.LOOK_S", 0)
        report = run_pass(acme)
        assert (report.reason, report.detail) == ("by_hand", "Stopped by lena.")

    def test_keeps_what_was_read(self, acme, lead, chat, monkeypatch):
        chat.populate(["u0", "u1"])
        export = chat.export_page
        monkeypatch.setattr(
            chat,
            "export_page",
            lambda **asked: [controls.ask_stop(integration=acme, by=lead, now=NOW), export(**asked)][1],
        )
        monkeypatch.setattr("linking.sync.work.LOOK_S", 0)
        assert run_pass(acme).run.visitors_found == 2

    def test_does_not_concern_the_next_pass(self, acme, lead, chat):
        earlier = make_run(integration=acme, state="running", finished_at=None)
        controls.ask_stop(integration=acme, by=lead, now=NOW)
        SyncRun.objects.filter(pk=earlier.pk).update(state="complete", finished_at=NOW)
        assert run_pass(acme).is_complete


class TestBackfill:
    def test_starts_where_it_was_asked_to(self, acme, lead, chat):
        Integration.objects.update(cursor_epoch_s=DAY_AGO_S, is_caught_up=True)
        controls.ask_backfill(integration=acme, from_at=LONG_AGO, by=lead, now=NOW)
        run = run_pass(acme).run
        assert (run.cursor_from_epoch_s, run.is_full) == (int(LONG_AGO.timestamp()), True)

    def test_happens_once(self, acme, lead, chat):
        controls.ask_backfill(integration=acme, from_at=LONG_AGO, by=lead, now=NOW)
        run_pass(acme)
        assert not run_pass(acme).run.is_full

    def test_waits_for_a_pass_through_a_restart(self, acme, lead):
        controls.ask_backfill(integration=acme, from_at=LONG_AGO, by=lead, now=NOW)
        assert SyncSteering.objects.get().backfill_from == LONG_AGO

    def test_that_is_cut_off_goes_on_from_its_date(self, acme, lead, chat, monkeypatch):
        controls.ask_backfill(integration=acme, from_at=LONG_AGO, by=lead, now=NOW)
        monkeypatch.setattr(chat, "export_page", lambda **_asked: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            run_pass(acme)
        assert Integration.objects.get().cursor_epoch_s == int(LONG_AGO.timestamp())
