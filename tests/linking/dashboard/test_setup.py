import pytest
from django.utils import timezone

from linking.models import AnswerCount
from tests.factories import (
    LOGIN_SECRET_KEY,
    ZENDESK_ACCESS_TOKEN,
    ZENDESK_SHARED_SECRET,
    make_integration,
    make_link,
    make_login_user,
    make_visitor,
)
from tests.linking.dashboard.reading import read

pytestmark = pytest.mark.django_db


def done(answer):
    return len(read(answer).all("li", class_="is-done"))


class TestOverview:
    def test_teaches_before_the_first_integration(self, agent):
        assert read(agent.get("/setup/")).one(class_="empty").one("h2").text == "No integration yet"

    def test_only_admins_are_offered_to_add_one(self, agent, sign_in):
        assert read(agent.get("/setup/")).one(class_="empty").all("a") == []
        add = read(sign_in("admin").get("/setup/")).one(class_="empty").one("a")
        assert add.attributes["href"] == "/admin/linking/integration/add/"

    def test_leads_to_the_only_one(self, agent):
        make_integration()
        assert agent.get("/setup/")["Location"] == "/setup/acme/"

    def test_lists_several(self, agent):
        make_integration()
        make_integration(slug="beta", login_project_id="other")
        assert len(read(agent.get("/setup/")).one(class_="rows").all("a")) == 2


class TestSnippets:
    def test_have_the_real_address(self, agent):
        make_integration(zendesk_account_key="aCcOuNtKeY")
        page = read(agent.get("/setup/acme/"))
        assert page.one(id="endpoint").text == "http://testserver/generate/token/acme"
        assert all("http://testserver/generate/token/acme" in snippet.text for snippet in page.all("pre"))

    def test_name_the_account_key_which_is_public(self, agent):
        make_integration(zendesk_account_key="aCcOuNtKeY")
        assert 'account_key: "aCcOuNtKeY"' in " ".join(pre.text for pre in read(agent.get("/setup/acme/")).all("pre"))

    def test_a_hostile_account_key_stays_inside_its_quotes(self, agent):
        make_integration(zendesk_account_key='"});alert(1)//')
        assert r"\"});alert(1)//" in " ".join(pre.text for pre in read(agent.get("/setup/acme/")).all("pre"))

    def test_are_for_the_product_in_use(self, agent):
        make_integration(zendesk_product="messaging")
        assert 'zE("messenger", "loginUser"' in read(agent.get("/setup/acme/")).all("pre")[0].text

    @pytest.mark.parametrize("secret", [LOGIN_SECRET_KEY, ZENDESK_SHARED_SECRET, ZENDESK_ACCESS_TOKEN])
    @pytest.mark.parametrize("path", ["/setup/acme/", "/sync/", "/"])
    def test_no_page_shows_a_secret(self, sign_in, path, secret):
        make_integration()
        assert secret not in sign_in("admin").get(path).content.decode()


class TestChecklist:
    def test_nothing_is_done_at_first(self, agent):
        none = {"login_secret_key": "", "zendesk_shared_secret": "", "zendesk_access_token": ""}
        make_integration(secrets=none, allowed_origins=[])
        assert done(agent.get("/setup/acme/")) == 0

    def test_secrets_and_origins_count(self, agent):
        make_integration()
        assert done(agent.get("/setup/acme/")) == 4

    def test_all_is_done_once_a_visitor_is_linked(self, agent):
        integration, now = make_integration(), timezone.now()
        proof = {"first_authenticated_at": now, "last_authenticated_at": now, "tokens_issued": 1}
        user = make_login_user(integration=integration, **proof)
        make_link(visitor=make_visitor(integration=integration), login_user=user)
        assert "8 of 8 done" in read(agent.get("/setup/acme/")).text

    def test_a_refused_request_for_a_token_counts_as_asked_for(self, agent):
        integration = make_integration()
        AnswerCount.objects.create(
            integration=integration, hour_at=timezone.now(), code="00-01", reason="expired", first_at=timezone.now()
        )
        assert done(agent.get("/setup/acme/")) == 5

    def test_what_is_left_says_what_to_do(self, agent):
        make_integration(allowed_origins=[])
        step = read(agent.get("/setup/acme/")).all("li", class_="is-todo")[0]
        assert step.text.startswith("To do: The pages that show the widget are listed Add their origins")

    def test_an_unknown_integration_is_not_found(self, agent):
        assert agent.get("/setup/none/").status_code == 404

    def test_budget(self, agent, django_assert_max_num_queries):
        make_integration()
        with django_assert_max_num_queries(15):  # six of the frame, integration, secrets, clock, answers, five steps
            agent.get("/setup/acme/")
