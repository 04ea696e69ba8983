"""The pages of visitors and players of accounts on Messaging, in words that are true there."""

from datetime import timedelta

import pytest

from linking.models import Visitor
from tests.factories import (
    NOW,
    USER_ID,
    make_integration,
    make_link,
    make_login_user,
    make_visitor,
)
from tests.linking.dashboard.reading import read

pytestmark = pytest.mark.django_db
PERSON = "21478836475"
PAGE = f"/visitors/{PERSON}/"
USER_PAGE = f"/users/{USER_ID}/"
PROOF = {"first_authenticated_at": NOW, "last_authenticated_at": NOW, "tokens_issued": 2}


def make_support(**changes):
    values = {"slug": "acme-messaging", "name": "Acme Messaging", "zendesk_product": "messaging", "zendesk_key_id": "k"}
    return make_integration(**(values | changes))


def make_person(integration=None, **changes):
    values = {"visitor_id": PERSON, "last_chat_id": "", "name": "Nadia"}
    return make_visitor(integration=integration or make_support(), **(values | changes))


def make_linked(*, user=None, **changes):
    person = make_person(**changes)
    return make_link(visitor=person, login_user=make_login_user(integration=person.integration, **(user or {})))


def why(answer):
    return read(answer).one(class_="why").text


def facts(answer):
    rows = read(answer).all("dl", class_="facts")[0].all("div")
    return {row.one("dt").text: row.one("dd").text for row in rows}


class TestVisitorPage:
    def test_says_what_the_visitor_is(self, lead):
        make_person()
        found = facts(lead.get(PAGE))
        assert found["Source"] == "End user of Zendesk Support (Messaging)"
        assert found["Zendesk user ID"].startswith("21478836475"[:5])
        assert {"Last seen", "First seen", "Visitor ID"}.isdisjoint(found)
        assert found["Last changed in Zendesk"].startswith("22 Nov")

    def test_leads_to_the_agents_page_of_the_user(self, lead):
        make_person()
        link = read(lead.get(PAGE)).one(class_="out").one("a")
        assert link.attributes["href"] == f"https://acme.zendesk.com/agent/users/{PERSON}"

    def test_says_suspended(self, lead):
        make_person(is_banned=True)
        page = read(lead.get(PAGE))
        assert page.one("h1").one(class_="ban").text == "Suspended"
        assert "suspended in Zendesk" in page.one(class_="why").text

    def test_says_that_a_claimed_link_proves_less(self, lead):
        make_linked()
        text = why(lead.get(PAGE))
        assert "This proves less than in Chat: single sign-on, imports" in text
        assert f"Read with the record of Support user {PERSON}" in text

    def test_says_no_such_thing_of_a_proven_link(self, lead):
        make_linked(user=PROOF)
        assert "proves less" not in why(lead.get(PAGE))

    @pytest.mark.parametrize(
        ("changes", "sentence"),
        [
            ({"state": "anonymous"}, "this user no longer has an external ID in Zendesk."),
            ({"state": "anonymous", "external_id": "crm-7"}, "the external ID in Zendesk is “crm-7”"),
            ({"state": "gone", "gone_at": NOW}, "the player may be linked as the other."),
        ],
    )
    def test_says_why_it_is_not_linked(self, lead, changes, sentence):
        make_person(**changes)
        assert sentence in why(lead.get(PAGE))

    def test_says_how_a_link_ended(self, lead):
        link = make_linked()
        link.ended_at, link.end_reason = NOW + timedelta(hours=1), "relinked"
        link.save()
        Visitor.objects.update(state="anonymous", external_id="")
        assert "The external ID in Zendesk was changed to another player's" in read(lead.get(PAGE)).text


class TestList:
    def test_marks_the_source_where_there_are_both(self, lead):
        make_person()
        make_visitor(integration=make_integration())
        cells = {cell.text for cell in read(lead.get("/")).all("td", class_="of")}
        assert cells == {"Acme Games Chat", "Acme Messaging Messaging"}

    def test_does_not_where_it_goes_without_saying(self, lead):
        make_person()
        make_support(slug="beta", name="Beta", login_project_id="other")
        assert [cell.text for cell in read(lead.get("/")).all("td", class_="of")] == ["Acme Messaging"]

    @pytest.mark.parametrize(
        ("products", "title"),
        [
            (["chat"], "Signed in, no chat yet"),
            (["messaging"], "Signed in, not in Zendesk yet"),
            (["chat", "messaging"], "Signed in, not linked yet"),
        ],
    )
    def test_names_the_list_of_who_waits(self, lead, products, title):
        for product in products:
            make_integration(slug=product, zendesk_product=product, zendesk_key_id="k")
        page = read(lead.get("/?state=signed_in"))
        assert page.one("h1").text == title
        assert page.one("nav", aria_label="State").all("a")[-1].text == title


class TestUserPage:
    def test_says_that_a_player_is_not_in_zendesk_yet(self, lead):
        make_login_user(integration=make_support(), **PROOF)
        assert "Signed in, not in Zendesk yet" in read(lead.get(USER_PAGE)).one("h1").text
