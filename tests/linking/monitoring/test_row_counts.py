from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from linking.models import Conflict, RowCounts, Visitor
from linking.monitoring import row_counts
from tests.factories import (
    NOW,
    make_integration,
    make_link,
    make_login_user,
    make_visitor,
)

pytestmark = pytest.mark.django_db
SIGNED_IN = {"first_authenticated_at": NOW, "last_authenticated_at": NOW, "tokens_issued": 1}
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def many(monkeypatch):
    """Every number of rows is a large one, and a stretch has two keys."""
    monkeypatch.setattr(row_counts, "FEW", 0)
    monkeypatch.setattr(row_counts, "KEYS_AT_ONCE", 2)


@pytest.fixture
def acme():
    acme = make_integration()
    user = make_login_user(integration=acme, is_seen_in_chat=True, **SIGNED_IN)
    linked = make_visitor(integration=acme)
    make_link(visitor=linked, login_user=user, first_seen_at=NOW - timedelta(days=2))
    times = {"first_seen_at": NOW, "last_seen_at": NOW}
    Conflict.objects.create(integration=acme, visitor=linked, kind="relinked", subject="s", **times)
    for number in range(4):
        make_visitor(integration=acme, visitor_id=f"1.{number}")
    make_visitor(integration=acme, visitor_id="1.p", state="pending", checked_at=None, lookup_due_at=NOW)
    make_login_user(integration=acme, user_id="waiting", **SIGNED_IN)
    return acme


def numbers(counts):
    return {name: getattr(counts, name) for name in row_counts.Counts.__slots__ if name != "counted_at"}


class TestLoadCounts:
    def test_counts_few_rows_when_asked(self, acme):
        counts = row_counts.load_counts(now=NOW)[acme.pk]
        assert numbers(counts) == {
            "visitors": 6, "linked": 1, "anonymous": 4, "pending": 1, "gone": 0, "waiting_lookups": 1, "users": 2,
            "waiting_users": 1, "open_conflicts": 1,
        }  # fmt: skip
        assert counts.counted_at is None

    def test_gives_the_same_numbers_from_a_kept_row(self, acme, monkeypatch):
        counted = numbers(row_counts.load_counts(now=NOW)[acme.pk])
        monkeypatch.setattr(row_counts, "FEW", 0)
        monkeypatch.setattr(row_counts, "KEYS_AT_ONCE", 2)
        counts = row_counts.load_counts(now=NOW)[acme.pk]
        assert (numbers(counts), counts.counted_at) == (counted, NOW)

    def test_reads_only_kept_rows_where_there_are_many(self, acme, many):
        row_counts.count_and_keep(now=NOW)
        with CaptureQueriesContext(
            connection,
        ) as asked:
            row_counts.load_counts(now=LATER)
        unbounded = [
            one["sql"] for one in asked if "COUNT(" in one["sql"].upper() and "LIMIT" not in one["sql"].upper()
        ]
        assert unbounded == []

    def test_keeps_integrations_apart(self, acme, many):
        other = make_integration(slug="other", login_project_id="00000000-0000-4000-8000-000000000002")
        make_visitor(integration=other, visitor_id="1.0")
        counts = row_counts.load_counts(now=NOW)
        assert (counts[acme.pk].visitors, counts[other.pk].visitors) == (6, 1)

    def test_says_nothing_of_an_integration_that_came_later(self, acme, many):
        row_counts.count_and_keep(now=NOW)
        other = make_integration(slug="other", login_project_id="00000000-0000-4000-8000-000000000002")
        assert other.pk not in row_counts.load_counts(now=LATER)


class TestCountIfDue:
    def test_leaves_few_rows_alone(self, acme):
        assert not row_counts.count_if_due(now=NOW, is_urgent=True)
        assert not RowCounts.objects.exists()

    @pytest.mark.parametrize(
        ("took_s", "age_s", "is_counted"),
        [(0.0, 44, False), (0.0, 45, True), (4.0, 199, False), (4.0, 200, True), (4.0, -60, True)],
        ids=["cheap-lately", "cheap", "costly-lately", "costly", "clock-set-back"],
    )
    def test_waits_as_long_as_a_count_is_worth(self, acme, many, took_s, age_s, is_counted):
        RowCounts.objects.create(integration=acme, counted_at=NOW, took_s=took_s)
        assert row_counts.count_if_due(now=NOW + timedelta(seconds=age_s)) is is_counted

    def test_does_not_wait_after_a_command(self, acme, many):
        row_counts.count_and_keep(now=NOW)
        Visitor.objects.filter(visitor_id="1.0").delete()
        assert row_counts.count_if_due(now=NOW, is_urgent=True)
        assert RowCounts.objects.get().anonymous == 3


class TestFindFirsts:
    @pytest.mark.parametrize("is_kept", [False, True], ids=["few", "many"])
    def test_finds_the_first_token_and_the_first_link(self, acme, monkeypatch, is_kept):
        if is_kept:
            monkeypatch.setattr(row_counts, "FEW", 0)
            row_counts.count_and_keep(now=NOW)
        firsts = row_counts.find_firsts(integration_id=acme.pk)
        assert (firsts.token_at, firsts.link_at) == (NOW, NOW - timedelta(days=2))

    def test_finds_nothing_before_the_first_count(self, acme, many):
        firsts = row_counts.find_firsts(integration_id=acme.pk)
        assert (firsts.token_at, firsts.link_at) == (None, None)
