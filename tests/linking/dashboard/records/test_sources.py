"""The pages of visitors and players of accounts on Messaging, in words that are true there."""

from datetime import timedelta

import pytest
from django.utils import timezone

from linking.models import AwaitedUser, Visitor
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
            (["chat", "messaging"], "Signed in, not linked"),
        ],
    )
    def test_names_the_list_of_who_waits(self, lead, products, title):
        for product in products:
            make_integration(slug=product, zendesk_product=product, zendesk_key_id="k")
        page = read(lead.get("/?state=signed_in"))
        assert page.one("h1").text == title
        assert page.one("nav", aria_label="Main").all("a", aria_current="page")[0].text.startswith(title)


class TestUserPage:
    def test_says_that_a_player_is_not_in_zendesk_yet(self, lead):
        make_login_user(integration=make_support(), **PROOF)
        assert "Signed in, not in Zendesk yet" in read(lead.get(USER_PAGE)).one("h1").text

    def test_shows_the_visitors_of_both_products(self, lead):
        make_linked(user=PROOF)
        chat = make_integration()
        visitor = make_visitor(integration=chat, name="On the phone")
        make_link(visitor=visitor, login_user=make_login_user(integration=chat))
        for slug in ("acme", "acme-messaging"):
            page = read(lead.get(f"{USER_PAGE}?integration={slug}"))
            assert page.one("h2", id="linked").text == "2 linked visitors"
            rows = {row.all("p")[0].all("bdi")[0].text: row.text for row in page.all("ul", class_="rows")[0].all("li")}
            assert "Messaging" in rows["Nadia"]
            assert "Chat" in rows["On the phone"]
            assert page.one("h1").one(class_="state").text == "Proven"
            assert len(page.all("details", class_="walk")) == 2

    def test_takes_ids_that_differ_in_case_for_one_only_where_zendesk_does(self, lead):
        make_linked(user={"user_id": USER_ID.upper()})
        chat = make_integration()
        make_link(visitor=make_visitor(integration=chat), login_user=make_login_user(integration=chat))
        other = make_integration(slug="beta", name="Beta", login_project_id="other")
        visitor = make_visitor(integration=other, name="Of another project")
        make_link(visitor=visitor, login_user=make_login_user(integration=other))
        page = read(lead.get(f"{USER_PAGE}?integration=acme"))
        assert page.one("h2", id="linked").text == "2 linked visitors"
        assert "Of another project" not in page.text

    def test_ids_that_differ_in_case_are_two_players_of_chat(self, lead):
        chat, other = make_integration(), make_integration(slug="beta", name="Beta")
        make_login_user(integration=other, user_id=USER_ID.upper())
        make_link(visitor=make_visitor(integration=chat), login_user=make_login_user(integration=chat))
        page = read(lead.get(f"{USER_PAGE}?integration=acme"))
        assert page.all("section", aria_labelledby="essentials")[0].text.endswith("Acme Games")

    def test_walks_from_the_token_to_the_external_id(self, lead):
        user = make_login_user(integration=make_support(last_success_at=timezone.now()), **PROOF)
        AwaitedUser.objects.create(
            integration=user.integration, login_user=user, token_at=NOW, asks=2, due_at=NOW + timedelta(hours=1)
        )
        page = read(lead.get(USER_PAGE))
        steps = [
            (step.attributes["class"], step.all("p")[0].text.removesuffix(" Not known").removesuffix(" Done"))
            for step in page.one("ol", class_="checklist").all("li")
            if step.attributes.get("class", "").startswith("is-")
        ]
        assert steps == [
            ("is-done", "zdbridge issued a token"),
            ("is-unknown", "The widget signed the player in"),
            ("is-unknown", "The player's conversation made a ticket"),
            ("is-unknown", "Sync found the user in Zendesk Support"),
            ("is-unknown", "The user has the player's ID as external ID"),
        ]
        assert "Sync asked Zendesk 2 times for this ID since the token, and found nobody." in page.text
        assert "an old flag of the account stops matching by external ID" in page.text


class TestSyncPage:
    def test_counts_who_waits_and_reads_users_again_in_words_of_messaging(self, lead):
        make_support()
        page = read(lead.get("/sync/"))
        assert "Signed in, not in Zendesk yet" in page.one("dl", class_="figures").text
        form = page.one("details", class_="again")
        assert form.one("summary").text == "Read all users again : Acme Messaging"
        today = form.one("input", name="from").attributes["value"]
        answer = lead.post("/sync/acme-messaging/backfill/", {"from": today}, follow=True)
        assert "The next sync of Acme Messaging reads all users again." in read(answer).text
