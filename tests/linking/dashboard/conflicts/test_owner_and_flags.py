import pytest
from django.contrib.auth.models import User

from linking.models import AuditEvent, Conflict, ConflictFlag
from tests.factories import NOW
from tests.linking.conftest import make_person
from tests.linking.dashboard.conflicts.cast import make_conflicts
from tests.linking.dashboard.reading import read

pytestmark = pytest.mark.django_db


@pytest.fixture
def make_conflict():
    return make_conflicts()


@pytest.fixture
def conflict(make_conflict):
    return make_conflict()


def owner_of(conflict):
    conflict.refresh_from_db()
    return conflict.owner.username if conflict.owner else None


def assign(browser, conflict, owner, *, seen=0):
    values = {"owner": owner, f"seen-{conflict.pk}": seen, "next": "/conflicts/"}
    return browser.post(f"/conflicts/{conflict.pk}/assign/", values, follow=True)


class TestAssign:
    def test_takes_it_with_one_press_from_the_list(self, lead, conflict):
        button = read(lead.get("/conflicts/")).one("button", class_="take")
        page = lead.post(button.attributes["formaction"], {"owner": "me", "next": "/conflicts/"}, follow=True)
        assert (owner_of(conflict), read(page).one("td", class_="owner").text) == ("lead", "You")

    def test_gives_it_to_another_lead(self, lead, conflict):
        bo = make_person("bo", ["leads"])
        page = read(assign(lead, conflict, str(bo.pk)))
        assert (owner_of(conflict), page.one(id="toasts").text) == ("bo", "Assigned to bo.")

    def test_gives_it_to_nobody(self, lead, conflict):
        me = User.objects.get(username="lead")
        Conflict.objects.update(owner=me)
        assign(lead, conflict, "", seen=me.pk)
        assert owner_of(conflict) is None

    @pytest.mark.parametrize("groups", [["agents"], []])
    def test_gives_it_to_nobody_who_may_not_decide(self, lead, conflict, groups):
        page = read(assign(lead, conflict, str(make_person("ag", groups).pk)))
        assert (owner_of(conflict), page.one(id="toasts").text) == (
            None, "That person cannot own conflicts. Nothing was changed.",
        )  # fmt: skip

    def test_changes_nothing_when_somebody_was_faster(self, lead, conflict):
        Conflict.objects.update(owner=make_person("bo", ["leads"]))
        page = read(assign(lead, conflict, "me"))
        assert (owner_of(conflict), "Someone else has just taken" in page.one(id="toasts").text) == ("bo", True)

    def test_is_in_the_audit(self, lead, conflict):
        assign(lead, conflict, "me")
        event = AuditEvent.objects.get(action="assign_conflict")
        assert (event.actor, event.target, event.fields) == ("lead", f"conflict {conflict.pk}", ["lead"])

    def test_leaves_nobody_when_the_account_goes(self, conflict):
        bo = make_person("bo", ["leads"])
        Conflict.objects.update(owner=bo)
        bo.delete()
        assert owner_of(conflict) is None

    def test_leads_to_no_other_site(self, lead, conflict):
        values = {"owner": "me", "next": "https://evil.example/"}
        assert lead.post(f"/conflicts/{conflict.pk}/assign/", values)["Location"] == "/"


class TestTake:
    def test_takes_what_nobody_owns(self, lead, make_conflict):
        mine, theirs = make_conflict(), make_conflict(owner=make_person("bo", ["leads"]))
        page = read(
            lead.post("/conflicts/take/", {"conflict": [mine.pk, theirs.pk], "next": "/conflicts/"}, follow=True)
        )
        assert (owner_of(mine), owner_of(theirs)) == ("lead", "bo")
        assert page.one(id="toasts").text == (
            "1 conflict is yours now. 1 selected conflict has an owner already and was left alone."
        )

    def test_is_for_leads(self, agent, conflict):
        assert agent.post("/conflicts/take/", {"conflict": conflict.pk}).status_code == 403


