from datetime import UTC, datetime, timedelta

import pytest
from django.db import OperationalError
from django.db.models import QuerySet

from linking.limits import Limiter
from linking.models import AnswerCount, Integration
from linking.tokens import answer_counts
from linking.tokens import endpoint as tokens
from linking.tokens.answer_counts import AnswerKey
from tests.factories import ORIGIN, login_jwt, make_integration

pytestmark = pytest.mark.django_db
NOON = 1_767_268_800
LIMITS = tokens.TokenLimits(per_address=Limiter(per_minute=0), per_user=Limiter(per_minute=0))


@pytest.fixture
def acme():
    return make_integration()


def note(integration, *, reason="expired", origin=ORIGIN, is_listed=True, now=NOON):
    key = integration.pk if integration else 0
    answer_counts.note(kind=AnswerKey(key, "00-01", reason, origin), is_origin_listed=is_listed, now=now)


def rows():
    return sorted(AnswerCount.objects.values_list("reason", "origin", "count"))


class TestNote:
    def test_costs_no_query(self, acme, django_assert_num_queries):
        with django_assert_num_queries(0):
            note(acme)

    def test_holds_no_more_than_its_bound(self, acme, monkeypatch):
        monkeypatch.setattr(answer_counts._waiting, "at_most", 2)
        for number in range(5):
            note(acme, reason=f"reason-{number}")
        assert (answer_counts.flush(), answer_counts._waiting.dropped) == (2, 3)

    def test_names_only_so_many_strange_origins_an_hour(self, acme, monkeypatch):
        monkeypatch.setattr(answer_counts, "MAX_STRANGE_ORIGINS", 2)
        for number in range(5):
            note(acme, origin=f"https://{number}.example", is_listed=False)
        answer_counts.flush()
        assert rows() == [
            ("expired", "(other)", 3), ("expired", "https://0.example", 1), ("expired", "https://1.example", 1),
        ]  # fmt: skip

    @pytest.mark.parametrize(("origin", "kept"), [("x" * 500, "x" * 200), ("\x00\u202e", "(other)"), ("a\x00b", "ab")])
    def test_keeps_of_a_strange_origin_one_short_clean_line(self, acme, origin, kept):
        note(acme, origin=origin, is_listed=False)
        answer_counts.flush()
        assert rows() == [("expired", kept, 1)]


class TestFlush:
    def test_adds_up_by_the_hour(self, acme):
        for now in (NOON, NOON + 3599, NOON + 3600):
            note(acme, now=now)
            answer_counts.flush()
        assert sorted(AnswerCount.objects.values_list("count", flat=True)) == [1, 2]

    def test_counts_requests_that_led_to_no_integration(self):
        for _ in range(2):
            note(None)
            answer_counts.flush()
        assert rows() == [("expired", ORIGIN, 2)]

    def test_leaves_out_an_integration_that_was_removed(self, acme):
        note(acme)
        Integration.objects.all().delete()
        answer_counts.flush()
        assert rows() == []

    def test_loses_nothing_while_the_database_is_away(self, acme, monkeypatch):
        def away(_batch):
            raise OperationalError("away")

        note(acme)
        with monkeypatch.context() as patch:
            patch.setattr(answer_counts._waiting, "store", away)
            with pytest.raises(OperationalError):
                answer_counts.flush()
        note(acme)
        answer_counts.flush()
        assert rows() == [("expired", ORIGIN, 2)]

    def test_drops_what_is_too_old(self, acme):
        note(acme, now=NOON)
        answer_counts.flush()
        note(acme, now=NOON + int((answer_counts.KEPT + timedelta(hours=1)).total_seconds()))
        answer_counts.flush()
        assert AnswerCount.objects.count() == 1

    def test_survives_another_process_making_the_same_row(self, acme, monkeypatch):
        note(acme)
        answer_counts.flush()
        note(acme)
        real = QuerySet.update
        tries = []

        def first_finds_nothing(rows, **values):
            tries.append(1)
            return 0 if len(tries) == 1 else real(rows, **values)

        monkeypatch.setattr(QuerySet, "update", first_finds_nothing)
        answer_counts.flush()
        assert rows() == [("expired", ORIGIN, 2)]


class TestReading:
    def test_tells_the_most_frequent_first(self, acme):
        for reason in ("expired", "issuer", "expired"):
            note(acme, reason=reason)
        answer_counts.flush()
        since = datetime.fromtimestamp(NOON, tz=UTC)
        found = answer_counts.tallies(integration_id=acme.pk, since=since)
        assert [(one.reason, one.count) for one in found] == [("expired", 2), ("issuer", 1)]

    def test_tells_of_whole_hours(self, acme):
        note(acme, now=NOON)
        answer_counts.flush()
        since = datetime.fromtimestamp(NOON + 3599.5, tz=UTC)
        assert answer_counts.tallies(integration_id=acme.pk, since=since)

    def test_tells_when_a_token_was_first_asked_for(self, acme):
        for later_s in (5, 60):
            note(acme, now=NOON + later_s)
        answer_counts.flush()
        asked = datetime.fromtimestamp(NOON + 5, tz=UTC)
        assert answer_counts.first_asked_at(integration_id=acme.pk) == asked

    def test_tells_nothing_before_the_first_request(self, acme):
        assert answer_counts.first_asked_at(integration_id=acme.pk) is None


class TestServed:
    def serve(self, token, *, method="GET", origin=ORIGIN):
        request = tokens.TokenRequest(method=method, cookie_header=f"token={token}", origin=origin)
        return tokens.serve(request=request, now=NOON, limits=LIMITS)

    def test_answers_are_counted(self, acme):
        self.serve(login_jwt(now=NOON))
        self.serve(login_jwt(now=NOON - 10**6))
        answer_counts.flush()
        assert rows() == [("expired", ORIGIN, 1), ("issued", ORIGIN, 1)]

    def test_would_be_refusals_are_marked(self):
        make_integration(mode="observe")
        self.serve(login_jwt(now=NOON, exp=...))
        answer_counts.flush()
        assert AnswerCount.objects.values_list("reason", "is_observed").get() == ("exp_missing", True)

    def test_preflights_are_not_counted(self, acme):
        self.serve("", method="OPTIONS")
        assert answer_counts.flush() == 0

    def test_nothing_of_the_token_is_kept(self, acme):
        self.serve(login_jwt(now=NOON, sub="user-7", email="seven@player.example"))
        answer_counts.flush()
        kept = str(AnswerCount.objects.values().get())
        assert "seven" not in kept and "user-7" not in kept
