"""The page of an integration's secrets: one click to test them, three steps to roll one."""

from datetime import timedelta

import pytest
from django.utils import timezone

from linking import integrations
from linking.integrations import Check, own_password
from linking.limits import Limiter
from linking.models import AuditEvent, Integration, Secret
from tests.factories import LOGIN_SECRET_KEY, ZENDESK_ACCESS_TOKEN, ZENDESK_SHARED_SECRET, make_integration
from tests.linking.dashboard.reading import read
from tests.linking.dashboard.setup.test_guide import sign_in

pytestmark = pytest.mark.django_db
PAGE, NEW = "/setup/acme/secrets/", "a-new-secret-of-acme-for-tests-only-0001"


@pytest.fixture(autouse=True)
def whole_budget(monkeypatch):
    monkeypatch.setattr(own_password, "_tries", Limiter(per_minute=5))


@pytest.fixture
def admin():
    make_integration()
    return sign_in("admins")


def roll(client, name, **sent):
    return client.post(PAGE, {"roll": name, "secret": NEW, "own_password": "own-password"} | sent)


class TestShow:
    @pytest.mark.parametrize("group", ["agents", "leads", "developers"])
    def test_is_for_admins(self, group):
        make_integration()
        assert sign_in(group).get(PAGE).status_code == 403

    def test_shows_fingerprint_day_and_author_and_no_secret(self, admin):
        page = admin.get(PAGE)
        row = read(page).one("section", aria_labelledby="secret-login_secret_key").text
        assert Secret.objects.get(name="login_secret_key").fingerprint in row and "by tests" in row
        assert not any(
            secret in page.content.decode()
            for secret in (LOGIN_SECRET_KEY, ZENDESK_SHARED_SECRET, ZENDESK_ACCESS_TOKEN)
        )

    def test_says_in_a_sentence_that_it_came_from_the_command_line(self, admin):
        Secret.objects.update(set_by="command line")
        row = read(admin.get(PAGE)).one("section", aria_labelledby="secret-login_secret_key").text
        assert "from the command line, fingerprint" in row and "by command line" not in row

    def test_says_how_old_a_secret_is_and_that_it_is_due(self, admin, settings):
        settings.LINKING = settings.LINKING | {"ROTATE_SECRETS_DAYS": 90}
        Secret.objects.filter(name="login_secret_key").update(set_at=timezone.now() - timedelta(days=100))
        old, new = (
            read(admin.get(PAGE)).one("section", aria_labelledby=f"secret-{name}").text
            for name in ("login_secret_key", "zendesk_shared_secret")
        )
        assert "100 days old." in old and "Due for a change since" in old
        assert "Due for a change since" not in new

    def test_is_led_to_by_the_set_up_page(self, admin):
        assert [link for link in read(admin.get("/setup/acme/")).all("a", href=PAGE) if link.text == "Secrets"]


class TestTest:
    @pytest.fixture
    def tried(self, monkeypatch):
        tried = []

        def try_config(name, *, config, trial):
            tried.append(str(name))
            return Check(name=name, is_ok=name != "zendesk_access_token", sentence=f"Tried {name}.")

        monkeypatch.setattr(integrations, "try_config", try_config)
        return tried

    def test_tries_all_in_one_click(self, admin, tried):
        page = read(admin.post(PAGE, {"test": "all"}))
        assert tried == ["login_secret_key", "zendesk_shared_secret", "zendesk_access_token"]
        assert [line.text for line in page.all("p", class_="problem")] == ["Tried zendesk_access_token."]

    def test_tries_one(self, admin, tried):
        admin.post(PAGE, {"test": "zendesk_access_token"})
        assert tried == ["zendesk_access_token"]

    def test_of_another_name_is_not_found(self, admin, tried):
        assert (admin.post(PAGE, {"test": "name"}).status_code, tried) == (404, [])


class TestRoll:
    def test_accepts_the_key_before_for_a_while(self, admin):
        roll(admin, "login_secret_key", span="hour")
        held = {row.name: row.reveal() for row in Secret.objects.all()}
        assert (held["login_secret_key"], held["login_secret_key_previous"]) == (NEW, LOGIN_SECRET_KEY)
        left = Integration.objects.get().previous_login_secret_until - timezone.now()
        assert timedelta(minutes=59) < left <= timedelta(hours=1)

    def test_says_until_when(self, admin):
        response = roll(admin, "login_secret_key", span="day")
        assert "The one before is accepted until" in read(admin.get(response.url)).text

    def test_lets_a_zendesk_secret_sign_later(self, admin):
        roll(admin, "zendesk_shared_secret", span="night")
        assert Secret.objects.get(name="zendesk_shared_secret").reveal() == ZENDESK_SHARED_SECRET
        assert Secret.objects.get(name="zendesk_shared_secret_next").reveal() == NEW

    def test_lets_a_zendesk_secret_sign_at_once(self, admin):
        roll(admin, "zendesk_shared_secret", span="now")
        assert Secret.objects.get(name="zendesk_shared_secret").reveal() == NEW

    def test_is_recorded(self, admin):
        roll(admin, "login_secret_key")
        assert "login_secret_key" in AuditEvent.objects.get(action="integration.changed").fields

    @pytest.mark.parametrize(
        ("sent", "why"),
        [
            ({"own_password": ""}, "Enter your own password."),
            ({"own_password": "wrong"}, "This is not your password."),
            ({"secret": ""}, "Enter the new secret."),
            ({"secret": "short"}, "shorter than 16 bytes"),
        ],
    )
    def test_changes_nothing_without_a_good_secret_and_ones_own_password(self, admin, sent, why):
        response = roll(admin, "login_secret_key", **sent)
        assert why in read(response).one("p", id="problem-login_secret_key").text
        assert Secret.objects.get(name="login_secret_key").reveal() == LOGIN_SECRET_KEY

    def test_is_not_for_a_token_that_zendesk_makes(self, admin):
        assert roll(admin, "zendesk_access_token").status_code == 404
