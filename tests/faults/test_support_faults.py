"""What Zendesk Support can do wrong. After each: the mapping is the truth, and nobody foreign is stored.

docs/faults.md has a row for each; its test is named there.
"""

from datetime import UTC, datetime

import pytest

from linking.clients import outbound, zendesk_api
from linking.core.user_ids import is_uuid
from linking.models import Integration, SupportToken, SyncRun, Visitor
from linking.sync import run as sync
from linking.sync.calls_with_retries import PassStopped
from linking.sync.messaging import fetch_token
from tests.faults.conftest import mapping
from tests.linking.sync.fake_chat import FakeTime, patience
from tests.linking.sync.messaging.fake_support import make_support

pytestmark = pytest.mark.django_db
FEED = "^/support/api/v2/incremental/"
MIXTURE = {
    "support_users": 120, "support_agents": 10, "support_without_id": 30, "support_foreign": 20, "support_upper": 12,
    "support_suspended": 8, "support_deleted": 8, "support_ties": 70, "seed": 3,
}  # fmt: skip
PAUSES = {
    "JSON": ({"retry_after": 7}, 7),
    "text": ({"retry_after": 7, "body": "text"}, 7),
    "HTML": ({"retry_after": 7, "body": "html"}, 7),
    "without Retry-After": ({"body": "html"}, 60),
}
FAULTS = {f"{status} HTML": {"status": status, "body": "html"} for status in (500, 502, 503, 504)} | {
    kind: {"kind": kind}
    for kind in ("truncated", "empty", "html200", "garbage", "twins", "torn_gzip", "drip", "silence", "reset", "drop")
}
CHANGES = {"type": {"value": [["x"]]}, "missing": {"missing": True}, "null": {"value": None}}


class SupportSite:
    """An installation that reads an imitated Support account, pass by pass."""

    def __init__(self, sandbox):
        self.sandbox, self.time = sandbox, FakeTime(now=datetime.now(tz=UTC))
        self.acme = make_support(
            zendesk_api_url=f"{sandbox.url}/support/api/v2",
            zendesk_client_id="sandbox-support-client",
            secrets={"zendesk_client_secret": "sandbox-support-client-secret-not-real"},
        )

    def run(self, **changes):
        options = {"trigger": "schedule", "allow_loopback": True, "patience": patience()} | changes
        return sync.run_pass(integration_id=self.acme.pk, clock=self.time.clock, **options)

    def settle(self, *, passes=8):
        """Let passes come in their time until the feed is read to its end; return how many it took."""
        number = 1
        while number < passes and not (self.run().is_complete and mapping() == self.truth()):
            self.time.now = max(self.time.now, Integration.objects.get().next_sync_at or self.time.now)
            number += 1
        assert mapping() == self.truth()
        assert set(Visitor.objects.values_list("visitor_id", flat=True)) == self.truth().keys()
        return number

    def truth(self):
        found = self.sandbox.read("support/truth?limit=2000000")["truth"]
        return {user_id: external_id for user_id, external_id in found.items() if is_uuid(external_id)}


@pytest.fixture
def site(process, monkeypatch):
    monkeypatch.setattr(outbound, "READ_TIMEOUT_S", 0.3)
    monkeypatch.setattr(zendesk_api, "CALL_DEADLINE_S", 1.0)
    process.control("reset", empty=True)
    process.control("faults", clear=True)
    switches = {"account_limit": 0, "users_cursor_limit": 0, "incremental_limit": 0, "hold_back_s": 0}
    process.control("support", page_at_most=25, **switches)
    process.control("seed", **MIXTURE)
    return SupportSite(process)


