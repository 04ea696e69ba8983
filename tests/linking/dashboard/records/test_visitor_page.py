from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model

from linking.conflicts.decisions import decide
from linking.models import Conflict, Integration, LoginUser, Visitor, VisitorAlias
from tests.factories import (
    LOGIN_PROJECT_ID,
    NOW,
    USER_ID,
    make_integration,
    make_link,
    make_login_user,
    make_run,
    make_visitor,
)
from tests.linking.dashboard.reading import read

pytestmark = pytest.mark.django_db
VISITOR = "7700123.ab3XkQ9zLm2Rt7"
PAGE = f"/visitors/{VISITOR}/"
USER_PAGE = f"/users/{USER_ID}/"
FRAME_QUERIES = 7
PROOF = {"first_authenticated_at": NOW, "last_authenticated_at": NOW, "tokens_issued": 2}


def make_linked(*, visitor=None, user=None, **changes):
    integration = make_integration()
    found = make_visitor(integration=integration, **(visitor or {}))
    person = make_login_user(integration=integration, **(user or {}))
    return make_link(visitor=found, login_user=person, **changes)


def why(answer):
    return read(answer).one(class_="why").text


class TestWhyLinked:
    def test_names_call_run_and_times(self, lead):
        link = make_linked()
        run = make_run(integration=Integration.objects.get())
        link.evidence_run = run
        link.save()
        text = why(lead.get(PAGE))
        assert "Zendesk says that this visitor is this player." in text
        assert f"GET visitors/{VISITOR} in sync no. {run.pk} on 22 Nov 2026, 12:00 UTC" in text

    def test_says_claimed_where_no_token_was_issued(self, lead):
        make_linked()
        text = why(lead.get(PAGE))
        assert "Not proven: this ID was not checked by zdbridge. Ask before you share account details." in text
        assert "zdbridge has not issued a token to this player." in text

    def test_names_the_proof(self, lead):
        make_linked(user=PROOF, last_confirmed_at=NOW + timedelta(minutes=3))
        text = why(lead.get(PAGE))
        assert text.startswith("Proven: the player signed in through Login.")
        assert "Zendesk confirms that this visitor is this player." in text
        assert "zdbridge issued a token on 22 Nov 2026, 12:00 UTC, before Zendesk confirmed this link" in text
        assert "on 22 Nov 2026, 12:03 UTC." in text

    def test_names_a_token_before_the_link_and_none_after_it(self, lead):
        make_linked(user=PROOF | {"last_authenticated_at": NOW + timedelta(hours=1)})
        assert "zdbridge issued a token on 22 Nov 2026, 12:00 UTC, before" in why(lead.get(PAGE))

    def test_says_that_the_first_token_came_too_late_for_a_proof(self, lead):
        late = NOW + timedelta(minutes=1)
        make_linked(user=PROOF | {"first_authenticated_at": late, "last_authenticated_at": late})
        text = why(lead.get(PAGE))
        assert "on 22 Nov 2026, 12:01 UTC, after Zendesk last confirmed this link on 22 Nov 2026, 12:00 UTC." in text


class TestWhyNotLinked:
    @pytest.mark.parametrize(
        ("changes", "sentence"),
        [
            ({"state": "anonymous"}, "Anonymous: this visitor was not signed in while chatting."),
            ({"state": "anonymous", "external_id": "undefined"}, "the website sent “undefined” instead of a user ID."),
            ({"state": "pending", "checked_at": None}, "Waiting for Zendesk: we look this visitor up shortly."),
            ({"state": "gone", "gone_at": NOW}, "this visitor was deleted in Zendesk."),
        ],
    )
    def test_gives_the_reason(self, lead, changes, sentence):
        make_visitor(integration=make_integration(), **changes)
        assert sentence in why(lead.get(PAGE))

    def test_masks_what_came_instead_of_a_user_id(self, agent):
        make_visitor(integration=make_integration(), external_id="nadia@player.example ")
        assert b"nadia@player.example" not in agent.get(PAGE).content


