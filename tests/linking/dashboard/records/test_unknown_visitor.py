"""The page of a visitor ID that nobody here knows."""

import pytest

from linking.clients.zendesk_api import ZendeskTryLater
from linking.dashboard.records import unknown_visitor
from linking.models import Visitor, VisitorQuestion
from linking.sync.chat.source import ChatSource
from linking.sync.store import questions
from tests.factories import USER_ID, make_integration, make_visitor
from tests.linking.dashboard.reading import read
from tests.linking.sync.fake_chat import FakeChat, FakeTime

pytestmark = pytest.mark.django_db
VISITOR_ID = "7700123.ab3XkQ9zLm2Rt7"
PAGE = f"/visitors/{VISITOR_ID}/"
PAUSE = ZendeskTryLater("Zendesk asked for a pause (429).", reason="vendor_pause", retry_after_s=30)
HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def chat(monkeypatch):
    fake = FakeChat()
    monkeypatch.setattr(ChatSource, "open_client", lambda _source, **_options: fake)
    monkeypatch.setattr(unknown_visitor, "CLOCK", FakeTime().clock)
    return fake


@pytest.fixture
def acme():
    return make_integration()


class TestUnknownVisitor:
    @pytest.mark.parametrize("visitor_id", [VISITOR_ID, "7700123-ab3XkQ9zLm2Rt7"])
    def test_is_asked_for_and_shown(self, acme, chat, agent, visitor_id):
        chat.add_visitor(VISITOR_ID, external_id=USER_ID, email="nadia@player.example")
        response = agent.get(f"/visitors/{visitor_id}/", follow=True)
        assert response.status_code == 200
        assert USER_ID in response.content.decode()
        assert "nadia@player.example" not in response.content.decode()

    def test_that_zendesk_does_not_know_is_said(self, acme, chat, agent):
        response = agent.get(PAGE)
        assert (response.status_code, "Zendesk has no visitor with this ID" in read(response).text) == (404, True)

    def test_without_an_answer_is_waited_for(self, acme, chat, agent):
        chat.faults = [PAUSE]
        response = agent.get(PAGE)
        html = response.content.decode()
        assert response.status_code == 202
        assert "Zendesk asked for a pause. This visitor is next in line." in read(response).text
        assert f'hx-get="{PAGE}?poll=1"' in html
        assert f'href="{PAGE}">Look now' in html

    def test_of_another_account_is_not_asked_for(self, acme, chat, agent):
        make_visitor(integration=acme, visitor_id="9855790.xjj3u5xPWhW1Fv", last_chat_id="2611.9855790.SbQ1")
        response = agent.get(PAGE)
        assert (response.status_code, chat.calls) == (404, [])
        assert "another Zendesk account" in read(response).text

    def test_says_which_integrations_were_not_asked(self, acme, chat, agent):
        make_integration(slug="b", name="<b>Beta</b>", login_project_id="b", enabled=False)
        assert "<b>Beta</b> : Zendesk was not asked: the integration is switched off" in read(agent.get(PAGE)).text

    def test_is_said_in_words_beyond_20_a_minute(self, acme, chat, agent):
        for number in range(20):
            agent.get(f"/visitors/7700123.unknownVisitor{number}/")
        response = agent.get(PAGE)
        assert (response.status_code, response.has_header("Retry-After")) == (429, True)
        assert "20 visitors in a minute" in read(response).text

    @pytest.mark.parametrize("visitor_id", ["nobody", "%00", "x" * 300, "1.a%2Fb", "..%2f1.a", "1." + "x" * 300])
    def test_that_no_visitor_can_be_is_not_found(self, acme, chat, agent, visitor_id):
        assert (agent.get(f"/visitors/{visitor_id}/").status_code, chat.calls) == (404, [])

    def test_of_an_integration_that_is_none_is_not_found(self, acme, chat, agent):
        assert (agent.get(f"{PAGE}?integration=nobody").status_code, chat.calls) == (404, [])

    def test_is_refreshed_by_asking(self, acme, chat, agent):
        chat.add_visitor(VISITOR_ID)
        assert agent.post(f"{PAGE}refresh/")["Location"] == f"{PAGE}?integration=acme"

    def test_is_for_members_only(self, acme, chat, sign_in):
        assert (sign_in("outsider").get(PAGE).status_code, chat.calls) == (403, [])


