"""How a session of the pages begins, how long it lives and how it ends; which cookies carry it."""

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.urls import reverse

from tests.linking.conftest import make_person
from tests.zdbridge.test_headers import read_settings

pytestmark = pytest.mark.django_db
PASSWORD = "a-long-enough-password"
EIGHT_HOURS_S = 8 * 3600


@pytest.fixture
def ada():
    # Changes of a password are limited by person, and tests share their keys.
    cache.clear()
    person = make_person("lead")
    person.set_password(PASSWORD)
    person.save()
    return person


def post_sign_in(client, person, password=PASSWORD):
    return client.post("/accounts/login/", {"login": person.username, "password": password})


def change_password(client, *, old):
    new = "another-long-password"
    return client.post("/accounts/password/change/", {"oldpassword": old, "password1": new, "password2": new})


class TestSession:
    def test_gets_a_new_key_at_each_sign_in(self, client, ada):
        post_sign_in(client, ada)
        first = client.session.session_key
        client.post(reverse("account_logout"))
        post_sign_in(client, ada)
        assert client.session.session_key != first

    def test_that_was_there_before_the_sign_in_does_not_become_the_persons(self, client, ada):
        session = client.session
        session["planted"] = True
        session.save()
        client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
        post_sign_in(client, ada)
        assert client.session.session_key != session.session_key
        assert not Session.objects.filter(session_key=session.session_key).exists()

    def test_is_gone_from_the_server_after_signing_out(self, client, ada):
        post_sign_in(client, ada)
        key = client.session.session_key
        client.post(reverse("account_logout"))
        assert not Session.objects.filter(session_key=key).exists()
        client.cookies[settings.SESSION_COOKIE_NAME] = key
        assert client.get("/").status_code == 302

    def test_lives_for_eight_hours_and_no_longer_than_the_browser(self, client, ada):
        cookie = post_sign_in(client, ada).cookies[settings.SESSION_COOKIE_NAME]
        assert cookie["max-age"] == "" and cookie["expires"] == ""
        assert client.session.get_expiry_age() == EIGHT_HOURS_S

    def test_does_not_live_longer_by_being_used(self, client, ada):
        post_sign_in(client, ada)
        before = Session.objects.get().expire_date
        client.get("/")
        assert Session.objects.get().expire_date == before

    def test_ends_elsewhere_when_the_password_changes(self, client, ada):
        other = type(client)()
        for browser in (client, other):
            post_sign_in(browser, ada)
        change_password(client, old=PASSWORD)
        assert other.get("/").status_code == 302
        assert client.get("/").status_code == 200


class TestPasswordChange:
    def test_asks_for_the_password_of_now(self, client, ada):
        post_sign_in(client, ada)
        change_password(client, old="something-else-altogether")
        assert User.objects.get(pk=ada.pk).check_password(PASSWORD)

    @pytest.mark.parametrize("password", ["password123", "1234567890", "short"])
    def test_refuses_what_is_common_or_short(self, client, ada, password):
        post_sign_in(client, ada)
        values = {"oldpassword": PASSWORD, "password1": password, "password2": password}
        client.post("/accounts/password/change/", values)
        assert User.objects.get(pk=ada.pk).check_password(PASSWORD)

    @pytest.mark.parametrize("password", ["only lower case letters", "ПарольИзСлов и пробелов", " x" * 50])
    def test_takes_long_ones_of_any_characters_as_they_are(self, client, ada, password):
        post_sign_in(client, ada)
        values = {"oldpassword": PASSWORD, "password1": password, "password2": password}
        client.post("/accounts/password/change/", values)
        assert User.objects.get(pk=ada.pk).check_password(password)


@pytest.mark.storeless
class TestCookies:
    def test_of_a_public_host_are_bound_to_it_and_to_https(self, tmp_path):
        names = (
            "s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, "
            "s.SESSION_COOKIE_HTTPONLY, s.SESSION_COOKIE_SAMESITE, s.CSRF_COOKIE_SAMESITE"
        )
        said = read_settings(tmp_path, names, ZDBRIDGE_ALLOWED_HOSTS="zdb.example.com")
        assert said == "__Host-sessionid __Host-csrftoken True True True Lax Lax"
