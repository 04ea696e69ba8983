"""Whole passes over HTTP against the imitated Support account, a program that shares no code with the sync."""

from datetime import UTC, datetime, timedelta

import pytest

from linking.core.user_ids import is_uuid
from linking.models import AwaitedUser, LoginUser, SupportToken, UserFeed, Visitor, VisitorLink
from linking.sync import run as sync
from tests.linking.sync.fake_chat import FakeTime, patience
from tests.linking.sync.messaging.fake_support import make_issued, make_support
from tests.sandbox_process import sandbox_process

pytestmark = pytest.mark.django_db
CLIENT_SECRET = "sandbox-support-client-secret-not-real"
MIXTURE = {
    "support_users": 300, "support_agents": 20, "support_without_id": 80, "support_foreign": 40, "support_upper": 30,
    "support_suspended": 20, "support_deleted": 20, "seed": 1,
}  # fmt: skip

LARGE_MIXTURE = {
    "support_users": 3_000, "support_agents": 60, "support_without_id": 500, "support_foreign": 300,
    "support_upper": 200, "support_suspended": 100, "support_deleted": 100, "support_ties": 250, "seed": 5,
}  # fmt: skip
A_UUID = "0f0f0f0f-1111-4222-8333-44444444"
# What becomes of users who had a UUID: none of them is a player.
ODD = [
    {"external_id": None}, {"external_id": ""}, {"external_id": f" {A_UUID}0001"}, {"external_id": f"{{{A_UUID}0002}}"},
    {"external_id": f"urn:uuid:{A_UUID}0003"}, {"external_id": f"{A_UUID}0004,{A_UUID}0005"},
    {"external_id": "x" * 255}, {"role": "agent"}, {"role": "admin"}, {"deleted": True}, {"erased": True},
]  # fmt: skip


@pytest.fixture(scope="module")
def process():
    with sandbox_process() as found:
        yield found


@pytest.fixture
def sandbox(process):
    process.control("reset", empty=True)
    process.control("faults", clear=True)
    process.control("support", account_limit=0, users_cursor_limit=0, incremental_limit=0, hold_back_s=0)
    return process


def make_acme(sandbox, **changes):
    values = {
        "zendesk_api_url": f"{sandbox.url}/support/api/v2",
        "zendesk_client_id": "sandbox-support-client",
        "secrets": {"zendesk_client_secret": CLIENT_SECRET},
    }
    return make_support(**(values | changes))


def run(acme, *, later_s=0, **changes):
    clock = FakeTime(now=datetime.now(tz=UTC) + timedelta(seconds=later_s)).clock
    options = {"trigger": "command", "is_eager": True, "patience": patience(), "allow_loopback": True} | changes
    return sync.run_pass(integration_id=acme.pk, clock=clock, **options)


def mapping():
    return dict(VisitorLink.objects.open().values_list("visitor__visitor_id", "login_user__user_id"))


def truth(sandbox):
    found = sandbox.read("support/truth?limit=2000000")["truth"]
    return {str(user_id): external_id for user_id, external_id in found.items() if is_uuid(external_id)}


def calls(sandbox):
    return sandbox.read("stats")["support"]["calls_by_class"]