class TestAddress:
    def test_the_dash_form_leads_to_the_canonical_one(self, lead):
        make_visitor(integration=make_integration())
        assert lead.get(PAGE.replace(".", "-"))["Location"] == f"{PAGE}?integration=acme"

    def test_an_alias_leads_to_the_canonical_one(self, lead):
        integration = make_integration()
        visitor = make_visitor(integration=integration)
        VisitorAlias.objects.create(
            integration=integration, alias_id="7700123.other", visitor=visitor, first_seen_at=NOW
        )
        assert lead.get("/visitors/7700123.other/")["Location"] == f"{PAGE}?integration=acme"

    @pytest.mark.parametrize("path", ["/visitors/none/", "/users/none/", f"{PAGE}?integration=none", "/visitors/%00/"])
    def test_an_unknown_record_is_not_found_in_words(self, lead, path):
        make_visitor(integration=make_integration())
        answer = lead.get(path)
        assert answer.status_code == 404
        assert read(answer).one("h1").text == "Not found"

    @pytest.mark.parametrize("user_id", ["steam/76561198", "a?b#c", "player %41", "林 美玲"])
    def test_any_user_id_has_a_page_its_link_leads_to(self, lead, user_id):
        make_linked(user={"user_id": user_id})
        address = read(lead.get(PAGE)).one("a", class_="to").attributes["href"]
        assert user_id in read(lead.get(address)).one("title").text

    def test_of_two_integrations_with_one_id_the_address_names_one(self, lead):
        make_visitor(integration=make_integration(), name="Of Acme")
        other = make_integration(slug="beta", name="Beta", login_project_id="other")
        make_visitor(integration=other, name="Of Beta")
        assert "Of Acme" in read(lead.get(f"{PAGE}?integration=acme")).one("h1").text


