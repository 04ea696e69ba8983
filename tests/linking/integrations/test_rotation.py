from datetime import timedelta

import pytest

from linking import registry
from linking.core.config import SecretName
from linking.integrations import (
    Actor,
    BadIntegration,
    SettingWarning,
    rehearse_change,
    rehearse_integration,
    save_integration,
)
from linking.models import AuditEvent, ConfigVersion, Integration, Secret
from linking.registry import NoSuchIntegration
from tests.factories import LOGIN_SECRET_KEY, NOW, ZENDESK_SHARED_SECRET, make_integration

pytestmark = pytest.mark.django_db
NEW_LOGIN = "a-new-login-secret-key-for-tests-only-00"
NEXT = "the-next-zendesk-secret-for-tests-only-0"
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def acme():
    return make_integration()


def save(*, now=NOW, **values):
    return save_integration(slug="acme", values=values, actor=Actor(name="ada"), now=now, allow_loopback=False)


def problems(**values):
    with pytest.raises(BadIntegration) as raised:
        save(**values)
    return raised.value.problems


def in_force():
    return registry.refresh().by_slug["acme"]


def login_secrets(at=NOW):
    return [secret.decode() for secret in in_force().login_secrets_at(at.timestamp())]


def zendesk_secret(at=NOW):
    return in_force().zendesk_secret_at(at.timestamp()).decode()


class TestLoginSecret:
    def test_keeps_the_old_one_until_the_time_that_is_set(self):
        save(login_secret_key=NEW_LOGIN, previous_login_secret_until=NOW + HOUR)
        assert login_secrets() == [NEW_LOGIN, LOGIN_SECRET_KEY]
        assert login_secrets(NOW + HOUR) == [NEW_LOGIN]

    def test_drops_the_old_one_where_no_time_is_set(self):
        save(login_secret_key=NEW_LOGIN)
        assert login_secrets() == [NEW_LOGIN]

    def test_keeps_no_old_one_when_nothing_changed(self):
        save(login_secret_key=LOGIN_SECRET_KEY, previous_login_secret_until=NOW + HOUR)
        assert not Secret.objects.filter(name=SecretName.LOGIN_SECRET_KEY_PREVIOUS).exists()

    def test_takes_a_previous_one_that_is_given(self):
        save(login_secret_key_previous=NEW_LOGIN, previous_login_secret_until=NOW + HOUR)
        assert login_secrets() == [LOGIN_SECRET_KEY, NEW_LOGIN]

    def test_wants_to_know_until_when(self):
        assert problems(login_secret_key_previous=NEW_LOGIN).keys() == {"previous_login_secret_until"}

    def test_says_when_there_is_nothing_to_keep(self):
        warnings = save(previous_login_secret_until=NOW + HOUR).warnings
        assert (
            SettingWarning("previous_login_secret_until", "This is set, but there is no previous key to accept.")
            in warnings
        )

    def test_may_not_be_the_zendesk_secret(self):
        found = problems(login_secret_key_previous=ZENDESK_SHARED_SECRET, previous_login_secret_until=NOW + HOUR)
        assert found.keys() == {"login_secret_key_previous"}


class TestZendeskSecret:
    def test_turns_over_at_the_time_that_is_set(self):
        save(zendesk_shared_secret_next=NEXT, zendesk_secret_switch_at=NOW + HOUR)
        assert (zendesk_secret(), zendesk_secret(NOW + HOUR)) == (ZENDESK_SHARED_SECRET, NEXT)

    def test_says_that_visitors_drop(self):
        warnings = save(zendesk_shared_secret_next=NEXT, zendesk_secret_switch_at=NOW + HOUR).warnings
        assert any("about five minutes" in warning.sentence for warning in warnings)

    @pytest.mark.parametrize(("secret", "is_told"), [(NEXT, True), (ZENDESK_SHARED_SECRET, False)])
    def test_says_that_visitors_drop_where_it_is_another_one_at_once(self, secret, is_told):
        warnings = save(zendesk_shared_secret=secret).warnings
        assert any("about five minutes" in warning.sentence for warning in warnings) is is_told

    def test_becomes_the_secret_with_the_next_save(self):
        save(zendesk_shared_secret_next=NEXT, zendesk_secret_switch_at=NOW + HOUR)
        save(name="Acme again", now=NOW + 2 * HOUR)
        row = Integration.objects.get()
        assert row.zendesk_secret_switch_at is None and zendesk_secret() == NEXT
        assert not Secret.objects.filter(name=SecretName.ZENDESK_SHARED_SECRET_NEXT).exists()

    def test_stays_beside_before_that(self):
        save(zendesk_shared_secret_next=NEXT, zendesk_secret_switch_at=NOW + HOUR)
        save(name="Acme again", now=NOW + HOUR - timedelta(seconds=1))
        assert zendesk_secret() == ZENDESK_SHARED_SECRET

    def test_needs_a_next_one_to_turn_to(self):
        assert problems(zendesk_secret_switch_at=NOW + HOUR).keys() == {"zendesk_secret_switch_at"}

    def test_says_that_a_next_one_waits(self):
        assert any("not used yet" in warning.sentence for warning in save(zendesk_shared_secret_next=NEXT).warnings)

    def test_may_not_be_the_login_secret(self):
        assert problems(zendesk_shared_secret_next=LOGIN_SECRET_KEY).keys() == {"zendesk_shared_secret_next"}


