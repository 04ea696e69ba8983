from datetime import UTC, datetime, timedelta

import pytest
from django.db import OperationalError

from linking import registry
from linking.limits import Limiter
from linking.models import Integration, LoginUser, RefusedToken
from linking.tokens import endpoint as tokens
from linking.tokens import refused_players, sightings
from linking.tokens.refused_players import ROWS_A_PLAYER_AND_DAY
from tests.factories import ORIGIN, USER_ID, login_jwt, make_integration

pytestmark = pytest.mark.django_db
NOON = 1_767_268_800
NOON_AT = datetime.fromtimestamp(NOON, tz=UTC)
LIMITS = tokens.TokenLimits(per_address=Limiter(per_minute=0), per_user=Limiter(per_minute=0))
OTHERS_KEY = "a-key-that-nobody-at-acme-has-ever-seen"


@pytest.fixture
def acme():
    return make_integration()


def make_known(acme, *, user_id=USER_ID):
    return LoginUser.objects.create(integration=acme, user_id=user_id)


def expired(**changes):
    return login_jwt(**({"iat": NOON - 9_000, "exp": NOON - 3_600} | changes))


def ask(token, *, now=NOON, origin=ORIGIN, method="GET", bearer=False):
    given = {"authorization": f"Bearer {token}"} if bearer else {"cookie_header": f"token={token}"}
    request = tokens.TokenRequest(method=method, origin=origin, **given)
    return tokens.serve(request=request, now=now, limits=LIMITS)


def rows():
    refused_players.flush()
    return list(RefusedToken.objects.order_by("pk").values_list("user_id", "reason", "origin", "at"))


class TestWhoIsNoted:
    @pytest.mark.parametrize("bearer", [True, False])
    def test_a_player_whose_token_expired(self, acme, bearer):
        ask(expired(), bearer=bearer)
        assert rows() == [(USER_ID, "expired", ORIGIN, NOON_AT)]

    def test_a_player_whom_login_signed_for_need_not_be_known(self, acme):
        ask(expired(sub="brand-new"))
        assert rows()[0][0] == "brand-new"

    def test_nobody_whom_only_a_stranger_signed_for(self, acme):
        ask(login_jwt(secret=OTHERS_KEY, now=NOON, sub="invented"))
        assert rows() == []

    def test_a_known_player_whose_token_has_another_signature(self, acme):
        make_known(acme)
        ask(login_jwt(secret=OTHERS_KEY, now=NOON))
        assert rows() == [(USER_ID, "signature", ORIGIN, NOON_AT)]

    def test_one_who_is_known_elsewhere_is_not_known_here(self, acme):
        make_known(make_integration(slug="second", login_project_id="p-second"))
        request = tokens.TokenRequest(
            method="GET", slug="acme", cookie_header=f"token={login_jwt(secret=OTHERS_KEY, now=NOON)}"
        )
        tokens.serve(request=request, now=NOON, limits=LIMITS)
        assert rows() == []

    def test_a_page_that_is_not_listed_is_named(self, acme):
        ask(login_jwt(now=NOON), origin="https://new.example")
        assert rows() == [(USER_ID, "origin", "https://new.example", NOON_AT)]

    def test_a_hostile_page_is_one_short_clean_line(self, acme):
        ask(login_jwt(now=NOON), origin="https://\x00\u202e" + "x" * 500)
        assert rows()[0][2] == "https://" + "x" * 192

    @pytest.mark.parametrize("sub", [..., "", " ", 7, "null", "x" * 256, "a\x00b", {"a": 1}])
    def test_nobody_without_a_usable_id(self, acme, sub):
        ask(expired(sub=sub))
        assert rows() == []

    @pytest.mark.parametrize("token", ["", "nonsense", "a.b.c", "x" * 9000])
    def test_nobody_of_a_token_that_cannot_be_read(self, acme, token):
        ask(token)
        assert rows() == []

    def test_nobody_who_got_a_token(self, acme):
        ask(login_jwt(now=NOON))
        assert rows() == []

    def test_nobody_who_got_one_only_because_the_integration_is_observed(self):
        make_integration(mode="observe")
        assert ask(login_jwt(now=NOON, iss="https://elsewhere.example")).status == 200
        assert rows() == []

    @pytest.mark.parametrize("method", ["OPTIONS", "HEAD", "PUT"])
    def test_nobody_who_asked_for_no_token(self, acme, method):
        ask(expired(), method=method)
        assert rows() == []


class TestBounds:
    def test_the_same_in_one_minute_is_one_row(self, acme):
        for second in (0, 7, 59):
            ask(expired(), now=NOON + second)
            refused_players.flush()
        assert len(rows()) == 1

    def test_a_player_has_so_many_rows_a_day(self, acme):
        for minute in range(ROWS_A_PLAYER_AND_DAY + 5):
            ask(expired(), now=NOON + 60 * minute)
            refused_players.flush()
        assert len(rows()) == ROWS_A_PLAYER_AND_DAY

    def test_rows_of_a_day_ago_take_no_room(self, acme):
        for minute in range(ROWS_A_PLAYER_AND_DAY):
            ask(expired(), now=NOON + 60 * minute)
        refused_players.flush()
        ask(expired(), now=NOON + 2 * 86_400)
        assert len(rows()) == ROWS_A_PLAYER_AND_DAY + 1

    def test_so_many_a_minute_are_looked_at(self, acme, monkeypatch):
        monkeypatch.setattr(refused_players, "A_MINUTE", 3)
        for number in range(10):
            ask(expired(sub=f"player-{number}"))
        assert len(rows()) == 3
        ask(expired(sub="later"), now=NOON + 60)
        assert len(rows()) == 4

    def test_a_flood_of_strangers_leaves_room_for_what_login_signed(self, acme, monkeypatch):
        monkeypatch.setattr(refused_players, "A_MINUTE", 3)
        for number in range(10):
            ask(login_jwt(secret=OTHERS_KEY, now=NOON, sub=f"invented-{number}"))
        ask(expired())
        assert [row[0] for row in rows()] == [USER_ID]

    def test_what_is_not_read_any_more_costs_no_reading(self, acme, monkeypatch):
        monkeypatch.setattr(refused_players, "A_MINUTE", 0)
        monkeypatch.setattr(refused_players, "LoginToken", lambda _text: pytest.fail("read"))
        ask(expired())

    def test_memory_holds_so_many(self, acme, monkeypatch):
        monkeypatch.setattr(refused_players._waiting, "at_most", 2)
        for number in range(5):
            ask(expired(sub=f"player-{number}"))
        assert len(rows()) == 2


