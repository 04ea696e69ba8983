import pytest
from django.utils import timezone

from linking.models import AnswerCount, Secret
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
        assert add.attributes["href"] == "/integrations/new/"

    def test_says_how_to_tell_the_products_apart(self, agent):
        assert "Channels lists Messaging for Messaging" in read(agent.get("/setup/")).one(class_="empty").text

    def test_leads_to_the_only_one(self, agent):
        make_integration()
        assert agent.get("/setup/")["Location"] == "/setup/acme/"

    def test_lists_several(self, agent):
        make_integration()
        make_integration(slug="beta", login_project_id="other")
        assert len(read(agent.get("/setup/")).one(class_="rows").all("a")) == 2

    def test_says_how_far_each_has_come(self, agent):
        make_integration()
        make_integration(slug="beta", login_project_id="other", allowed_origins=[])
        rows = [row.text for row in read(agent.get("/setup/")).one(class_="rows").all("li")]
        assert [row.partition(" done ")[0] for row in rows] == ["Acme Games acme 5 of 9", "Acme Games beta 4 of 9"]
        assert rows[1].endswith("Next step: Pages with the widget")

    def test_looks_only_at_the_first_of_very_many(self, agent, monkeypatch):
        monkeypatch.setattr("linking.dashboard.setup.overview.CHECKLISTS_MAX", 1)
        make_integration()
        make_integration(slug="beta", login_project_id="other")
        assert read(agent.get("/setup/")).one(class_="rows").text.count(" of 9 done") == 1


class TestSnippets:
    def test_have_the_real_address(self, agent):
        make_integration(zendesk_account_key="aCcOuNtKeY")
        page = read(agent.get("/setup/acme/"))
        assert page.one(id="endpoint").text == "http://testserver/generate/token/acme"
        snippets = [code for code in page.all("pre") if "of-vendor" not in code.attributes["class"]]
        assert len(snippets) == 12
        assert all("http://testserver/generate/token/acme" in snippet.text for snippet in snippets)

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
        make_integration(secrets=none, allowed_origins=[], zendesk_subdomain="")
        assert done(agent.get("/setup/acme/")) == 0

    def test_secrets_account_and_origins_count(self, agent):
        make_integration()
        assert done(agent.get("/setup/acme/")) == 5

    def first_todo(self, agent):
        return read(agent.get("/setup/acme/")).one(class_="next-step").text

    def test_a_secret_that_leads_nowhere_is_not_ticked(self, agent, monkeypatch):
        monkeypatch.setenv("SECRET_OF_ACME", LOGIN_SECRET_KEY)
        make_integration(secrets={"login_secret_key": "env:SECRET_OF_ACME"})
        monkeypatch.delenv("SECRET_OF_ACME")
        assert self.first_todo(agent) == (
            "Next step Login project's secret key It is set, but the web process cannot use it. "
            "The variable SECRET_OF_ACME is not set or is empty. Only an administrator can do this. "
            "Tell one that this step is next. Open Publisher Account"
        )

    def test_a_secret_whose_seal_key_is_lost_is_not_ticked(self, agent):
        make_integration()
        Secret.objects.filter(name="zendesk_shared_secret").update(sealed="v1:nonsense")
        assert "It cannot be opened with the keys in ZDBRIDGE_SEAL_KEYS." in self.first_todo(agent)

    @pytest.mark.parametrize(
        ("reason", "words"),
        [
            ("credentials", "Zendesk's access token Zendesk refused"),
            ("host", "Zendesk account Zendesk's address"),
        ],
    )
    def test_what_zendesk_refuses_is_not_ticked(self, agent, reason, words):
        make_integration(blocked_reason=reason)
        assert words in self.first_todo(agent)

    def test_no_token_is_ticked_where_none_is_needed(self, agent):
        make_integration(sync_enabled=False, secrets={"zendesk_access_token": ""})
        text = read(agent.get("/setup/acme/")).one("section", aria_labelledby="checklist").text
        assert "Sync is off, so no access to Zendesk is needed" in text and "access token" not in text

    def test_all_is_done_once_a_visitor_is_linked(self, agent):
        integration, now = make_integration(), timezone.now()
        proof = {"first_authenticated_at": now, "last_authenticated_at": now, "tokens_issued": 1}
        user = make_login_user(integration=integration, **proof)
        make_link(visitor=make_visitor(integration=integration), login_user=user)
        page = read(agent.get("/setup/acme/"))
        assert "9 of 9 done All steps are done: players who sign in and chat are linked." in page.text
        assert page.all(class_="next-step") == []

    def test_a_refused_request_for_a_token_counts_as_asked_for(self, agent):
        integration = make_integration()
        AnswerCount.objects.create(
            integration=integration, hour_at=timezone.now(), code="00-01", reason="expired", first_at=timezone.now()
        )
        assert done(agent.get("/setup/acme/")) == 6

    def test_what_is_left_says_what_to_do(self, agent):
        make_integration(allowed_origins=[])
        assert self.first_todo(agent).startswith("Next step Pages with the widget Add their origins")

    def test_what_comes_later_says_what_to_do_too(self, agent):
        make_integration(allowed_origins=[])
        titles = [step.all("p")[0].text for step in read(agent.get("/setup/acme/")).all("li", class_="is-todo")]
        assert titles == [
            "To do: First token requested", "To do: First token issued", "To do: First visitor read from Zendesk",
            "To do: First visitor linked to a player",
        ]  # fmt: skip

    MESSAGING = {
        "zendesk_product": "messaging", "zendesk_key_id": "key", "zendesk_client_id": "client",
        "secrets": {"zendesk_access_token": "", "zendesk_client_secret": "client-secret-of-acme-for-tests"},
    }  # fmt: skip

    def test_of_messaging_is_about_its_key_and_its_client(self, agent):
        make_integration(**self.MESSAGING)
        page = read(agent.get("/setup/acme/"))
        titles = [step.all("p")[0].text for part in page.all("ol", class_="checklist") for step in part.all("li")]
        wanted = {
            "Done: Zendesk's signing key", "Done: Zendesk's OAuth client",
            "To do: First user found in Zendesk",
        }  # fmt: skip
        assert wanted <= set(titles)
        assert "End the chat" not in page.text and "Visitor authentication" not in page.text

    @pytest.mark.parametrize(
        ("changes", "title", "todo"),
        [
            ({"zendesk_key_id": ""}, "signing key", "End user authentication, Messaging, and create a key"),
            ({"zendesk_client_id": ""}, "OAuth client", "creates a confidential client"),
            ({"blocked_reason": "credentials"}, "OAuth client", "Check the client's ID and secret"),
        ],
    )
    def test_of_messaging_misses_what_belongs_to_a_secret(self, agent, changes, title, todo):
        make_integration(**self.MESSAGING | changes)
        step = self.first_todo(agent)
        assert title in step and todo in step

    def test_an_unknown_integration_is_not_found(self, agent):
        assert agent.get("/setup/none/").status_code == 404

    def test_budget(self, agent, django_assert_max_num_queries):
        make_integration()
        with django_assert_max_num_queries(
            19
        ):  # seven of the frame, integration, its pair, secrets, clock, answers, hours, refused players, five steps
            agent.get("/setup/acme/")