class TestRehearseIntegration:
    def found(self, now=NOW):
        return {check.name: check for check in rehearse_integration(slug="acme", now=now)}

    def test_finds_the_secrets_in_force_good(self):
        assert {name: check.is_ok for name, check in self.found().items()} == {
            "login_secret_key": True, "zendesk_shared_secret": True,
        }  # fmt: skip

    def test_tells_until_when_the_previous_key_is_good(self):
        save(login_secret_key=NEW_LOGIN, previous_login_secret_until=NOW + HOUR)
        check = self.found()["login_secret_key_previous"]
        assert check.is_ok and "are accepted until 2026-11-22 13:00:00 UTC" in check.sentence

    def test_tells_that_its_time_is_over(self):
        save(login_secret_key=NEW_LOGIN, previous_login_secret_until=NOW + HOUR)
        assert "have been refused since" in self.found(NOW + 2 * HOUR)["login_secret_key_previous"].sentence

    def test_mints_and_verifies_with_the_next_secret(self):
        save(zendesk_shared_secret_next=NEXT, zendesk_secret_switch_at=NOW + HOUR)
        check = self.found()["zendesk_shared_secret_next"]
        assert check.is_ok and "about five minutes" in check.sentence

    def test_finds_a_next_secret_that_is_the_old_one(self):
        save(zendesk_shared_secret_next=ZENDESK_SHARED_SECRET, zendesk_secret_switch_at=NOW + HOUR)
        assert not self.found()["zendesk_shared_secret_next"].is_ok

    def test_finds_a_switch_that_is_not_set(self):
        save(zendesk_shared_secret_next=NEXT)
        assert not self.found()["zendesk_shared_secret_next"].is_ok

    def test_finds_a_missing_secret(self):
        save(zendesk_shared_secret=None, login_secret_key=None)
        assert not any(check.is_ok for check in self.found().values())

    def test_changes_nothing(self):
        save(zendesk_shared_secret_next=NEXT, zendesk_secret_switch_at=NOW - HOUR)
        before = list(Secret.objects.order_by("pk").values())
        self.found()
        assert list(Secret.objects.order_by("pk").values()) == before

    def test_shows_no_secret(self):
        save(login_secret_key=NEW_LOGIN, previous_login_secret_until=NOW + HOUR, zendesk_shared_secret_next=NEXT)
        assert "for-tests-only" not in " ".join(check.sentence for check in self.found().values())

    def test_of_nothing_is_refused(self):
        with pytest.raises(NoSuchIntegration):
            rehearse_integration(slug="nobody", now=NOW)


class TestRehearseChange:
    def found(self, **values):
        return rehearse_change(slug="acme", values=values, now=NOW, allow_loopback=False)

    def test_mints_and_verifies_under_a_secret_that_was_not_saved(self):
        checks = self.found(login_secret_key=NEW_LOGIN, previous_login_secret_until=NOW + HOUR).checks
        assert {check.name: check.is_ok for check in checks} == {
            "login_secret_key": True, "login_secret_key_previous": True, "zendesk_shared_secret": True,
        }  # fmt: skip

    def test_changes_nothing(self):
        def stored():
            rows = (Integration, Secret, AuditEvent, ConfigVersion)
            return [list(model.objects.order_by("pk").values()) for model in rows]

        before = stored()
        self.found(login_secret_key=NEW_LOGIN, zendesk_shared_secret_next=NEXT, zendesk_secret_switch_at=NOW + HOUR)
        assert (stored(), login_secrets()) == (before, [LOGIN_SECRET_KEY])

    def test_gives_the_warnings_of_the_save(self):
        warnings = self.found(zendesk_shared_secret_next=NEXT, zendesk_secret_switch_at=NOW + HOUR).warnings
        assert any("about five minutes" in warning.sentence for warning in warnings)

    @pytest.mark.parametrize(("until", "is_told"), [(None, True), (NOW + HOUR, False)])
    def test_says_whether_present_tokens_would_be_refused_at_once(self, until, is_told):
        warnings = self.found(login_secret_key=NEW_LOGIN, previous_login_secret_until=until).warnings
        assert any("refused at once" in warning.sentence for warning in warnings) is is_told

    def test_refuses_what_could_not_be_saved(self):
        with pytest.raises(BadIntegration):
            self.found(login_secret_key=" blank ")

    def test_of_nothing_is_refused(self):
        with pytest.raises(NoSuchIntegration):
            rehearse_change(slug="nobody", values={}, now=NOW, allow_loopback=False)
