from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth import get_user_model
from django.urls import reverse
from django.utils import timezone

from linking import registry
from linking.clients.zendesk_oauth import OAuthRefused
from linking.integrations import connecting
from linking.models import ConnectAttempt, ConnectionFlaw, Integration, Secret, ZendeskConnection, keep_secret
from linking.sync.store import connections
from tests.factories import NOW, ZENDESK_ACCESS_TOKEN, make_integration
from tests.linking.dashboard.reading import read
from tests.linking.integrations.test_connecting import HOSTILE, SECRET, Zendesk
from tests.linking.sync.store.test_connections import ACCESS, REFRESH, make_connection

pytestmark = pytest.mark.django_db
PAGE, START, CALLBACK = "/setup/acme/connect/", "/setup/acme/connect/start/", "/zendesk/callback/"


@pytest.fixture(autouse=True)
def acme(db):
    return make_integration(secrets={"zendesk_client_secret": SECRET}, zendesk_client_id="acme-client")


@pytest.fixture
def zendesk(monkeypatch):
    found = Zendesk()
    monkeypatch.setattr(connecting, "OAuthClient", found.token_address)
    monkeypatch.setattr(connecting, "ChatClient", found.chat)
    return found


@pytest.fixture
def admin(sign_in):
    return sign_in("admin")


def lose(row, flaw=ConnectionFlaw.ANSWER_LOST):
    connections.lose(row=row, number=connections.claim_renewal(row=row), flaw=flaw)


def state_of(admin):
    return parse_qs(urlsplit(admin.post(START)["Location"]).query)["state"][0]


def told(admin, **answer):
    """The page after Zendesk sent the browser back with `answer`."""
    back = admin.get(CALLBACK, {"state": state_of(admin)} | answer)
    assert back["Location"] == PAGE
    return read(admin.get(PAGE))


class TestAccess:
    @pytest.mark.parametrize("who", ["lead", "agent", "outsider"])
    def test_is_for_admins(self, sign_in, who):
        browser = sign_in(who)
        statuses = [browser.get(PAGE), browser.post(START), browser.get(CALLBACK, {"state": "s", "code": "c"})]
        assert [one.status_code for one in statuses] == [403, 403, 403]

    def test_nobody_is_sent_to_sign_in(self, client):
        assert [one.status_code for one in (client.get(PAGE), client.post(START), client.get(CALLBACK))] == [302] * 3

    def test_asks_for_the_second_factor_where_that_is_wanted(self, admin, settings):
        settings.LINKING = settings.LINKING | {"REQUIRE_MFA": ("admins",)}
        assert [one.url for one in (admin.get(PAGE), admin.post(START))] == [reverse("mfa_index")] * 2
        assert not ConnectAttempt.objects.exists()

    def test_is_begun_by_a_form_of_ours_only(self, sign_in):
        browser = sign_in("admin")
        assert browser.get(START).status_code == 405
        browser.handler.enforce_csrf_checks = True
        assert (browser.post(START).status_code, ConnectAttempt.objects.count()) == (403, 0)

    def test_the_way_back_is_a_plain_opening(self, admin):
        assert [admin.post(CALLBACK).status_code, admin.head(CALLBACK).status_code] == [405, 405]

    @pytest.mark.parametrize(("who", "is_offered"), [("admin", True), ("lead", False), ("agent", False)])
    def test_is_offered_to_admins(self, sign_in, who, is_offered):
        assert bool(read(sign_in(who).get("/setup/acme/")).all("a", href=PAGE)) is is_offered


class TestPage:
    def test_shows_the_redirect_url_to_register_with_a_way_to_copy_it(self, admin):
        page = read(admin.get(PAGE))
        shown = page.one(id="redirect-url").text
        assert (shown, bool(page.all("button", data_copy=shown))) == ("http://testserver/zendesk/callback/", True)

    def test_warns_of_an_address_that_zendesk_does_not_register(self, admin):
        assert "only https addresses" in read(admin.get(PAGE)).text
        assert "only https addresses" not in read(admin.get(PAGE, secure=True)).text
        assert "only https addresses" not in read(admin.get(PAGE, HTTP_HOST="localhost:8000")).text

    def test_lets_the_button_lead_to_the_account_and_nowhere_else(self, admin):
        policy = admin.get(PAGE)["Content-Security-Policy"]
        rule = next(rule for rule in policy.split("; ") if rule.startswith("form-action"))
        assert rule == "form-action 'self' https://acme.zendesk.com"

    @pytest.mark.parametrize("changes", [{"zendesk_client_id": ""}, {"zendesk_subdomain": "", "zendesk_api_url": ""}])
    def test_has_no_working_button_before_everything_is_set(self, admin, changes):
        Integration.objects.update(**changes)
        assert "disabled" in read(admin.get(PAGE)).one(id="connect").attributes

    def test_explains_the_clients_type(self, admin):
        text = read(admin.get(PAGE)).one("section", aria_labelledby="client-type").text
        assert "public" in text and "confidential" in text and "invalid_client" in text

    def test_shows_no_secret(self, admin, acme):
        make_connection(acme)
        html = admin.get(PAGE).content.decode()
        assert not [one for one in (SECRET, ACCESS, REFRESH) if one in html]

    def test_says_that_a_token_was_put_in_by_hand(self, admin):
        assert "entered by hand" in read(admin.get(PAGE)).text

    def test_says_who_connected_and_whether_it_renews_itself(self, admin, acme):
        make_connection(acme)
        text = read(admin.get(PAGE)).one("section", aria_labelledby="connection").text
        assert "ada" in text and "Automatic renewal Yes" in text

    def test_says_that_nothing_renews_it(self, admin, acme):
        make_connection(acme, refresh_token="")
        assert "Connect again before it expires" in read(admin.get(PAGE)).text

    @pytest.mark.parametrize("flaw", list(ConnectionFlaw))
    def test_asks_to_connect_again_when_it_is_lost(self, admin, acme, flaw):
        lose(make_connection(acme), flaw)
        notice = read(admin.get(PAGE)).one(class_="notice-bad").text
        assert "was lost" in notice and "onnect with Zendesk again." in notice

    def test_says_nothing_of_a_connection_whose_token_was_replaced(self, admin, acme):
        lose(make_connection(acme))
        keep_secret(integration=acme, name="zendesk_access_token", plain="by-hand", actor="ada", now=NOW)
        assert read(admin.get(PAGE)).all(class_="notice-bad") == []


