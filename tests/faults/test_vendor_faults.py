"""What Zendesk can do wrong. After each: the mapping is the truth, the worker lives, nothing behind the cursor is lost.

docs/faults.md has a row for each; its test is named there.
"""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from linking.models import Integration, SyncRun, Visitor
from tests.faults.conftest import mapping, place

SPOILED = 5  # answers that `spoil` spoils
PAUSES = {
    "good": {"retry_after": 7},
    "missing": {},
    "garbage": {"retry_after": "soon"},
    "negative": {"retry_after": "-5"},
    "huge": {"retry_after": "9" * 400},
    "HTTP-date": {"retry_after": "in two minutes"},
    "past HTTP-date": {"retry_after": "Wed, 21 Oct 2015 07:28:00 GMT"},
    "text body": {"retry_after": 1, "body": "text"},
    "HTML body": {"retry_after": 1, "body": "html"},
}
HELD_S = {
    "good": 7, "missing": 60, "garbage": 60, "negative": 60, "huge": 600, "HTTP-date": 120, "past HTTP-date": 1,
    "text body": 1, "HTML body": 1,
}  # fmt: skip
STATUSES = {
    f"{status} {body}": {"status": status, "body": body} for status in (500, 502, 503, 504) for body in ("text", "html")
}
STATUSES |= {str(status): {"status": status} for status in (408, 418, 501, 599)}
BODIES = (
    "empty", "null", "garbage", "html200", "truncated", "overlong", "torn_gzip", "deep", "nan", "twins", "latin1",
    "redirect",
)  # fmt: skip
SENDINGS = ("drip", "silence", "reset", "drop")
CHAT_FIELDS = (
    "id", "type", "update_timestamp", "timestamp", "deleted", "visitor", "visitor.id", "visitor.name", "visitor.email",
    "visitor.phone", "visitor.notes", "duration", "tags", "zendesk_ticket_id",
)  # fmt: skip
PAGE_FIELDS = ("chats", "count", "end_time", "end_id", "next_page")
VISITOR_FIELDS = ("id", "name", "email", "phone", "notes", "banned", "created", "external_id")
CHANGES = {"type": {"value": [["x"]]}, "missing": {"missing": True}, "null": {"value": None}}


def spoil(sandbox, **fault):
    """Spoil the first export page, some visitors in the middle, and the bans."""
    sandbox.control(
        "faults",
        rules=[
            {"path": "/incremental/", "times": 2, **fault},
            {"path": "/visitors/", "after": 3, "times": 2, **fault},
            {"path": "/bans", "times": 1, **fault},
        ],
    )


def pause_of(name):
    """The fault by this name; a date is one of this moment."""
    soon = format_datetime(datetime.now(tz=UTC) + timedelta(minutes=2), usegmt=True)
    return PAUSES[name] | ({"retry_after": soon} if name == "HTTP-date" else {})


def cursor():
    return Integration.objects.values_list("cursor_epoch_s", "cursor_id").get()


def calls():
    return sum(SyncRun.objects.values_list("calls", flat=True))


class TestPauses:
    @pytest.mark.parametrize("name", PAUSES)
    def test_end_in_the_truth(self, site, sandbox, name):
        spoil(sandbox, status=429, **pause_of(name))
        site.settle()
        assert sandbox.read("stats")["faults_fired"] == SPOILED

    @pytest.mark.parametrize("name", PAUSES)
    def test_hold_the_account_for_as_long_as_they_say(self, site, sandbox, name):
        sandbox.control("faults", status=429, times=1, **pause_of(name))
        report = site.run()
        # What is longer than the patience ends the pass, and the next one comes after it.
        kept = report.run.waited_s if report.is_complete else site.held_s()
        assert kept == pytest.approx(HELD_S[name], abs=1 if name == "HTTP-date" else 0.1)


class TestStatuses:
    @pytest.mark.parametrize("fault", STATUSES.values(), ids=STATUSES)
    def test_are_tried_again(self, site, sandbox, clean_calls, fault):
        spoil(sandbox, **fault)
        site.settle()
        assert calls() == clean_calls + SPOILED

    def test_are_waited_out_where_they_say_for_how_long(self, site, sandbox):
        sandbox.control("faults", status=503, retry_after=30, times=1)
        assert site.run().reason == "vendor_pause"
        assert site.held_s() == pytest.approx(30, abs=2)  # less the wait before the next try
        site.settle()