class TestVisitorPage:
    def test_leads_to_zendesk_in_the_dash_form(self, lead):
        make_visitor(integration=make_integration())
        link = read(lead.get(PAGE)).one(class_="out").one("a")
        assert link.attributes["href"] == (
            "https://acme.zendesk.com/chat/agent#visitors/visitor_list/state#!7700123-ab3XkQ9zLm2Rt7"
        )

    def test_leads_to_publisher_account(self, lead):
        make_linked()
        link = read(lead.get(PAGE)).one(class_="out").all("a")[0]
        assert link.attributes["href"] == f"https://publisher.xsolla.com/77001/projects/44056/login/users/{USER_ID}"

    @pytest.mark.parametrize("path", [PAGE, USER_PAGE])
    def test_leads_to_publisher_account_by_the_id_of_the_login_project(self, lead, path):
        """The template of Publisher Account that names the Login project; it was taken, and no page had a link."""
        make_linked()
        template = "https://publisher.xsolla.com/{merchant_id}/login/{login_project_id}/users/{user_id}"
        Integration.objects.update(publisher_account_url_template=template)
        link = read(lead.get(path)).one(class_="out").all("a")[0]
        assert link.attributes["href"] == f"https://publisher.xsolla.com/77001/login/{LOGIN_PROJECT_ID}/users/{USER_ID}"

    def test_ways_out_stand_beside_the_name(self, lead):
        make_linked()
        ways = [link.text for link in read(lead.get(PAGE)).one(class_="title").one(class_="out").all("a")]
        assert [way.partition(" (")[0] for way in ways] == ["Open in Publisher Account", "Open in Zendesk"]

    def test_names_the_login_user_and_their_address(self, lead):
        make_linked(visitor={"name": "n@chat.example"}, user={"name": "nadia77", "email": "n@login.example"})
        fact = next(one for one in read(lead.get(PAGE)).all("dd") if one.all("a", class_="to"))
        assert fact.text == "nadia77 n@login.example"

    def test_masks_the_login_users_address_for_agents(self, agent):
        make_linked(user={"name": "nadia77", "email": "nadia@login.example"})
        assert "nadia@login.example" not in agent.get(PAGE).content.decode()

    def test_links_out_tell_nobody_where_they_come_from(self, lead):
        make_linked()
        links = read(lead.get(PAGE)).one(class_="out").all("a")
        assert {link.attributes["rel"] for link in links} == {"noopener noreferrer"}

    def test_masks_what_agents_need_not_see(self, agent):
        make_visitor(
            integration=make_integration(),
            email="nadia@player.example",
            phone="+49 30 7654321",
            notes="nadia@player.example",
        )
        content = agent.get(PAGE).content.decode()
        assert "nadia@player.example" not in content
        assert "7654321" not in content

    def test_shows_ended_links_with_their_reason(self, lead):
        make_linked(ended_at=NOW, end_reason="relinked")
        assert "The visitor signed in as another player" in read(lead.get(PAGE)).one(class_="rows").text

    @pytest.fixture
    def disputed(self):
        link = make_linked()
        other = make_login_user(integration=Integration.objects.get(), user_id="somebody-else", name="Somebody")
        return Conflict.objects.create(
            integration=Integration.objects.get(), kind="relinked", visitor=link.visitor, login_user=other,
            other_user=link.login_user, subject="relinked|", first_seen_at=NOW, last_seen_at=NOW,
        )  # fmt: skip

    @pytest.mark.parametrize("path", [PAGE, USER_PAGE])
    def test_an_open_conflict_stands_above_the_timeline_with_its_sides(self, lead, disputed, path):
        banner = read(lead.get(path)).one(class_="banner")
        assert banner.one("h2").text == "Visitor signed in as another player"
        assert [side.text for side in banner.one("div").all("a")] == ["Somebody", USER_ID]
        decide = banner.one("a", class_="btn")
        assert (decide.text, decide.attributes["href"]) == (
            "Decide : Visitor signed in as another player", f"/conflicts/{disputed.pk}/",
        )  # fmt: skip

    def test_an_agent_may_look_at_it_and_flag_it(self, agent, disputed):
        banner = read(agent.get(PAGE)).one(class_="banner")
        assert banner.one("a", class_="btn").text == "Review : Visitor signed in as another player"
        assert banner.one("summary").text == "Flag for a lead…"

    def test_a_decided_conflict_is_part_of_the_timeline_only(self, lead, disputed):
        person = get_user_model().objects.get(username="lead")
        decide(conflict_id=disputed.pk, verdict="ignore", login_user_id=None, seen=0, by=person, now=NOW)
        page = read(lead.get(PAGE))
        assert page.all(class_="banner") == []
        assert "lead decided: Ignore" in page.one(id="timeline").text

    def test_lists_other_ids(self, lead):
        integration = make_integration()
        visitor = make_visitor(integration=integration)
        VisitorAlias.objects.create(
            integration=integration, alias_id="7700123.other", visitor=visitor, first_seen_at=NOW
        )
        assert read(lead.get(PAGE)).one(class_="plain-list").text == "7700123.other"

    def test_hostile_text_stays_text(self, lead):
        bad = '"><script>alert(1)</script>'
        make_linked(
            visitor={"name": bad, "notes": bad * 300, "email": bad, "phone": bad}, user={"name": bad, "email": bad}
        )
        page = read(lead.get(PAGE))
        assert bad in page.one("h1").text
        assert all(script.attributes.get("src", "").startswith("/static/") for script in page.all("script"))

    def test_budget(self, lead, django_assert_max_num_queries):
        make_linked()
        # Slug, visitor, its link, links, conflicts, aliases, refresh, chats, namesakes, notes, labels.
        with django_assert_max_num_queries(FRAME_QUERIES + 11):
            lead.get(f"{PAGE}?integration=acme")


class TestStoredRows:
    def test_looking_changes_no_record(self, lead):
        make_linked()
        before = (list(Visitor.objects.values()), list(LoginUser.objects.values()))
        lead.get(PAGE)
        assert (list(Visitor.objects.values()), list(LoginUser.objects.values())) == before
