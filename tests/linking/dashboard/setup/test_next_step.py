"""The next step of the checklist leads whoever may do it to where it is done."""

import pytest
from django.utils import timezone

from tests.factories import make_integration, make_login_user
from tests.linking.dashboard.reading import read

pytestmark = pytest.mark.django_db
PAGE = "/setup/acme/"
ONLY_ADMINS = "Only an administrator can do this."
CONNECT = ("Connect with Zendesk", "/setup/acme/connect/")


def step(browser):
    return read(browser.get(PAGE)).one(class_="next-step")


def ways(browser):
    return [(link.text, link.attributes["href"]) for link in step(browser).all("a")]


class TestWays:
    def test_to_the_login_key_are_the_settings_and_publisher_account(self, sign_in):
        integration = make_integration(
            secrets={"login_secret_key": ""}, merchant_id="77001", publisher_project_id="44056"
        )
        assert ways(sign_in("admin")) == [
            ("Enter it in the settings", f"/admin/linking/integration/{integration.pk}/change/"),
            ("Open Publisher Account", "https://publisher.xsolla.com/77001/projects/44056/"),
        ]

    def test_to_publisher_account_are_open_to_developers(self, developer):
        make_integration(secrets={"login_secret_key": ""}, merchant_id="", publisher_project_id="")
        assert ways(developer) == [("Open Publisher Account", "https://publisher.xsolla.com/0/projects/0/")]

    def test_of_hostile_ids_stay_at_publisher_account(self, developer):
        make_integration(secrets={"login_secret_key": ""}, merchant_id="../x?y", publisher_project_id="#")
        assert ways(developer)[0][1] == "https://publisher.xsolla.com/..%2Fx%3Fy/projects/%23/"

    def test_to_the_shared_secret_lead_into_the_account(self, developer):
        make_integration(secrets={"zendesk_shared_secret": ""}, zendesk_subdomain="acme")
        assert ways(developer) == [("Open Zendesk", "https://acme.zendesk.com/chat/agent#widget/widget_security")]

    def test_into_an_account_need_its_name(self, developer):
        make_integration(secrets={"zendesk_shared_secret": ""}, zendesk_subdomain="")
        assert ways(developer) == []

    def test_to_access_begin_with_connecting(self, sign_in):
        make_integration(secrets={"zendesk_access_token": ""})
        assert ways(sign_in("admin"))[0] == CONNECT

    def test_to_the_first_token_are_a_snippet_and_the_doctor(self, developer):
        make_integration()
        assert ways(developer) == [("Copy a snippet", "#snippets"), ("Check a token", "#doctor")]

    @pytest.mark.parametrize(("who", "words"), [("agent", [("Open sync", "/sync/")]), ("developer", [])])
    def test_to_the_first_visitor_are_for_those_who_may_see_the_sync(self, sign_in, who, words):
        integration = make_integration()
        make_token_issued(integration)
        assert ways(sign_in(who)) == words

    def test_outside_open_a_page_of_their_own(self, developer):
        make_integration(secrets={"login_secret_key": ""})
        attributes = step(developer).one("a").attributes
        assert (attributes["target"], attributes["rel"]) == ("_blank", "noopener noreferrer")


class TestAdministrators:
    @pytest.mark.parametrize(("who", "is_told"), [("admin", False), ("lead", True), ("developer", True)])
    def test_are_named_to_those_who_cannot_change_settings(self, sign_in, who, is_told):
        make_integration(allowed_origins=[])
        assert (ONLY_ADMINS in step(sign_in(who)).text) is is_told

    def test_are_not_named_where_anybody_can_go_on(self, developer):
        make_integration()
        assert ONLY_ADMINS not in step(developer).text


def make_token_issued(integration):
    now = timezone.now()
    make_login_user(integration=integration, first_authenticated_at=now, last_authenticated_at=now, tokens_issued=1)
