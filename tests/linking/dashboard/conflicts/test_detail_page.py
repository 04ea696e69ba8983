import pytest

from linking.models import Conflict, ConflictDecision, LoginUser, VisitorLink
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


def make_other(conflict, kind="relinked"):
    return Conflict.objects.create(
        integration=conflict.integration, kind=kind, visitor=conflict.visitor, subject="2|", first_seen_at=NOW,
        last_seen_at=NOW,
    )  # fmt: skip


class TestPage:
    def test_shows_both_sides_with_their_links(self, lead, conflict):
        sides = [side.text for side in read(lead.get(f"/conflicts/{conflict.pk}/")).one(class_="sides").all("section")]
        assert (sides[0].startswith("Player A One"), "Linked now." in sides[0]) == (True, True)
        assert (sides[1].startswith("Player B"), "Never linked." in sides[1]) == (True, True)
        assert (sides[2].startswith("Visitor in Zendesk Nadia"), "nadia@player.example" in sides[2]) == (True, True)

    @pytest.mark.parametrize(("kind", "question"), [
        ("relinked", "Which of the two is this?"),
        ("shared_device", "Do these players share one device?"),
        ("email_of_another_user", "Which of the two is this?"),
        ("id_variant", "Are these two IDs the same player?"),
        ("junk_external_id", "Why did the website send this user ID?"),
        ("wrong_link", "Is this visitor this player?"),
    ])  # fmt: skip
    def test_asks_a_question_first(self, lead, conflict, kind, question):
        Conflict.objects.update(kind=kind)
        assert read(lead.get(f"/conflicts/{conflict.pk}/")).one("h1").text == f"{question} Open"

    def test_names_each_button_by_what_it_does(self, lead, conflict):
        buttons = read(lead.get(f"/conflicts/{conflict.pk}/")).one(class_="choices").all("button")
        assert [(one.attributes["data-key"], one.one("bdi").text) for one in buttons] == [
            ("1", "Keep link"), ("2", "Mark as shared device"), ("3", "Unlink player A: One"),
            ("4", "Unlink player B: <b>Other</b>"), ("5", "Ignore"),
        ]  # fmt: skip

    def test_calls_every_player_of_a_shared_device_by_a_letter(self, lead, conflict):
        third = make_login_user(integration=conflict.integration, user_id="third", name="Third")
        make_link(visitor=conflict.visitor, login_user=third, ended_at=NOW, end_reason="relinked")
        Conflict.objects.update(kind="shared_device")
        sides = read(lead.get(f"/conflicts/{conflict.pk}/")).one(class_="sides").all("h3")
        assert [side.text for side in sides] == ["Player A", "Player B", "Player C", "Visitor in Zendesk"]

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

    def test_goes_on_within_the_list_that_led_here(self, lead, conflict):
        make_other(conflict)
        shared = make_other(conflict, kind="shared_device")
        page = read(lead.get(f"/conflicts/{conflict.pk}/?kind=shared_device"))
        assert page.one(id="next-conflict").attributes["href"] == f"/conflicts/{shared.pk}/?kind=shared_device"
        assert page.one(class_="crumbs").one("a").attributes["href"] == "/conflicts/?kind=shared_device"

    def test_leads_to_the_next_open_one(self, lead, conflict):
        other = make_other(conflict)
        address = read(lead.get(f"/conflicts/{conflict.pk}/")).one(id="next-conflict").attributes["href"]
        assert address == f"/conflicts/{other.pk}/"

    def test_budget(self, lead, conflict, django_assert_max_num_queries):
        send(lead, conflict, "keep")
        # The conflict, its deeds, its links, the next one, and for choices and undoing the decision and open link each,
        # flags and people who may own it.
        with django_assert_max_num_queries(FRAME_QUERIES + 14):
            lead.get(f"/conflicts/{conflict.pk}/")

    def test_budget_does_not_grow_with_the_players(self, lead, conflict, django_assert_max_num_queries):
        for number in range(8):
            user = make_login_user(integration=conflict.integration, user_id=f"u{number}")
            make_link(visitor=conflict.visitor, login_user=user, ended_at=NOW, end_reason="relinked")
        Conflict.objects.update(kind="shared_device")
        with django_assert_max_num_queries(FRAME_QUERIES + 14):
            lead.get(f"/conflicts/{conflict.pk}/")


class TestAgent:
    @pytest.fixture
    def page(self, agent, conflict):
        return read(agent.get(f"/conflicts/{conflict.pk}/"))

    def test_reads_both_sides_without_addresses(self, page):
        visitor = page.one(class_="sides").all("section")[2].text
        assert ("n•••@p•••.example" in visitor, "nadia@player.example" in visitor) == (True, False)

    def test_is_offered_no_decision(self, page):
        assert page.all(class_="choices") == []
        assert page.one(class_="record").all("form") == []
        assert "No decision yet. Leads decide conflicts." in page.one(class_="record").text

    @pytest.mark.parametrize("path", ["decide/", "undo/", "assign/"])
    def test_may_not_decide(self, agent, conflict, path):
        answer = agent.post(f"/conflicts/{conflict.pk}/{path}", {"choice": "keep", "seen": "0", "owner": "me"})
        conflict.refresh_from_db()
        assert (answer.status_code, conflict.state, conflict.owner) == (403, "open", None)

    def test_sees_no_address_in_the_history(self, sign_in, agent, conflict):
        LoginUser.objects.filter(pk=conflict.login_user_id).update(name="nadia@player.example")
        send(sign_in("lead"), conflict, f"unlink:{conflict.login_user_id}")
        history = read(agent.get(f"/conflicts/{conflict.pk}/")).one(class_="timeline").text
        assert history.startswith("Unlink: this visitor is not n•••@p•••.example")


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

    def test_leads_on_within_the_list_that_led_here(self, lead, conflict):
        make_other(conflict)
        shared = make_other(conflict, kind="shared_device")
        values = {"choice": "keep", "seen": "0"}
        answer = lead.post(f"/conflicts/{conflict.pk}/decide/?kind=shared_device", values)
        assert answer["Location"] == f"/conflicts/{shared.pk}/?kind=shared_device&decided={conflict.pk}"

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
