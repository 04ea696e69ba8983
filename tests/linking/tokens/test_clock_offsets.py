from datetime import UTC, datetime, timedelta

import pytest
from django.db import OperationalError

from linking import registry
from linking.core.config import LoginAlgorithm
from linking.limits import Limiter
from linking.models import ClockOffset, Integration
from linking.tokens import clock_offsets
from linking.tokens import endpoint as tokens
from tests.factories import USER_ID, login_jwt, make_config, make_integration
from tests.rsa_keys import key_set, rs256_jwt

pytestmark = pytest.mark.django_db
NOON = 1_767_268_800
LIMITS = tokens.TokenLimits(per_address=Limiter(per_minute=0), per_user=Limiter(per_minute=0))


@pytest.fixture
def acme():
    return make_integration()


def early(ahead_s=95, **changes):
    return login_jwt(now=NOON, **({"iat": NOON + ahead_s, "exp": NOON + 86_400} | changes))


def ask(token, *, bearer=False, now=NOON):
    given = {"authorization": f"Bearer {token}"} if bearer else {"cookie_header": f"token={token}"}
    return tokens.serve(request=tokens.TokenRequest(method="GET", **given), now=now, limits=LIMITS)


def told(integration, *, now=NOON):
    clock_offsets.flush()
    found = clock_offsets.readings(now=datetime.fromtimestamp(now, tz=UTC)).get(integration.pk)
    return found and (found.tokens, found.median_s, found.largest_s)


class TestServed:
    @pytest.mark.parametrize("bearer", [False, True])
    def test_a_token_of_the_future_is_noted_with_its_distance(self, acme, bearer):
        assert ask(early(), bearer=bearer).status == 401
        assert told(acme) == (1, 95, 95)

    def test_one_of_an_observed_integration_is_noted_too(self, acme):
        Integration.objects.update(mode="observe")
        registry.refresh()
        ask(early())
        assert told(acme) == (1, 95, 95)

    @pytest.mark.parametrize(
        "token",
        [
            login_jwt(now=NOON),
            early(ahead_s=60),
            early(exp=NOON - 100, iat=NOON - 200),
            login_jwt(now=NOON, iat=NOON + 95, secret="a secret that nobody of ours knows"),
        ],
        ids=["good", "within the leeway", "expired", "signed by nobody"],
    )
    def test_nothing_else_is_noted(self, acme, token):
        ask(token)
        assert told(acme) is None

    def test_no_query_is_made_for_it(self, acme, django_assert_num_queries):
        ask(early())
        with django_assert_num_queries(0):
            ask(early())

    def test_nothing_of_the_token_is_kept(self, acme):
        ask(early())
        clock_offsets.flush()
        kept = " ".join(str(value) for row in ClockOffset.objects.values_list() for value in row)
        assert USER_ID not in kept
        assert "nadia" not in kept


class TestNote:
    def note(self, token, **changes):
        given = {"authorization": "", "cookie_header": f"token={token}", "config": make_config(), "keys": {}}
        clock_offsets.note(now=NOON, **(given | changes))

    def test_verifies_an_rs256_token_with_the_project_s_keys(self, acme):
        config = make_config(integration_id=acme.pk, login_algorithm=LoginAlgorithm.RS256)
        token = rs256_jwt(now=NOON, iat=NOON + 95, exp=NOON + 900)
        self.note(token, config=config, keys={config.login_project_id: key_set("first")})
        assert told(acme) == (1, 95, 95)

    @pytest.mark.parametrize("header", ["", "token=", "token=a; token=b", "token=x.y.z", "other=1"])
    def test_passes_over_what_is_no_token(self, acme, header):
        self.note("", cookie_header=header, config=make_config(integration_id=acme.pk))
        assert told(acme) is None

    def test_holds_no_more_than_its_bound(self, acme, monkeypatch):
        monkeypatch.setattr(clock_offsets._waiting, "at_most", 2)
        for ahead_s in (70, 80, 90, 90):
            self.note(early(ahead_s), config=make_config(integration_id=acme.pk))
        assert (clock_offsets.flush(), clock_offsets._waiting.dropped) == (2, 2)


class TestFlush:
    def test_adds_up_what_several_processes_saw(self, acme):
        for ahead_s in (95, 95, 80):
            ask(early(ahead_s))
            clock_offsets.flush()
        assert told(acme) == (3, 95, 95)
        assert ClockOffset.objects.count() == 2

    def test_leaves_out_an_integration_that_was_removed(self, acme):
        ask(early())
        Integration.objects.all().delete()
        clock_offsets.flush()
        assert not ClockOffset.objects.exists()

    def test_loses_nothing_while_the_database_is_away(self, acme, monkeypatch):
        def away(_taken):
            raise OperationalError("away")

        ask(early())
        with monkeypatch.context() as patch:
            patch.setattr(clock_offsets._waiting, "store", away)
            with pytest.raises(OperationalError):
                clock_offsets.flush()
        assert told(acme) == (1, 95, 95)

    def test_drops_what_is_old(self, acme):
        ask(early())
        clock_offsets.flush()
        later = NOON + 4 * 3600
        ask(early(iat=later + 200), now=later)
        clock_offsets.flush()
        assert list(ClockOffset.objects.values_list("ahead_s", flat=True)) == [200]


class TestReadings:
    def test_are_of_the_last_hour(self, acme):
        ask(early())
        assert told(acme, now=NOON + 3500) == (1, 95, 95)
        assert told(acme, now=NOON + 3600 + clock_offsets.SLOT_S) is None

    def test_are_of_each_integration_by_itself(self, acme):
        other = make_integration(slug="other", login_project_id="other")
        ask(early())
        assert told(other) is None

    def test_cost_one_query(self, acme, django_assert_num_queries):
        with django_assert_num_queries(1):
            clock_offsets.readings(now=datetime.fromtimestamp(NOON, tz=UTC) + timedelta(seconds=1))
