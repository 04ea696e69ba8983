"""Out to Zendesk and back, with a token address and an account that a test scripts."""

from datetime import timedelta
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth import get_user_model

from linking import registry
from linking.clients.zendesk_api import ZendeskRefused, ZendeskTryLater
from linking.clients.zendesk_oauth import OAuthLost, OAuthRefused, OAuthTryLater
from linking.integrations import Actor, connecting
from linking.integrations.connecting import CannotConnect, ConnectFlaw, begin_connecting, finish_connecting
from linking.models import AuditEvent, ConnectAttempt, Integration, Secret, ZendeskConnection
from linking.registry import NoSuchIntegration
from tests.factories import NOW, ZENDESK_ACCESS_TOKEN, make_integration
from tests.linking.sync.store.test_connections import make_tokens

pytestmark = pytest.mark.django_db
SECRET, BACK = "client-secret-of-acme-for-tests-only", "https://bridge.example/zendesk/callback/"
HOSTILE = '<script>alert("\u202e")</script>\x00' + "x" * 500


class Zendesk:
    """The token address and the Chat API in one: what they raise, what they were asked."""

    def __init__(self):
        self.fault, self.chat_fault, self.account_key, self.asked, self.clients = None, None, "", [], []

    def token_address(self, **client):
        self.clients.append(client)
        return SimpleNamespace(exchange=self.exchange, close=lambda: None)

    def exchange(self, **fields):
        self.asked.append(fields)
        if self.fault:
            raise self.fault
        return make_tokens()

    def chat(self, **_client):
        return SimpleNamespace(account=self.account, close=lambda: None)

    def account(self):
        if self.chat_fault:
            raise self.chat_fault
        return SimpleNamespace(account_key=self.account_key)


@pytest.fixture
def zendesk(monkeypatch):
    found = Zendesk()
    monkeypatch.setattr(connecting, "OAuthClient", found.token_address)
    monkeypatch.setattr(connecting, "ChatClient", found.chat)
    return found


@pytest.fixture
def acme():
    return make_integration(
        secrets={"zendesk_client_secret": SECRET}, zendesk_client_id="acme-client", zendesk_account_key="KEY",
        blocked_reason="credentials",
    )  # fmt: skip


@pytest.fixture
def ada(acme):
    return Actor(name="ada", user=get_user_model().objects.create_user("ada"))


def begin(ada, slug="acme"):
    return begin_connecting(slug=slug, actor=ada, session_key="s1", redirect_url=BACK, now=NOW, allow_loopback=False)


def state_of(place):
    return parse_qs(urlsplit(place).query)["state"][0]


def finish(ada, *, session_key="s1", now=NOW, **answer):
    return finish_connecting(answer=answer, actor=ada, session_key=session_key, now=now, allow_loopback=False)


def flaw(ada, **answer):
    with pytest.raises(CannotConnect) as caught:
        finish(ada, **({"state": state_of(begin(ada)), "code": "c.1"} | answer))
    assert Secret.objects.get(name="zendesk_access_token").reveal() == ZENDESK_ACCESS_TOKEN
    return caught.value


class TestBegin:
    def test_leads_to_the_account_with_state_and_redirect(self, ada):
        place = urlsplit(begin(ada))
        query = parse_qs(place.query)
        assert (place.scheme, place.netloc) == ("https", "acme.zendesk.com")
        assert (query["client_id"], query["redirect_uri"], query["scope"]) == (["acme-client"], [BACK], ["read"])

    def test_shows_no_secret_in_the_address(self, ada):
        assert SECRET not in begin(ada)

    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({"zendesk_client_id": ""}, ConnectFlaw.CLIENT_UNSET),
            ({"zendesk_subdomain": "", "zendesk_api_url": ""}, ConnectFlaw.ADDRESS),
            ({"zendesk_api_url": "http://127.0.0.1:9100/api/v2/chat"}, ConnectFlaw.ADDRESS),
        ],
    )
    def test_needs_a_client_and_an_account_that_may_be_called(self, ada, changes, expected):
        Integration.objects.update(**changes)
        with pytest.raises(CannotConnect) as caught:
            begin(ada)
        assert (caught.value.flaw, ConnectAttempt.objects.count()) == (expected, 0)

    def test_needs_an_integration(self, ada):
        with pytest.raises(NoSuchIntegration):
            begin(ada, slug="nobody")

    @pytest.mark.parametrize("url", ["https://www.zopim.com/api/v2", "auto"])
    def test_leads_to_the_account_wherever_its_api_is(self, ada, url):
        Integration.objects.update(zendesk_api_url=url)
        assert urlsplit(begin(ada)).netloc == "acme.zendesk.com"


