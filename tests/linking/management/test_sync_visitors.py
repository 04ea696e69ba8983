"""`manage.py sync_visitors`."""

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from linking.clients.zendesk_api import ZendeskRefused, ZendeskTryLater
from linking.models import Integration, Visitor
from linking.sync.chat.source import ChatSource
from linking.sync.store import leases
from tests.factories import make_integration
from tests.linking.sync.fake_chat import DAY_AGO_S, FakeChat

pytestmark = pytest.mark.django_db


@pytest.fixture
def chat(monkeypatch):
    fake = FakeChat()
    monkeypatch.setattr(ChatSource, "open_client", lambda _source, **_options: fake)
    return fake


@pytest.fixture
def acme():
    return make_integration(requests_per_minute=100_000)


class TestSyncVisitors:
    def test_prints_counts_and_that_it_is_complete(self, acme, chat, capsys):
        chat.populate(["u"])
        call_command("sync_visitors", "acme")
        lines = capsys.readouterr().out.splitlines()
        assert (lines[0].split()[0], "linked=1" in lines[0], lines[1]) == ("calls=3", True, "complete")

    def test_ends_with_2_and_says_why_when_it_stopped(self, acme, chat, capsys):
        chat.faults = [ZendeskRefused("Zendesk refused the access token (401).", reason="credentials")]
        with pytest.raises(SystemExit) as caught:
            call_command("sync_visitors", "acme")
        assert (caught.value.code, "credentials" in capsys.readouterr().err) == (2, True)

    def test_says_that_what_this_shell_found_is_not_the_schedules_trouble(self, acme, chat, capsys):
        chat.faults = [ZendeskRefused("The address must begin with https://.", reason="host")]
        with pytest.raises(SystemExit):
            call_command("sync_visitors", "acme")
        note, stop = capsys.readouterr().err.splitlines()
        assert note.startswith("The scheduled sync is not affected")
        assert stop == "stopped: host: The address must begin with https://."

    def test_ends_with_2_when_another_pass_does_not_end(self, acme, chat, monkeypatch, capsys):
        monkeypatch.setattr("linking.management.commands.sync_visitors.LEASE_WAIT_S", 0.0)
        leases.take(name=leases.sync_lease_name(integration_id=acme.pk))
        with pytest.raises(SystemExit) as caught:
            call_command("sync_visitors", "acme")
        assert (caught.value.code, "another_pass" in capsys.readouterr().err) == (2, True)

    def test_runs_where_the_schedule_is_switched_off(self, acme, chat, capsys):
        Integration.objects.update(sync_enabled=False)
        call_command("sync_visitors", "acme")
        assert "complete" in capsys.readouterr().out

    def test_starts_again_when_told_to(self, acme, chat, capsys):
        chat.populate(["u"])
        call_command("sync_visitors", "acme")
        call_command("sync_visitors", "acme", "--full")
        assert chat.asked("export")[-1] == (0, "")

    def test_asks_about_everybody_again_when_told_to(self, acme, chat, capsys):
        chat.populate(["u", "v"])
        chat.add_chat("7.gone")
        call_command("sync_visitors", "acme")
        chat.add_visitor("7.v0001", external_id="w")
        call_command("sync_visitors", "acme")
        assert len(chat.asked("visitor")) == 3
        call_command("sync_visitors", "acme", "--recheck")
        assert sorted(chat.asked("visitor")[3:]) == [("7.gone",), ("7.v0000",), ("7.v0001",)]
        assert "relinked=1" in capsys.readouterr().out

    def test_asks_about_those_who_are_new_before_everybody_else(self, acme, chat, capsys):
        chat.populate(["u"])
        call_command("sync_visitors", "acme")
        chat.populate(["u", "v"], at_s=DAY_AGO_S + 60)
        call_command("sync_visitors", "acme", "--recheck")
        assert chat.asked("visitor")[1:] == [("7.v0001",), ("7.v0000",)]

    def test_leaves_the_rest_queued_when_it_has_to_stop(self, acme, chat, capsys):
        chat.populate(["u", "v"])
        call_command("sync_visitors", "acme")
        pause = ZendeskTryLater("Zendesk asked for a pause (429).", reason="vendor_pause", retry_after_s=90)
        chat.faults = [None, pause]
        with pytest.raises(SystemExit) as caught:
            call_command("sync_visitors", "acme", "--recheck")
        assert (caught.value.code, Visitor.objects.waiting().count()) == (2, 2)

    def test_names_an_integration_that_is_not_there(self):
        with pytest.raises(CommandError, match="nobody"):
            call_command("sync_visitors", "nobody")

    def test_tells_how_far_it_is_on_standard_error_while_it_waits(self, acme, chat, capsys):
        chat.populate(["u", "v"])
        call_command("sync_visitors", "acme", "--wait")
        captured = capsys.readouterr()
        assert captured.err.startswith("0 chats read, 0 pages\n")
        assert "chats read" not in captured.out

    def test_tells_nothing_in_between_without_being_asked(self, acme, chat, capsys):
        chat.populate(["u"])
        call_command("sync_visitors", "acme")
        assert capsys.readouterr().err == ""
