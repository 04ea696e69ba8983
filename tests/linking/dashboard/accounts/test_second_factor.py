"""Second factors, from where an operator begins: an account with an address, a sign-in by password or by link."""

import re
from io import StringIO

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client

from tests.linking.conftest import make_person
from tests.linking.dashboard.reading import read

pytestmark = pytest.mark.django_db
PASSWORD = "a long password of theirs"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
HIDDEN = ["/", "/sync/", "/admin/", "/admin/auth/user/", "/export/visitors.csv", "/api/docs/"]


@pytest.fixture(autouse=True)
def forget_used_codes():
    cache.clear()


@pytest.fixture
def required(settings):
    settings.LINKING = settings.LINKING | {"REQUIRE_MFA": ("admins",)}


@pytest.fixture
def ada():
    return make_person("ada", groups=["admins"], email="ada@shop.example")


def code_of(secret=SECRET):
    counter = next(iter(yield_hotp_counters_from_time()))
    return format_hotp_value(hotp_value(secret, counter))


def sign_in(client, name="ada"):
    return client.post("/accounts/login/", {"login": name, "password": PASSWORD})


def confirm(client, page, password=PASSWORD):
    """Open `page`, giving the password when it is asked for again."""
    answer = client.get(page)
    if answer.status_code == 302 and "reauthenticate" in answer["Location"]:
        client.post(answer["Location"], {"password": password})
    return client.get(page)


def enrol(client, password=PASSWORD):
    """Set an authenticator app up as a person does; return the answer to its first code."""
    secret = read(confirm(client, "/accounts/2fa/totp/activate/", password=password)).one(
        "input", id="authenticator_secret"
    )
    return client.post("/accounts/2fa/totp/activate/", {"code": code_of(secret.attributes["value"])})


def link_path(name):
    output = StringIO()
    call_command("create_admin_link", username=name, stdout=output)
    return re.search(r"https?://[^/\s]+(/\S+)", output.getvalue())[1]


@pytest.mark.django_db(transaction=True)
class TestEnrolment:
    def test_is_open_to_an_account_with_an_address(self, client, ada):
        sign_in(client)
        enrol(client)
        assert Authenticator.objects.filter(user=ada, type="totp").exists()

    def test_gives_recovery_codes(self, client, ada):
        sign_in(client)
        assert enrol(client)["Location"] == "/accounts/2fa/recovery-codes/"

    def test_offers_a_passkey_to_an_account_with_an_address(self, client, ada):
        sign_in(client)
        assert confirm(client, "/accounts/2fa/webauthn/add/").status_code == 200

    def test_leads_an_admin_there_and_in(self, client, ada, required):
        sign_in(client)
        assert client.get("/")["Location"] == "/accounts/2fa/"
        enrol(client)
        assert [client.get(page).status_code for page in HIDDEN] == [200] * len(HIDDEN)

    def test_leads_whoever_came_by_the_first_link_to_a_password_and_a_factor(self, client, required):
        client.post(link_path("administrator"))
        words = {"new_password1": "correct horse battery", "new_password2": "correct horse battery"}
        assert client.post("/accounts/own-password/", words).status_code == 302
        enrol(client, password="correct horse battery")
        assert client.get("/admin/").status_code == 200

    def test_without_a_password_works_too(self, client, required):
        client.post(link_path("administrator"))
        enrol(client)
        assert client.get("/admin/").status_code == 200


class TestShowing:
    @pytest.fixture(autouse=True)
    def equipped(self, ada):
        TOTP.activate(ada, SECRET)

    def test_is_asked_at_the_sign_in_page(self, client):
        assert sign_in(client)["Location"] == "/accounts/2fa/authenticate/"
        client.post("/accounts/2fa/authenticate/", {"code": code_of()})
        assert client.get("/admin/").status_code == 200

    @pytest.mark.parametrize("path", HIDDEN)
    @pytest.mark.parametrize("is_required", [True, False])
    def test_is_not_skipped_by_a_link(self, client, settings, is_required, path):
        settings.LINKING = settings.LINKING | {"REQUIRE_MFA": ("admins",) if is_required else ()}
        assert client.post(link_path("ada"))["Location"] == "/accounts/2fa/authenticate/"
        assert client.get(path).status_code == 302

    def test_lets_a_link_go_on_to_the_password(self, client):
        client.post(link_path("ada"))
        answer = client.post("/accounts/2fa/authenticate/", {"code": code_of()})
        assert answer["Location"] == "/accounts/own-password/"
        assert read(client.get("/accounts/own-password/")).one("h1").text == "Choose a password"

    def test_is_not_skipped_by_a_link_that_somebody_else_opens(self, client):
        make_person("lead")
        sign_in(client, "lead")
        client.post(link_path("ada"))
        assert client.get("/accounts/own-password/")["Location"].startswith("/accounts/login/")

    @pytest.mark.parametrize("path", HIDDEN)
    def test_is_asked_of_a_session_that_is_older_than_the_wish(self, ada, required, path):
        client = Client()
        client.force_login(ada)
        assert client.get(path)["Location"].startswith("/accounts/2fa/reauthenticate/?next=")

    def test_lets_such_a_session_in_with_a_code(self, ada, required):
        client = Client()
        client.force_login(ada)
        answer = client.post("/accounts/2fa/reauthenticate/?next=/sync/", {"code": code_of(), "next": "/sync/"})
        assert (answer["Location"], client.get("/sync/").status_code) == ("/sync/", 200)

    @pytest.mark.parametrize("path", ["/accounts/2fa/totp/deactivate/", "/accounts/2fa/", "/accounts/password/change/"])
    def test_cannot_be_gone_round_by_taking_the_factor_off(self, ada, required, path):
        client = Client()
        client.force_login(ada)
        assert client.get(path)["Location"].startswith("/accounts/2fa/reauthenticate/")

    def test_is_asked_of_an_api_session_too(self, ada, required):
        client = Client()
        client.force_login(ada)
        answer = client.get("/api/v1/visitors/")
        assert (answer.status_code, "second factor" in answer.json()["detail"]) == (403, True)

    def test_a_key_alone_is_asked_for_as_a_key(self, ada, required):
        Authenticator.objects.all().delete()
        Authenticator.objects.create(user=ada, type=Authenticator.Type.WEBAUTHN, data={})
        client = Client()
        client.force_login(ada)
        assert client.get("/")["Location"].startswith("/accounts/2fa/webauthn/reauthenticate/")

    def test_lets_such_a_session_sign_out(self, ada, required):
        client = Client()
        client.force_login(ada)
        assert client.post("/accounts/logout/")["Location"] == "/accounts/login/"