class TestBodies:
    @pytest.mark.parametrize("kind", BODIES)
    def test_are_refused_whole_and_asked_for_again(self, site, sandbox, clean_calls, kind):
        spoil(sandbox, kind=kind)
        site.settle()
        assert calls() == clean_calls + SPOILED

    @pytest.mark.parametrize("kind", ["bomb", "huge"])
    def test_that_never_fit_are_ended(self, site, sandbox, clean_calls, kind):
        spoil(sandbox, kind=kind)
        site.settle()
        # The sandbox is busy making them, so that other answers come too late as well.
        assert calls() >= clean_calls + SPOILED

    def test_that_lead_elsewhere_are_not_followed(self, site, sandbox):
        sandbox.control("faults", kind="redirect", times=9)
        assert site.run().detail == "Zendesk answered 302, which is unexpected."


class TestSending:
    @pytest.mark.parametrize("kind", SENDINGS)
    def test_that_never_ends_is_ended(self, site, sandbox, clean_calls, kind):
        spoil(sandbox, kind=kind)
        site.settle()
        assert calls() == clean_calls + SPOILED


class TestDrift:
    @pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
    @pytest.mark.parametrize("field", CHAT_FIELDS)
    def test_of_a_chat_loses_nobody(self, site, sandbox, field, change):
        drift = {"kind": "drift", "field": f"chats.{field}", **change}
        sandbox.control("faults", path="/incremental/", times=2, **drift)
        site.settle()

    @pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
    @pytest.mark.parametrize("field", PAGE_FIELDS)
    def test_of_a_page_loses_nobody(self, site, sandbox, field, change):
        sandbox.control("faults", path="/incremental/", times=2, kind="drift", field=field, **change)
        site.settle()

    @pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
    @pytest.mark.parametrize("field", VISITOR_FIELDS)
    def test_of_a_visitor_heals(self, site, sandbox, field, change):
        sandbox.control("faults", path="/visitors/", times=5, kind="drift", field=field, **change)
        site.settle()

    @pytest.mark.parametrize("end", [1, -1, 1e300, 1_790_000_000, 4_000_000_000, 1_767_312_000_000, "2026-01-02"])
    def test_of_the_cursor_never_passes_what_was_stored(self, site, sandbox, end):
        sandbox.control("faults", path="/incremental/", times=2, kind="drift", field="end_time", value=end)
        site.run()
        assert cursor() <= max(place(chat) for chat in site.feed)
        site.settle()

    @pytest.mark.parametrize("field", ["end_id", "next_page"])
    def test_of_where_to_go_on_is_not_believed(self, site, sandbox, field):
        value = {"end_id": "zzzz", "next_page": "https://elsewhere.example/?start_time=0"}[field]
        sandbox.control("faults", path="/incremental/", kind="drift", field=field, value=value)
        site.run()
        assert cursor() == max(place(chat) for chat in site.feed)
        site.settle()

    def test_to_one_id_for_everybody_does_not_make_one_visitor_of_them(self, site, sandbox):
        sandbox.control("faults", path="/visitors/", times=9, kind="drift", field="id", value=7)
        site.run()
        assert Visitor.objects.count() == 14


class TestAway:
    def test_for_ten_minutes_costs_few_calls(self, site):
        Integration.objects.update(zendesk_api_url="http://127.0.0.1:9")
        until = site.time.now + timedelta(minutes=10)
        while site.time.now < until:
            site.run()
            site.time.now = Integration.objects.get().next_sync_at
        assert sum(SyncRun.objects.values_list("calls", flat=True)) <= 40

    def test_and_back_it_goes_on_by_itself(self, site, sandbox):
        sandbox.control("faults", kind="drop", times=12)
        assert site.settle() <= 8


class TestRefusal:
    @pytest.mark.parametrize(("status", "reason"), [(401, "credentials"), (403, "credentials"), (404, "host")])
    def test_stops_after_one_call(self, site, sandbox, status, reason):
        sandbox.control("faults", status=status)
        report = site.run()
        assert (report.reason, report.run.calls, mapping()) == (reason, 1, {})

    def test_of_the_bans_alone_holds_nothing_back(self, site, sandbox):
        sandbox.control("faults", path="/bans", status=403)
        assert site.run().is_complete
