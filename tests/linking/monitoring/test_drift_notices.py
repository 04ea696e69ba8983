from datetime import timedelta

import pytest

from linking.models import Integration
from linking.monitoring.drift import Drift
from linking.monitoring.drift_notices import detect_drift
from tests.factories import NOW, make_integration, make_login_user, make_run, make_visitor

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme():
    return make_integration(last_success_at=NOW)


def found(acme):
    return detect_drift(integrations=Integration.objects.all(), now=NOW)[acme.pk]


def chat_as_nobody(acme, *, number=3, signed_in=True, at=NOW):
    for place in range(number):
        email = f"Player{place}@shop.example"
        proof = {"first_authenticated_at": NOW, "last_authenticated_at": NOW, "tokens_issued": 1} if signed_in else {}
        make_login_user(integration=acme, user_id=f"u{place}", email=email.lower(), **proof)
        make_visitor(integration=acme, visitor_id=f"7.v{place}", email=email, first_seen_at=at, last_seen_at=at)


class TestDrifts:
    def test_none_is_the_rule(self, acme):
        assert found(acme) == ()

    def test_people_who_signed_in_and_chat_as_nobody_give_a_changed_secret_away(self, acme):
        chat_as_nobody(acme)
        assert found(acme) == (Drift.SIGNATURE_UNKNOWN,)

    def test_people_who_did_not_sign_in_give_nothing_away(self, acme):
        chat_as_nobody(acme, signed_in=False)
        assert found(acme) == ()

    def test_chats_of_long_ago_give_nothing_away(self, acme):
        chat_as_nobody(acme, at=NOW - timedelta(days=3))
        assert found(acme) == ()

    def test_another_integration_s_people_give_nothing_away(self, acme):
        other = make_integration(slug="other", login_project_id="other")
        chat_as_nobody(other)
        assert found(acme) == ()

    def test_the_newest_refusal_counts_while_the_sync_is_blocked(self, acme):
        refused = {"state": "stopped", "stop_reason": "credentials"}
        make_run(integration=acme, stop_status=401, **refused)
        make_run(integration=acme, stop_status=403, **refused)
        Integration.objects.update(blocked_reason="credentials")
        assert found(acme) == (Drift.SCOPE_LOST,)

    def test_a_refusal_without_an_answer_of_zendesks_tells_nothing(self, acme):
        make_run(integration=acme, state="stopped", stop_reason="credentials", stop_detail="It says (401).")
        Integration.objects.update(blocked_reason="credentials")
        assert found(acme) == ()

    def test_an_old_refusal_counts_no_more(self, acme):
        make_run(integration=acme, state="stopped", stop_reason="credentials", stop_status=401)
        assert found(acme) == ()