class TestAnswers:
    @pytest.mark.parametrize(("fault", "held_s"), PAUSES.values(), ids=PAUSES)
    def test_that_ask_for_a_pause_get_it(self, site, fault, held_s):
        site.sandbox.control("faults", path=FEED, status=429, times=1, after=2, **fault)
        report = site.run()
        assert (report.is_complete, report.run.waited_s) == (True, pytest.approx(held_s, abs=1))
        site.settle()

    @pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
    def test_that_cannot_be_used_are_asked_for_again(self, site, fault):
        site.sandbox.control("faults", path=FEED, times=2, after=2, **fault)
        report = site.run()
        assert (report.is_complete, report.run.calls - report.run.pages) == (True, 2)
        site.settle()

    @pytest.mark.parametrize("kind", ["drop", "silence"])
    def test_that_do_not_come_at_all_end_the_pass_and_nothing_is_lost(self, site, kind):
        site.sandbox.control("faults", path=FEED, times=7, after=3, kind=kind)
        report = site.run()
        assert (report.reason, report.run.pages) == ("vendor_fault", 3)
        site.settle()

    @pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
    def test_instead_of_a_token_end_the_pass_until_one_comes(self, site, fault):
        site.sandbox.control("faults", path="^/support/oauth/", times=1, **fault)
        assert site.run().reason == "vendor_fault"
        site.settle()


class TestFeed:
    def test_that_claims_its_end_too_early_is_read_on_by_the_next_pass(self, site):
        site.sandbox.control("faults", path=FEED, times=1, after=1, kind="drift", field="end_of_stream", value=True)
        report = site.run()
        assert (report.is_complete, report.run.pages) == (True, 2)
        assert site.settle() == 1

    def test_that_never_claims_its_end_is_left_in_the_end(self, site):
        site.sandbox.control("faults", path=FEED, kind="drift", field="end_of_stream", value=False)
        assert (site.run().reason, mapping()) == ("vendor_fault", site.truth())

    @pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
    @pytest.mark.parametrize("field", ["users", "end_of_stream", "after_cursor"])
    def test_that_lost_a_field_loses_nobody(self, site, field, change):
        site.sandbox.control("faults", path=FEED, times=2, kind="drift", field=field, **change)
        site.settle()

    @pytest.mark.parametrize("field", ["external_id", "role"])
    def test_whose_users_do_not_say_what_decides_ends_no_link(self, site, field):
        site.settle()
        site.sandbox.control("support", page_at_most=1000)
        site.sandbox.control("faults", path=FEED, times=7, kind="drift", field=f"users.{field}", missing=True)
        assert site.run(is_full=True).reason == "vendor_fault"
        site.settle()

    def test_that_repeats_itself_changes_nothing(self, site):
        site.sandbox.control("support", repeat_cursor=True, page_at_most=2)
        assert (site.settle(), site.run().run.linked) == (1, 0)

    def test_whose_users_changed_in_one_second_is_read_to_the_end(self, site):
        # 70 users share a time, and a page holds 7.
        site.sandbox.control("support", page_at_most=7)
        assert site.settle() == 1

    @pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
    @pytest.mark.parametrize("field", ["id", "updated_at", "created_at", "name", "email", "phone", "suspended"])
    def test_whose_users_lost_a_field_loses_nobody(self, site, field, change):
        site.sandbox.control("faults", path=FEED, times=2, kind="drift", field=f"users.{field}", **change)
        site.settle()


class TestTwoWorkers:
    def test_of_one_account_make_one_pass(self, site, monkeypatch):
        reports = []
        read = zendesk_api.ZendeskClient._call

        def call(client, **options):
            if not reports:
                reports.append(site.run())
            return read(client, **options)

        monkeypatch.setattr(zendesk_api.ZendeskClient, "_call", call)
        assert (site.run().is_complete, [report.reason for report in reports]) == (True, ["another_pass"])
        assert (SyncRun.objects.count(), mapping()) == (1, site.truth())

    def test_of_one_account_ask_for_one_token(self, site, monkeypatch):
        """A page that refreshes a visitor needs the token too, and no lease keeps it from asking."""
        stops = []
        ask = fetch_token._ask_for_token

        def ask_beside(config, **options):
            with pytest.raises(PassStopped) as stopped:
                fetch_token.fetch_in_time(config, clock=site.time.clock, allow_loopback=True)
            stops.append(stopped.value.resume_in_s)
            return ask(config, **options)

        monkeypatch.setattr(fetch_token, "_ask_for_token", ask_beside)
        before = site.sandbox.read("stats")["support"]["tokens_issued"]
        assert (site.run().is_complete, stops, SupportToken.objects.count()) == (True, [2.0], 1)
        assert site.sandbox.read("stats")["support"]["tokens_issued"] - before == 1