class TestFinish:
    def test_keeps_the_token_where_the_sync_looks(self, ada, zendesk):
        assert finish(ada, state=state_of(begin(ada)), code="c.1") == "acme"
        assert Secret.objects.get(name="zendesk_access_token").reveal() == "access-canary-1"
        assert registry.config_of(Integration.objects.get())[0].zendesk_access_token == "access-canary-1"

    def test_exchanges_with_the_redirect_it_was_asked_with(self, ada, zendesk):
        finish(ada, state=state_of(begin(ada)), code="c.1")
        assert zendesk.asked == [{"code": "c.1", "redirect_url": BACK}]
        assert zendesk.clients[0]["client_secret"] == SECRET

    def test_lets_the_sync_try_again_at_once(self, ada, zendesk):
        finish(ada, state=state_of(begin(ada)), code="c.1")
        assert Integration.objects.values_list("blocked_reason", "next_sync_at").get() == ("", None)

    def test_is_recorded_by_name_and_never_by_value(self, ada, zendesk):
        finish(ada, state=state_of(begin(ada)), code="c.1")
        event = AuditEvent.objects.get()
        assert (event.actor, event.action, event.fields) == ("ada", "integration.connected", ["zendesk_access_token"])
        assert "canary" not in f"{list(AuditEvent.objects.values())}{list(ZendeskConnection.objects.values())}"

    def test_counts_once(self, ada, zendesk):
        state = state_of(begin(ada))
        finish(ada, state=state, code="c.1")
        with pytest.raises(CannotConnect) as caught:
            finish(ada, state=state, code="c.1")
        assert (caught.value.flaw, caught.value.slug, len(zendesk.asked)) == (ConnectFlaw.STATE, "", 1)

    @pytest.mark.parametrize(
        "changes", [{"state": "guessed"}, {"state": ""}, {"session_key": "s2"}, {"now": NOW + timedelta(minutes=10)}]
    )
    def test_takes_only_what_this_session_was_sent_out_with(self, ada, zendesk, changes):
        assert (flaw(ada, **changes).flaw, zendesk.asked) == (ConnectFlaw.STATE, [])

    @pytest.mark.parametrize("error", ["access_denied", HOSTILE])
    def test_shows_nothing_of_an_error_that_nobody_was_sent_out_for(self, ada, zendesk, error):
        found = flaw(ada, state="guessed", error=error, error_description=HOSTILE)
        assert (found.flaw, found.words.code, found.words.description) == (ConnectFlaw.STATE, "", "")

    def test_tells_a_refused_consent(self, ada, zendesk):
        assert flaw(ada, error="access_denied").flaw == ConnectFlaw.DENIED

    def test_cleans_what_zendesk_or_a_stranger_wrote(self, ada, zendesk):
        words = flaw(ada, error=HOSTILE, error_description=HOSTILE).words
        assert len(words.code) <= 60 and len(words.description) <= 200
        assert not {"\u202e", "\x00"} & set(words.code + words.description)

    @pytest.mark.parametrize("code", ["", "x" * 2001, "é", "a\r\nb"])
    def test_sends_no_code_that_is_none(self, ada, zendesk, code):
        assert (flaw(ada, code=code).flaw, zendesk.asked) == (ConnectFlaw.NO_CODE, [])

    @pytest.mark.parametrize(
        ("fault", "expected"),
        [
            (OAuthRefused("no", code="invalid_client"), ConnectFlaw.CLIENT),
            (OAuthRefused("no", code="invalid_grant"), ConnectFlaw.CODE),
            (OAuthRefused("no", code="address"), ConnectFlaw.ADDRESS),
            (OAuthRefused("no", code="odd", description="Why."), ConnectFlaw.VENDOR),
            (OAuthTryLater("away"), ConnectFlaw.LATER),
            (OAuthLost("gone"), ConnectFlaw.LOST),
        ],
    )
    def test_says_why_no_token_came(self, ada, zendesk, fault, expected):
        zendesk.fault = fault
        assert flaw(ada).flaw == expected

    def test_keeps_no_token_of_another_account(self, ada, zendesk):
        zendesk.account_key = "OTHER"
        assert flaw(ada).flaw == ConnectFlaw.ACCOUNT

    @pytest.mark.parametrize(
        ("reason", "expected"),
        [("credentials", ConnectFlaw.UNUSABLE), ("scope", ConnectFlaw.UNUSABLE), ("host", ConnectFlaw.ADDRESS)],
    )
    def test_keeps_no_token_that_is_refused(self, ada, zendesk, reason, expected):
        zendesk.chat_fault = ZendeskRefused("no", reason=reason)
        assert flaw(ada).flaw == expected

    def test_keeps_a_token_that_cannot_be_tried_just_now(self, ada, zendesk):
        zendesk.chat_fault = ZendeskTryLater("away", reason="vendor_fault")
        assert finish(ada, state=state_of(begin(ada)), code="c.1") == "acme"