class TestSyncPage:
    def test_asks_to_connect_again_when_it_is_lost(self, admin, acme):
        lose(make_connection(acme))
        finding = read(admin.get("/sync/")).one(class_="drift")
        assert "Connect with Zendesk again." in finding.text
        assert finding.one("a").attributes["href"] == PAGE

    @pytest.mark.parametrize(("changes", "is_told"), [({"refresh_token": ""}, True), ({}, False)])
    def test_tells_of_a_token_that_ends_and_that_nothing_renews(self, admin, acme, changes, is_told):
        make_connection(acme, **changes)
        ZendeskConnection.objects.update(expires_at=timezone.now() + timedelta(hours=23))
        assert bool(read(admin.get("/sync/")).all(class_="drift")) is is_told

    def test_leads_nobody_to_a_page_that_is_closed(self, lead, acme):
        lose(make_connection(acme))
        assert read(lead.get("/sync/")).one(class_="drift").all("a") == []


class TestWayOut:
    def test_leads_to_the_account(self, admin):
        place = urlsplit(admin.post(START)["Location"])
        assert (place.netloc, place.path) == ("acme.zendesk.com", "/oauth2/chat/authorizations/new")
        assert parse_qs(place.query)["redirect_uri"] == ["http://testserver/zendesk/callback/"]

    def test_says_what_is_missing(self, admin):
        Integration.objects.update(zendesk_client_id="")
        assert admin.post(START)["Location"] == PAGE
        assert "client ID and the client secret" in read(admin.get(PAGE)).one(role="alert").text

    def test_knows_no_other_integration(self, admin):
        assert admin.post("/setup/nobody/connect/start/")["Location"] == "/setup/"


class TestWayBack:
    def test_connects(self, admin, zendesk):
        page = told(admin, code="c.1")
        assert "Connected." in page.one(role="status", class_="notice-good").text
        assert (Secret.objects.get(name="zendesk_access_token").reveal(), ZendeskConnection.objects.count()) == (
            ACCESS,
            1,
        )

    def test_says_it_once(self, admin, zendesk):
        told(admin, code="c.1")
        assert read(admin.get(PAGE)).all(class_="notice-good") == []

    def test_is_kept_by_no_cache(self, admin, zendesk):
        assert "no-store" in admin.get(CALLBACK, {"state": state_of(admin), "code": "c.1"})["Cache-Control"]

    def test_says_that_consent_was_refused(self, admin, zendesk):
        notice = told(admin, error="access_denied", error_description="The owner refused.").one(role="alert").text
        assert notice.startswith("Access was denied in Zendesk.") and "The owner refused." in notice

    def test_shows_hostile_words_as_text(self, admin, zendesk):
        page = told(admin, error=HOSTILE, error_description=HOSTILE)
        assert page.all("script", src="") == [] and "<script>" in page.one("q").text
        assert "\u202e" not in page.one("q").text

    def test_explains_invalid_client(self, admin, zendesk):
        zendesk.fault = OAuthRefused("no", code="invalid_client", description="Wrong type.")
        notice = told(admin, code="c.1").one(role="alert").text
        assert "client secret is wrong" in notice and "Wrong type." in notice

    @pytest.mark.parametrize(
        "answer", [{}, {"code": "c"}, {"state": "guessed", "code": "c"}, {"state": "x" * 5000, "error": HOSTILE}]
    )
    def test_refuses_what_nobody_was_sent_out_for(self, admin, zendesk, answer):
        found = admin.get(CALLBACK, answer)
        assert (found.status_code, zendesk.asked) == (400, [])
        page = read(found)
        assert "does not match your attempt" in page.one(role="alert").text and "alert(" not in page.text

    def test_refuses_another_session_of_the_same_person(self, admin, zendesk):
        state, person = state_of(admin), get_user_model().objects.get(username="admin")
        admin.logout()
        admin.force_login(person)
        assert admin.get(CALLBACK, {"state": state, "code": "c.1"}).status_code == 400

    def test_leaves_the_token_when_it_fails(self, admin, zendesk):
        told(admin, error="access_denied")
        assert Secret.objects.get(name="zendesk_access_token").reveal() == ZENDESK_ACCESS_TOKEN


class TestMessaging:
    """Such an account has an OAuth client of its own, which needs nobody's consent in a browser."""

    @pytest.mark.parametrize("method", ["get", "post"])
    def test_leads_to_the_set_up_page(self, admin, acme, method):
        Integration.objects.filter(pk=acme.pk).update(zendesk_product="messaging")
        registry.forget()
        answer = admin.get(PAGE) if method == "get" else admin.post(START)
        assert (answer["Location"], ConnectAttempt.objects.count()) == ("/setup/acme/", 0)
