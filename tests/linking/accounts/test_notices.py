"""What people are written about their own accounts, and when they are not."""

from concurrent.futures import Executor, Future

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail as outbox
from django.core.cache import cache
from django.test import Client

from linking.accounts import mail
from linking.models import Preference
from tests.linking.conftest import make_person

pytestmark = pytest.mark.django_db
PASSWORD, OTHER = "a long password of theirs", "correct horse battery"


class AtOnce(Executor):
    def submit(self, fn, /, *args, **kwargs):
        done = Future()
        done.set_result(fn(*args, **kwargs))
        return done


@pytest.fixture(autouse=True)
def with_mail(settings, monkeypatch):
    settings.LINKING = settings.LINKING | {"HAS_MAIL": True}
    monkeypatch.setattr(mail, "_SENDER", AtOnce())
    monkeypatch.setattr(mail, "HEAD_START_S", 0)
    cache.clear()


@pytest.fixture
def ada():
    return make_person("ada", groups=["leads"], email="ada@house.example")


def sign_in(browser=None):
    browser = browser or Client(headers={"user-agent": "Firefox (Linux)"}, REMOTE_ADDR="192.0.2.77")
    browser.post("/accounts/login/", {"login": "ada", "password": PASSWORD})
    return browser


def bodies():
    return [message.body for message in outbox.outbox]


class TestNewBrowser:
    def test_is_told_with_where_from_and_what_to_do(self, ada):
        sign_in()
        (message,) = outbox.outbox
        assert message.to == ["ada@house.example"]
        for words in ("Your account ada", "Firefox, Linux", "192.0.2.x", "http://testserver/accounts/sign-ins/"):
            assert words in message.body
        assert "192.0.2.77" not in message.body

    def test_is_told_once_for_a_browser(self, ada):
        browser = sign_in()
        browser.post("/accounts/logout/")
        sign_in(browser)
        assert len(outbox.outbox) == 1

    def test_is_told_in_the_language_of_the_person(self, ada):
        Preference.objects.create(user=ada, language="de")
        sign_in()
        assert "Ihrem Konto ada" in bodies()[0]

    def test_of_a_failed_sign_in_is_none(self, ada):
        Client().post("/accounts/login/", {"login": "ada", "password": "wrong"})
        assert outbox.outbox == []

    def test_is_not_told_without_an_address(self):
        make_person("ada", groups=["leads"])
        sign_in()
        assert outbox.outbox == []

    def test_is_not_told_without_a_mail_server(self, ada, settings):
        settings.LINKING = settings.LINKING | {"HAS_MAIL": False}
        sign_in()
        assert outbox.outbox == []


class TestChange:
    def test_of_a_password_is_told(self, ada):
        browser = sign_in()
        outbox.outbox.clear()
        browser.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": OTHER, "password2": OTHER})
        assert ["password of your account ada was changed" in body for body in bodies()] == [True]
        assert OTHER not in bodies()[0]

    def test_of_a_factor_by_an_administrator_is_told(self, ada, sign_in):
        factor = Authenticator.objects.create(user=ada, type=Authenticator.Type.TOTP, data={})
        admin = sign_in("admin")
        admin.post(f"/admin/mfa/authenticator/{factor.pk}/delete/", {"post": "yes"})
        assert ["second factor of your account ada was removed" in body for body in bodies()] == [True]

    def test_of_factors_by_the_person_is_told(self, ada):
        browser = sign_in()
        browser.post("/accounts/reauthenticate/", {"password": PASSWORD})
        Authenticator.objects.create(user=ada, type=Authenticator.Type.TOTP, data={})
        outbox.outbox.clear()
        browser.post("/accounts/2fa/totp/deactivate/")
        assert ["second factor of your account ada was removed" in body for body in bodies()] == [True]