class TestPoll:
    def poll(self, browser, number=1):
        return browser.get(f"{PAGE}?poll={number}", **HTMX)

    @pytest.fixture
    def waiting(self, acme, chat, agent):
        chat.faults = [PAUSE]
        agent.get(PAGE)
        return agent

    def test_asks_nobody(self, waiting, chat):
        self.poll(waiting)
        assert len(chat.asked("visitor")) == 1

    def test_goes_on_while_there_is_no_answer(self, waiting):
        html = self.poll(waiting).content.decode()
        assert (f'hx-get="{PAGE}?poll=2"' in html, "<html" in html) == (True, False)

    def test_ends_after_some_minutes(self, waiting):
        html = self.poll(waiting, number=unknown_visitor.POLLS_MOST).content.decode()
        assert ("hx-get" in html, "There is still no answer" in html) == (False, True)

    @pytest.mark.parametrize("number", ["x", "-1", "%00", "9" * 400])
    def test_takes_no_nonsense(self, waiting, number):
        assert self.poll(waiting, number=number).status_code == 200

    def test_leads_to_the_visitor_once_it_is_there(self, waiting, acme):
        make_visitor(integration=acme)
        assert self.poll(waiting)["HX-Redirect"] == f"{PAGE}?integration=acme"

    def test_tells_that_zendesk_has_no_such_visitor(self, waiting, acme):
        questions.note_answer(integration_id=acme.pk, visitor_id=VISITOR_ID)
        assert "Zendesk has no visitor with this ID" in self.poll(waiting).content.decode()


class TestSearchBox:
    @pytest.mark.parametrize(
        "text",
        [VISITOR_ID, "7700123-ab3XkQ9zLm2Rt7", "visitor:7700123-ab3XkQ9zLm2Rt7", "#supportchat:7700123-ab3XkQ9zLm2Rt7",
         "https://acme.zendesk.com/chat/agent#visitors/visitor_list/state#!7700123-ab3XkQ9zLm2Rt7"],
    )  # fmt: skip
    def test_leads_an_unknown_id_to_the_page_that_asks(self, acme, chat, agent, text):
        chat.add_visitor(VISITOR_ID, external_id=USER_ID)
        response = agent.get("/", {"q": text}, follow=True)
        assert (response.redirect_chain[0][0], Visitor.objects.count()) == (PAGE, 1)
        assert USER_ID in response.content.decode()

    def test_shows_what_else_fits_first(self, acme, chat, agent):
        make_visitor(integration=acme, visitor_id=f"{VISITOR_ID}x")
        assert (agent.get("/", {"q": VISITOR_ID}).status_code, chat.calls) == (200, [])

    def test_asks_nobody_while_somebody_types(self, acme, chat, agent):
        html = agent.get("/search/", {"q": VISITOR_ID}, **HTMX).content.decode()
        assert (f"ask Zendesk about visitor {VISITOR_ID}" in html, chat.calls) == (True, [])

    def test_takes_a_phone_number_for_none(self, acme, chat, agent):
        assert (agent.get("/", {"q": "030-1234567"}).status_code, chat.calls) == (200, [])

    def test_asks_nobody_for_a_filtered_list(self, acme, chat, agent):
        agent.get("/", {"q": VISITOR_ID, "state": "linked"}, follow=True)
        assert (chat.calls, VisitorQuestion.objects.exists()) == ([], False)


class TestVisitorWithoutAChat:
    def test_says_so_instead_of_the_time_of_the_question(self, acme, chat, agent):
        chat.add_visitor(VISITOR_ID, external_id=USER_ID)
        page = read(agent.get(PAGE, follow=True)).text
        assert "No finished chat yet" in page
        assert "Last chat seen" not in page and "First seen" not in page
