"""The pages of one's own account, in the house's words."""

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.core.cache import cache
from django.utils import timezone

from tests.linking.conftest import make_person
from tests.linking.dashboard.accounts.test_second_factor import PASSWORD, SECRET, code_of, confirm
from tests.linking.dashboard.reading import read

pytestmark = pytest.mark.django_db
# Words of the library's own templates: Title Case, and others than ours.
FOREIGN = [
    "Two-Factor",
    "Confirm Access",
    "reauthenticate to",
    "Change Password",
    "Sign Out",
    "Master key",
    "Security Key",
]
CLOSED = {
    "/accounts/password/change/": "Choose a new password",
    "/accounts/2fa/": "Second factor",
    "/accounts/2fa/totp/activate/": "Set up an authenticator app",
    "/accounts/2fa/webauthn/": "Security keys",
    "/accounts/2fa/webauthn/add/": "Add a security key",
    "/accounts/language/": "Language",
    "/accounts/time-zone/": "Time zone",
    "/accounts/logout/": "Sign out",
}
EQUIPPED = {
    "/accounts/2fa/totp/deactivate/": "Remove the authenticator app",
    "/accounts/2fa/recovery-codes/": "Recovery codes",
    "/accounts/2fa/recovery-codes/generate/": "Create new recovery codes",
    "/accounts/2fa/webauthn/": "Security keys",
    "/accounts/2fa/webauthn/keys/{key}/edit/": "Rename a security key",
    "/accounts/2fa/webauthn/keys/{key}/remove/": "Remove a security key",
    "/accounts/2fa/reauthenticate/": "Confirm that it is you",
    "/accounts/reauthenticate/": "Confirm that it is you",
}


@pytest.fixture(autouse=True)
def forget_used_codes():
    cache.clear()


@pytest.fixture
def ada(client):
    person = make_person("ada", groups=["leads"], email="ada@shop.example")
    client.force_login(person)
    return person


@pytest.fixture
def app(ada):
    """An authenticator app and its recovery codes."""
    RecoveryCodes.activate(ada)
    return TOTP.activate(ada, SECRET)


@pytest.fixture
def key(app, ada):
    """The number of a security key that can be looked at, but not used: tests/browser uses a real one."""
    used = {"last_used_at": timezone.now(), "created_at": timezone.now()}
    data = {"name": "Blue <key>", "credential": {}}
    return Authenticator.objects.create(user=ada, type=Authenticator.Type.WEBAUTHN, data=data, **used).pk


def check(answer, heading):
    assert (answer.status_code, read(answer).one("h1").text) == (200, heading)
    text = answer.content.decode()
    assert [words for words in FOREIGN if words in text] == []


class TestWords:
    @pytest.mark.parametrize(("path", "heading"), CLOSED.items())
    def test_of_somebody_without_a_factor(self, client, ada, path, heading):
        check(confirm(client, path), heading)

    @pytest.mark.parametrize(("path", "heading"), EQUIPPED.items())
    def test_of_somebody_with_all_of_them(self, client, key, path, heading):
        check(confirm(client, path.format(key=key)), heading)

    def test_of_the_second_step_of_signing_in(self, client, app):
        client.logout()
        answer = client.post("/accounts/login/", {"login": "ada", "password": PASSWORD}, follow=True)
        check(answer, "Second factor")

    def test_of_a_password_that_is_set_for_the_first_time(self, client, ada):
        ada.set_unusable_password()
        ada.save()
        client.force_login(ada)
        check(client.get("/accounts/password/set/"), "Choose a password")


class TestDeeds:
    def test_a_new_password_is_set(self, client, ada):
        words = {"oldpassword": PASSWORD, "password1": "correct horse battery", "password2": "correct horse battery"}
        client.post("/accounts/password/change/", words)
        ada.refresh_from_db()
        assert ada.check_password("correct horse battery")

    def test_a_wrong_one_is_told_beside_its_box(self, client, ada):
        words = {"oldpassword": "wrong", "password1": "correct horse battery", "password2": "correct horse battery"}
        page = read(client.post("/accounts/password/change/", words))
        assert "current password" in page.one("ul", id="id_oldpassword_error").text

    def test_a_recovery_code_stands_in_for_the_app(self, client, app):
        code = Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()[0]
        client.logout()
        client.post("/accounts/login/", {"login": "ada", "password": PASSWORD})
        client.post("/accounts/2fa/authenticate/", {"code": code})
        assert client.get("/").status_code == 200

    def test_a_wrong_code_is_told(self, client, app):
        client.logout()
        client.post("/accounts/login/", {"login": "ada", "password": PASSWORD})
        page = read(client.post("/accounts/2fa/authenticate/", {"code": "000000"}))
        assert page.one("ul", id="id_code_error").text == "Incorrect code."

    def test_a_key_is_renamed_and_removed(self, client, key):
        confirm(client, f"/accounts/2fa/webauthn/keys/{key}/edit/")
        client.post(f"/accounts/2fa/webauthn/keys/{key}/edit/", {"name": "Red"})
        assert Authenticator.objects.get(pk=key).wrap().name == "Red"
        client.post(f"/accounts/2fa/webauthn/keys/{key}/remove/")
        assert not Authenticator.objects.filter(pk=key).exists()

    def test_the_app_is_removed_after_a_confirmation(self, client, app):
        client.post("/accounts/2fa/reauthenticate/", {"code": code_of()})
        client.post("/accounts/2fa/totp/deactivate/")
        assert not Authenticator.objects.filter(type="totp").exists()
