import pytest

from linking.models import Conflict, ConflictDecision, VisitorLink
from tests.factories import NOW, make_integration, make_link, make_login_user, make_visitor
from tests.linking.dashboard.reading import read

pytestmark = pytest.mark.django_db
FRAME_QUERIES = 7


@pytest.fixture
def conflict():
    integration = make_integration()
    visitor = make_visitor(integration=integration, name="Nadia", email="nadia@player.example")
    user = make_login_user(integration=integration, name="One")
    other = make_login_user(integration=integration, user_id="other", name="<b>Other</b>")
    make_link(visitor=visitor, login_user=user)
    return Conflict.objects.create(
        integration=integration, kind="relinked", visitor=visitor, login_user=user, other_user=other, subject="1|",
        first_seen_at=NOW, last_seen_at=NOW,
    )  # fmt: skip


def send(browser, conflict, choice, *, seen=None, **options):
    newest = ConflictDecision.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    values = {"choice": choice, "seen": newest if seen is None else seen}
    return browser.post(f"/conflicts/{conflict.pk}/decide/", values, **options)


def make_other(conflict):
    return Conflict.objects.create(
        integration=conflict.integration, kind="relinked", visitor=conflict.visitor, subject="2|",
        first_seen_at=NOW, last_seen_at=NOW,
    )  # fmt: skip


class TestPage:
    def test_shows_both_sides_with_their_links(self, lead, conflict):
        sides = [side.text for side in read(lead.get(f"/conflicts/{conflict.pk}/")).one(class_="sides").all("section")]
        assert "nadia@player.example" in sides[0]
        assert "Linked now." in sides[1]
        assert "Never linked." in sides[2]

    def test_a_hostile_name_is_text(self, lead, conflict):
        page = read(lead.get(f"/conflicts/{conflict.pk}/"))
        assert "<b>Other</b>" in page.one(class_="sides").text
        assert page.all("b") == []

    def test_says_before_what_each_decision_changes(self, lead, conflict):
        choices = [one.text for one in read(lead.get(f"/conflicts/{conflict.pk}/")).one(class_="choices").all("li")]
        assert "No link changes." in choices[0]
        assert f"The link to {conflict.login_user.user_id} ends now" in choices[2]
        assert "There is no open link to other." in choices[3]

    def test_one_that_is_not_there_is_not_found(self, lead):
        assert lead.get("/conflicts/4711/").status_code == 404

    def test_leads_to_the_next_open_one(self, lead, conflict):
        other = make_other(conflict)
        address = read(lead.get(f"/conflicts/{conflict.pk}/")).one(id="next-conflict").attributes["href"]
        assert address == f"/conflicts/{other.pk}/"

    def test_budget(self, lead, conflict, django_assert_max_num_queries):
        send(lead, conflict, "keep")
        # The conflict, its deeds, its links, the next one, and for choices and undoing the decision and open link each.
        with django_assert_max_num_queries(FRAME_QUERIES + 14):
            lead.get(f"/conflicts/{conflict.pk}/")

    def test_agents_may_not_look(self, agent, conflict):
        assert agent.get(f"/conflicts/{conflict.pk}/").status_code == 403


class TestDecide:
    def test_is_told_with_who_decided(self, lead, conflict):
        page = read(send(lead, conflict, "keep", follow=True))
        assert page.one(id="toasts").text == "Decided."
        assert page.one(class_="timeline").text.startswith("Keep link · Current lead ·")
        assert page.one(class_="decided").text.startswith("Decided: Keep link · lead ·")

    def test_leads_to_the_next_open_one_with_a_way_back(self, lead, conflict):
        other = make_other(conflict)
        answer = send(lead, conflict, "keep")
        assert answer["Location"] == f"/conflicts/{other.pk}/?decided={conflict.pk}"
        page = read(lead.get(answer["Location"]))
        assert page.one(id="last-decision").one("p").text == "Decided: Keep link"
        assert "autofocus" in page.one("h1").attributes
        form = page.one(id="last-decision")
        sent = {one.attributes["name"]: one.attributes["value"] for one in form.all("input", type="hidden")}
        lead.post(form.attributes["action"], sent)
        conflict.refresh_from_db()
        assert conflict.state == "open"

    def test_anew_leads_back_to_it(self, lead, conflict):
        make_other(conflict)
        send(lead, conflict, "keep")
        assert send(lead, conflict, "ignore")["Location"] == f"/conflicts/{conflict.pk}/"

    @pytest.mark.parametrize("decided", ["", "x", "4711", "9" * 30])
    def test_tells_of_no_decision_that_is_none(self, lead, conflict, decided):
        assert read(lead.get(f"/conflicts/{conflict.pk}/?decided={decided}")).all(id="last-decision") == []

    def test_leaves_no_empty_panel_where_nothing_else_can_be_decided(self, lead, conflict):
        Conflict.objects.update(kind="junk_external_id", login_user=None, other_user=None)
        conflict.refresh_from_db()
        page = read(send(lead, conflict, "ignore", follow=True))
        assert page.all(id="decide") == []
        assert page.one(id="undo-effects").text == "If you undo it: The conflict opens again. Links stay as they are."

    def test_unlinks_the_side_that_was_chosen(self, lead, conflict):
        send(lead, conflict, f"unlink:{conflict.login_user.pk}")
        assert VisitorLink.objects.get().end_reason == "unlinked"

    @pytest.mark.parametrize("choice", ["", "none", "unlink", "unlink:0", "unlink:x", "undo", "keep:1"])
    def test_nonsense_changes_nothing(self, lead, conflict, choice):
        page = read(send(lead, conflict, choice, follow=True))
        assert page.one(id="toasts").text == "That choice is not available for this conflict. Nothing was changed."
        assert not ConflictDecision.objects.exists()

    @pytest.mark.parametrize("seen", ["", "999", "x", "9" * 30])
    def test_an_old_page_changes_nothing(self, lead, conflict, seen):
        page = read(send(lead, conflict, "keep", seen=seen, follow=True))
        assert page.one(id="toasts").text.startswith("Someone else just decided this.")
        assert not ConflictDecision.objects.exists()

    def test_of_one_that_is_gone_leads_to_the_list(self, lead):
        answer = lead.post("/conflicts/4711/decide/", {"choice": "keep", "seen": "0"})
        assert answer["Location"] == "/conflicts/"


class TestUndo:
    def test_opens_the_conflict_again_and_keeps_the_deeds(self, lead, conflict):
        send(lead, conflict, f"unlink:{conflict.login_user.pk}")
        seen = ConflictDecision.objects.get().pk
        page = read(lead.post(f"/conflicts/{conflict.pk}/undo/", {"seen": seen}, follow=True))
        assert page.one(id="toasts").all("p")[-1].text == "Undone: the conflict is open again."
        assert [deed.all("p")[0].text.split()[0] for deed in page.one(class_="timeline").all("li")] == [
            "Undone",
            "Unlink:",
        ]

    def test_says_before_what_it_changes(self, lead, conflict):
        page = read(send(lead, conflict, f"unlink:{conflict.login_user.pk}", follow=True))
        assert "reopens, because the record in Zendesk still has that ID." in page.one("form", class_="undo").text


class TestVisitorPage:
    def test_says_that_a_person_parted_them(self, lead, conflict):
        send(lead, conflict, f"unlink:{conflict.login_user.pk}")
        page = read(lead.get(f"/visitors/{conflict.visitor.visitor_id}/?integration=acme"))
        assert page.one(id="why").text == "Not linked: someone in support decided that this visitor is not this player."