class TestTruth:
    def test_is_found_with_a_call_a_page_and_one_grant(self, sandbox):
        seeded = sandbox.control("seed", **MIXTURE)
        sandbox.control("support", page_at_most=100, empty_pages=2)
        before = calls(sandbox)
        report = run(make_acme(sandbox))
        after = calls(sandbox)
        pages = -(-seeded["support_in_feed"] // 100) + 2
        assert (report.is_complete, report.detail, mapping()) == (True, "", truth(sandbox))
        assert after["users_cursor"] - before.get("users_cursor", 0) <= pages + 1
        assert after["oauth"] - before.get("oauth", 0) == 1
        assert Visitor.objects.filter(visitor_id__in=truth(sandbox)).count() == Visitor.objects.count()

    def test_of_three_thousand_users_with_every_oddity_is_found(self, sandbox):
        seeded = sandbox.control("seed", **LARGE_MIXTURE)
        ids = sorted(int(user_id) for user_id in truth(sandbox))
        sandbox.control("support/merge", winner=ids[0], loser=ids[1])
        sandbox.control(
            "support/users", items=[{"id": user_id, **odd} for user_id, odd in zip(ids[2:], ODD, strict=False)]
        )
        sandbox.control("support", page_at_most=100, empty_pages=3, repeat_cursor=True)
        acme = make_acme(sandbox)
        before = calls(sandbox)
        report = run(acme, later_s=1)
        expected = truth(sandbox)
        assert (report.is_complete, mapping() == expected, len(expected)) == (True, True, 3_000 - 100 - 1 - len(ODD))
        assert set(Visitor.objects.values_list("visitor_id", flat=True)) == expected.keys()
        made = {name: number - before.get(name, 0) for name, number in calls(sandbox).items()}
        grants = made.pop("oauth")
        assert (grants, sum(made.values())) == (1, report.run.pages)
        # Each page but the first begins with the last user of the one before.
        assert report.run.pages == -(-(seeded["support_in_feed"] - 1) // 99) + 3
        again = run(acme, later_s=60)
        assert (again.is_complete, again.run.calls, calls(sandbox)["oauth"] - before.get("oauth", 0)) == (True, 1, 1)

    def test_needs_one_call_the_second_time(self, sandbox):
        sandbox.control("seed", **MIXTURE)
        acme = make_acme(sandbox)
        run(acme)
        before = sum(calls(sandbox).values())
        assert run(acme, later_s=60).is_complete
        assert sum(calls(sandbox).values()) - before == 1

    def test_follows_changes(self, sandbox):
        sandbox.control("seed", **MIXTURE)
        acme = make_acme(sandbox)
        run(acme)
        linked = sorted(mapping())[:4]
        fresh = "0f0f0f0f-1111-4222-8333-444444444444"
        sandbox.control("support/users", id=int(linked[0]), external_id=fresh)
        sandbox.control("support/users", id=int(linked[1]), deleted=True)
        sandbox.control("support/users", id=int(linked[2]), role="agent")
        sandbox.control("support/users", id=int(linked[3]), external_id=None)
        assert run(acme, later_s=60).is_complete
        states = dict(Visitor.objects.filter(visitor_id__in=linked).values_list("visitor_id", "state"))
        assert [states[one] for one in linked] == ["linked", "gone", "anonymous", "anonymous"]
        assert mapping()[linked[0]] == fresh


class TestAwaited:
    def test_a_player_who_just_wrote_is_linked_before_the_feed_tells(self, sandbox):
        acme = make_acme(sandbox)
        sandbox.control("support", hold_back_s=60)
        now = datetime.now(tz=UTC)
        user_id = "0f0f0f0f-1111-4222-8333-444444444444"
        make_issued(acme, user_id, at=now)
        sandbox.control("support/users", external_id=user_id.upper())
        assert run(acme, later_s=61).is_complete
        assert list(mapping().values()) == [user_id]
        assert (LoginUser.objects.count(), calls(sandbox)["users_cursor"]) == (1, 1)
        run(acme, later_s=70)
        assert AwaitedUser.objects.count() == 0


class TestToken:
    def test_is_kept_sealed_and_shared(self, sandbox):
        acme = make_acme(sandbox)
        run(acme)
        row = SupportToken.objects.get()
        token = row.reveal()
        assert (bool(token), token in row.sealed) == (True, False)
        run(acme)
        assert (SupportToken.objects.get().reveal(), calls(sandbox)["oauth"]) == (token, 1)

    def test_is_renewed_ahead_of_its_end(self, sandbox):
        acme = make_acme(sandbox)
        run(acme)
        assert run(acme, later_s=7_000).is_complete
        assert calls(sandbox)["oauth"] == 2

    def test_that_dies_within_a_pass_is_renewed_once(self, sandbox):
        sandbox.control("seed", **MIXTURE)
        sandbox.control("support", page_at_most=100, token_calls=3)
        report = run(make_acme(sandbox))
        assert (report.reason, report.run.pages) in [("", report.run.pages), ("credentials", 6)]
        acme = report.run.integration
        while not report.is_complete:
            report = run(acme)
        assert mapping() == truth(sandbox)

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"zendesk_client_id": "sandbox-support-public-client"}, "confidential client"),
            ({"secrets": {"zendesk_client_secret": "a-wrong-secret-of-many-letters"}}, "confidential client"),
        ],
    )
    def test_that_is_refused_stops_with_what_to_do(self, sandbox, changes, words):
        report = run(make_acme(sandbox, **changes))
        assert (report.reason, words in report.detail) == ("credentials", True)

    def test_of_one_who_is_no_admin_any_more_stops_with_what_to_do(self, sandbox):
        acme = make_acme(sandbox)
        sandbox.control("support/users", id=21478830000001, role="agent")
        report = run(acme)
        assert (report.reason, "admin" in report.detail) == ("credentials", True)


class TestCursor:
    @pytest.mark.parametrize("status", [400, 404, 422])
    def test_that_is_refused_starts_again_from_a_time(self, sandbox, status):
        sandbox.control("seed", **MIXTURE)
        acme = make_acme(sandbox)
        run(acme)
        cursor = UserFeed.objects.get().cursor
        sandbox.control("support", refused_cursor_status=status)
        sandbox.control("support/refuse_cursors")
        sandbox.control("support/users", external_id="0f0f0f0f-1111-4222-8333-444444444444")
        report = run(acme, later_s=60)
        assert (report.is_complete, mapping() == truth(sandbox)) == (True, True)
        assert UserFeed.objects.get().cursor != cursor


class TestFaults:
    @pytest.mark.parametrize(
        "fault",
        [
            {"kind": "status", "status": 429, "retry_after": 1},
            {"kind": "status", "status": 429, "body": "html"},
            {"kind": "status", "status": 502, "body": "html"},
            {"kind": "status", "status": 500},
            {"kind": "truncated"},
            {"kind": "html200"},
            {"kind": "garbage"},
            {"kind": "reset"},
            {"kind": "empty"},
        ],
        ids=str,
    )
    def test_are_lived_through(self, sandbox, fault):
        sandbox.control("seed", **MIXTURE)
        sandbox.control("support", page_at_most=100)
        sandbox.control("faults", path="^/support/api/", times=3, **fault)
        report = run(make_acme(sandbox))
        assert (report.is_complete, report.detail, mapping()) == (True, "", truth(sandbox))


class TestLimits:
    @pytest.mark.parametrize("body", ["json", "text", "edge", "html"])
    def test_of_the_export_are_kept_apart(self, sandbox, body):
        sandbox.control("seed", **MIXTURE)
        sandbox.control("support", page_at_most=20, users_cursor_limit=20, limit_body=body)
        acme = make_acme(sandbox, export_requests_per_minute=20)
        report = run(acme, patience=patience(longest_wait_s=0))
        stats = sandbox.read("stats")["support"]
        assert (report.reason, stats["refused_by_class"].get("users_cursor", 0)) == ("budget", 0)
