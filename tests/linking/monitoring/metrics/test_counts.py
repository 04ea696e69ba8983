"""The numbers of `/metrics` that come from rows of counts, and the table that documents all of them."""

import re
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from linking.models import LinkRateDay, RefusedToken, RequestSlot, StopReason
from linking.monitoring.metrics import collector
from linking.sync.store import request_slots, runs
from linking.tokens import answer_counts
from linking.tokens.answer_counts import AnswerKey
from tests.factories import ORIGIN, make_integration

pytestmark = pytest.mark.django_db
DOCS = Path(__file__).resolve().parents[4] / "docs" / "running.md"


@pytest.fixture
def acme():
    return make_integration()


def read_samples(**options):
    text = collector.build_metrics(now=timezone.now(), **options).decode()
    return {
        (sample.name, *(value for _name, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def answer(acme, *, code="", reason="issued", now=None):
    answer_counts.note(AnswerKey(acme.pk, code, reason, ORIGIN), True, now or timezone.now().timestamp())
    answer_counts.flush()


class TestTokenAnswers:
    def test_are_counted_by_code_and_reason(self, acme):
        answer(acme)
        answer(acme)
        answer(acme, code="00-01", reason="expired")
        samples = read_samples()
        assert samples["zdbridge_token_answers_total", "", "acme", "0", "issued"] == 2
        assert samples["zdbridge_token_answers_total", "00-01", "acme", "0", "expired"] == 1

    def test_never_fall_when_old_hours_are_dropped(self, acme):
        later = timezone.now().timestamp() + answer_counts.KEPT.total_seconds() + 7200
        answer(acme)
        answer(acme, now=later)
        assert read_samples()["zdbridge_token_answers_total", "", "acme", "0", "issued"] == 2

    def test_of_no_integration_have_an_empty_label(self):
        for _ in range(2):
            key = AnswerKey(0, "00-06", "unknown_integration", "")
            answer_counts.note(key, False, timezone.now().timestamp())
            answer_counts.flush()
        assert read_samples()["zdbridge_token_answers_total", "00-06", "", "0", "unknown_integration"] == 2


class TestPasses:
    def end(self, acme, *, reason="", seconds=3, trigger="schedule"):
        now = timezone.now()
        run = runs.start_run(integration_id=acme.pk, trigger=trigger, is_full=False, now=now)
        end = now + timezone.timedelta(seconds=seconds)
        runs.finish_run(run=run, reason=reason, detail="", counts={}, now=end)

    def test_are_counted_with_their_seconds_by_outcome(self, acme):
        self.end(acme)
        self.end(acme, seconds=4)
        self.end(acme, reason=StopReason.VENDOR_FAULT)
        samples = read_samples()
        assert samples["zdbridge_sync_passes_total", "acme", "complete"] == 2
        assert samples["zdbridge_sync_pass_seconds_total", "acme", "complete"] == 7
        assert samples["zdbridge_sync_passes_total", "acme", "vendor_fault"] == 1

    def test_of_a_killed_worker_are_counted_by_the_next(self, acme):
        for _ in range(2):
            runs.start_run(integration_id=acme.pk, trigger="schedule", is_full=False, now=timezone.now())
        assert read_samples()["zdbridge_sync_passes_total", "acme", "killed"] == 1

    def test_leave_out_the_refresh_of_one_visitor(self, acme):
        self.end(acme, trigger="refresh")
        assert ("zdbridge_sync_passes_total", "acme", "complete") not in read_samples()


class TestLinkRate:
    def test_is_that_of_the_newest_day(self, acme):
        now = timezone.now()
        for days, linked in ((1, 1), (0, 6)):
            LinkRateDay.objects.create(
                integration=acme, day=now.date() - timezone.timedelta(days=days), visitors=10, linked=linked, pending=2,
                counted_at=now,
            )  # fmt: skip
        samples = read_samples()
        assert samples["zdbridge_link_rate_ratio", "acme"] == 0.75
        assert samples["zdbridge_link_rate_visitors", "acme", "pending"] == 2

    def test_has_no_ratio_while_nobody_was_looked_up(self, acme):
        LinkRateDay.objects.create(integration=acme, day=timezone.now().date(), visitors=3, pending=3,
                                   counted_at=timezone.now())  # fmt: skip
        assert ("zdbridge_link_rate_ratio", "acme") not in read_samples()


class TestBudget:
    def test_is_of_the_account_in_this_minute(self, acme):
        now = timezone.now().timestamp()
        request_slots.take_slot(account="acme.zendesk.com", per_minute=200, now_epoch_s=now)
        account = RequestSlot.objects.get().account
        calls = request_slots.load_calls(accounts=[account], now_epoch_s=now)
        samples = read_samples(budgets={"acme": (calls[account].this_minute, 200)})
        assert samples["zdbridge_zendesk_calls_this_minute", "acme"] == 1
        assert samples["zdbridge_zendesk_calls_per_minute_limit", "acme"] == 200

    def test_is_given_over_http(self, acme):
        body = Client().get("/metrics", HTTP_HOST="127.0.0.1").content.decode()
        limit = float(acme.requests_per_minute)
        assert f'zdbridge_zendesk_calls_per_minute_limit{{integration="acme"}} {limit}' in body


class TestRefusals:
    def test_are_counted_and_name_nobody(self, acme):
        RefusedToken.objects.create(integration=acme, user_id="nadia", at=timezone.now(), reason="expired")
        text = collector.build_metrics(now=timezone.now()).decode()
        assert 'zdbridge_refusals_recorded{integration="acme"} 1.0' in text
        assert "nadia" not in text


class TestDocs:
    def test_name_every_family_and_no_other(self, acme):
        text = collector.build_metrics(now=timezone.now()).decode()
        families = set(re.findall(r"^# TYPE (zdbridge_\w+)", text, re.MULTILINE))
        table = DOCS.read_text(encoding="utf-8").split("### Metrics")[1].split("## Behind a proxy")[0]
        rows = "\n".join(line for line in table.splitlines() if line.startswith("|"))
        assert set(re.findall(r"`(zdbridge_\w+)`", rows)) == families