class TestCost:
    def test_a_refusal_asks_no_database(self, acme, django_assert_num_queries):
        registry.current()
        with django_assert_num_queries(0):
            ask(expired())

    def test_a_token_issued_writes_nothing_more(self, acme, django_assert_num_queries):
        ask(login_jwt(now=NOON))
        sightings.flush()
        with django_assert_num_queries(0):
            refused_players.flush()

    def test_many_refusals_are_written_by_few_statements(self, acme, django_assert_max_num_queries):
        for number in range(50):
            ask(expired(sub=f"player-{number}"))
        with django_assert_max_num_queries(
            7
        ):  # savepoint and its end, erased people, integrations, rows of the day, insert
            refused_players.flush()


class TestFlush:
    def test_leaves_out_an_integration_that_was_removed(self, acme):
        ask(expired())
        Integration.objects.all().delete()
        assert rows() == []

    def test_loses_nothing_while_the_database_is_away(self, acme, monkeypatch):
        def away(_batch):
            raise OperationalError("away")

        ask(expired())
        with monkeypatch.context() as patch:
            patch.setattr(refused_players._waiting, "store", away)
            with pytest.raises(OperationalError):
                refused_players.flush()
        assert len(rows()) == 1


class TestReading:
    def make(self, acme, *, ago=timedelta(), reason="expired", user_id=USER_ID):
        return RefusedToken.objects.create(integration=acme, user_id=user_id, at=NOON_AT - ago, reason=reason)

    def test_lists_a_player_s_refusals_newest_first(self, acme):
        self.make(acme, ago=timedelta(hours=1))
        self.make(acme, reason="issuer")
        self.make(acme, user_id="another")
        found = refused_players.list_refusals(players=[(acme.pk, USER_ID)])
        assert [one.reason for one in found] == ["issuer", "expired"]

    def test_sums_up_where_an_id_was_refused(self, acme):
        self.make(acme, ago=timedelta(hours=1))
        self.make(acme)
        (place,) = refused_players.sum_up(user_ids=[USER_ID, "nobody"])[USER_ID]
        assert (place.integration, place.number, place.last_at) == ("acme", 2, NOON_AT)

    def test_counts_players_by_reason(self, acme):
        self.make(acme)
        self.make(acme, ago=timedelta(hours=1))
        self.make(acme, user_id="another", reason="issuer")
        found = refused_players.count_by_reason(integration_id=acme.pk)
        assert [(one.reason, one.number, one.players) for one in found] == [("expired", 2, 1), ("issuer", 1, 1)]


class TestErase:
    def test_takes_one_player_s_rows_of_one_integration(self, acme):
        second = make_integration(slug="second", login_project_id="p-second")
        for integration, user_id in ((acme, USER_ID), (acme, "another"), (second, USER_ID)):
            RefusedToken.objects.create(integration=integration, user_id=user_id, at=NOON_AT, reason="expired")
        assert refused_players.erase(integration_id=acme.pk, user_id=USER_ID) == 1
        assert sorted(RefusedToken.objects.values_list("integration__slug", "user_id")) == [
            ("acme", "another"), ("second", USER_ID),
        ]  # fmt: skip

    def test_an_integration_takes_its_rows_along(self, acme):
        RefusedToken.objects.create(integration=acme, user_id=USER_ID, at=NOON_AT, reason="expired")
        acme.delete()
        assert RefusedToken.objects.count() == 0


class TestPrune:
    @pytest.mark.parametrize(("keep_days", "left"), [(14, 1), (30, 2), (None, 2)])
    def test_drops_what_is_older_than_it_is_kept(self, acme, keep_days, left):
        for days in (0, 15):
            at = NOON_AT - timedelta(days=days)
            RefusedToken.objects.create(integration=acme, user_id=USER_ID, at=at, reason="expired")
        refused_players.prune(keep_days=keep_days, now=NOON_AT)
        assert RefusedToken.objects.count() == left

    def test_keeps_the_newest_rows_of_a_full_table(self, acme, monkeypatch):
        monkeypatch.setattr(refused_players, "ROWS_MOST", 2)
        for minute in range(4):
            at = NOON_AT + timedelta(minutes=minute)
            RefusedToken.objects.create(integration=acme, user_id=USER_ID, at=at, reason="expired")
        assert refused_players.prune(keep_days=None, now=NOON_AT) == 2
        assert min(RefusedToken.objects.values_list("at", flat=True)) == NOON_AT + timedelta(minutes=2)