def flag(browser, conflict, reason="please look"):
    values = {"reason": reason, "next": f"/conflicts/{conflict.pk}/"}
    return browser.post(f"/conflicts/{conflict.pk}/flag/", values, follow=True)


class TestFlag:
    def test_of_an_agent_is_seen_by_leads(self, agent, sign_in, conflict):
        flag(agent, conflict)
        lead = sign_in("lead")
        assert read(lead.get(f"/conflicts/{conflict.pk}/")).one(class_="flag").text.startswith("Flagged by agent")
        assert read(lead.get("/conflicts/")).one("td", class_="is").text == "Flagged"

    def test_is_escaped_and_clipped(self, agent, conflict):
        page = read(flag(agent, conflict, "<b>look</b>" + "x" * 300))
        assert page.all("b") == []
        assert len(ConflictFlag.objects.get().reason) == 200

    def test_without_a_reason_is_none(self, agent, conflict):
        page = read(flag(agent, conflict, " \u202e "))
        assert (ConflictFlag.objects.count(), "Nothing was flagged." in page.one(id="toasts").text) == (0, True)

    def test_on_a_decided_conflict_is_none(self, agent, conflict):
        Conflict.objects.update(state="decided", decision="keep", decided_at=NOW)
        flag(agent, conflict)
        assert not ConflictFlag.objects.exists()

    def test_of_the_same_person_replaces_the_first(self, agent, conflict):
        flag(agent, conflict)
        flag(agent, conflict, "it is urgent")
        assert ConflictFlag.objects.get().reason == "it is urgent"

    def test_shows_agents_no_address_that_a_lead_wrote(self, agent, sign_in, conflict):
        flag(sign_in("lead"), conflict, "ask nadia@player.example")
        assert (
            read(agent.get(f"/conflicts/{conflict.pk}/"))
            .one(class_="flag")
            .one("p")
            .text.endswith("ask n•••@p•••.example")
        )

    def test_is_in_the_audit_without_its_reason(self, agent, conflict):
        flag(agent, conflict)
        event = AuditEvent.objects.get(action="flag_conflict")
        assert (event.actor, event.target, event.fields) == ("agent", f"conflict {conflict.pk}", [])

    def test_can_be_set_on_the_visitors_page(self, agent, conflict):
        url = f"/visitors/{conflict.visitor.visitor_id}/?integration=acme"
        form = read(agent.get(url)).one(class_="add-flag").one("form")
        sent = {one.attributes["name"]: one.attributes.get("value", "") for one in form.all("input")}
        answer = agent.post(form.attributes["action"], sent | {"reason": "please look"})
        assert (answer["Location"], ConflictFlag.objects.get().conflict) == (url, conflict)


class TestRemoveFlag:
    @pytest.fixture
    def flagged(self, agent, conflict):
        flag(agent, conflict)
        return ConflictFlag.objects.get()

    def test_of_ones_own(self, agent, conflict, flagged):
        agent.post(f"/conflicts/flags/{flagged.pk}/remove/", {"next": "/conflicts/"})
        conflict.refresh_from_db()
        assert (ConflictFlag.objects.count(), conflict.flagged_at) == (0, None)

    def test_of_others_is_for_leads(self, sign_in, flagged):
        sign_in("lead").post(f"/conflicts/flags/{flagged.pk}/remove/", {"next": "/conflicts/"})
        assert not ConflictFlag.objects.exists()

    def test_of_others_is_not_for_agents(self, client, flagged):
        client.force_login(make_person("anna", ["agents"]))
        page = read(client.post(f"/conflicts/flags/{flagged.pk}/remove/", {"next": "/conflicts/"}, follow=True))
        assert "or it is not yours" in page.one(id="toasts").text
        assert ConflictFlag.objects.exists()

    def test_leaves_the_conflict_flagged_while_another_is_there(self, agent, sign_in, conflict, flagged):
        flag(sign_in("lead"), conflict)
        agent.post(f"/conflicts/flags/{flagged.pk}/remove/", {"next": "/conflicts/"})
        conflict.refresh_from_db()
        assert conflict.flagged_at == ConflictFlag.objects.get().at
