from datetime import timedelta

import pytest
from django.utils import timezone

from linking.models import Conflict, DecisionBatch, VisitorLink
from tests.factories import NOW
from tests.linking.dashboard.conflicts.cast import make_conflicts
from tests.linking.dashboard.reading import read

pytestmark = pytest.mark.django_db
FRAME_QUERIES = 7


@pytest.fixture
def make_conflict():
    return make_conflicts()


def preview(browser, verdict, conflicts=(), **changes):
    values = {"verdict": verdict, "conflict": [one.pk for one in conflicts], "query": ""} | changes
    return browser.post("/conflicts/bulk/", values, follow=True)


def confirm(browser, answer):
    form = read(answer).one("form", class_="actions")
    sent = {one.attributes["name"]: one.attributes["value"] for one in form.all("input", type="hidden")}
    return browser.post(form.attributes["action"], sent, follow=True)


def effects(answer):
    return [line.text for line in read(answer).one(class_="changes").all("li")]


class TestPreview:
    def test_says_what_unlinking_changes(self, lead, make_conflict):
        conflicts = [make_conflict(), make_conflict(), make_conflict(is_linked=False)]
        answer = preview(lead, "unlink", conflicts)
        assert read(answer).one("h1").text == "Unlink player A in 3 conflicts?"
        assert effects(answer) == [
            "3 conflicts leave the open list.",
            "2 links end now and stay in the history.",
            "In 1 conflict player A is not linked now, so no link ends there.",
            "The visitors and players stay unlinked until someone undoes this.",
        ]

    def test_says_what_a_shared_device_changes(self, lead, make_conflict):
        answer = preview(lead, "shared_device", [make_conflict(), make_conflict()])
        assert effects(answer) == [
            "2 conflicts leave the open list.", "2 links stay as they are.", "2 visitors count as shared devices.",
        ]  # fmt: skip

    def test_names_what_is_left_out(self, lead, make_conflict):
        junk = make_conflict(kind="junk_external_id", login_user=None, other_user=None, subject="junk|undefined")
        page = read(preview(lead, "keep", [make_conflict(), junk]))
        left_out = page.all("section")[1]
        assert "1 conflict cannot be decided like this and stays open." in left_out.text
        assert "Received: undefined" in left_out.one("ul").text

    def test_says_when_nothing_is_left_to_decide(self, lead, make_conflict):
        junk = make_conflict(kind="junk_external_id", login_user=None, other_user=None)
        page = read(preview(lead, "keep", [junk]))
        assert (page.one("h1").text, page.all(id="confirm")) == ("Nothing to decide", [])

    def test_of_all_that_match_takes_the_filters(self, lead, make_conflict):
        make_conflict()
        make_conflict(kind="shared_device")
        answer = preview(lead, "ignore", all="1", query="?kind=shared_device")
        assert read(answer).one("h1").text == "Ignore 1 conflict?"

    @pytest.mark.parametrize(("verdict", "sentence"), [
        ("ignore", "Select conflicts first."), ("undo", "Select conflicts first."),
    ])  # fmt: skip
    def test_of_nothing_leads_back(self, lead, make_conflict, verdict, sentence):
        assert read(preview(lead, verdict)).one(id="toasts").text == sentence

    def test_of_nonsense_leads_back(self, lead, make_conflict):
        page = read(preview(lead, "merge", [make_conflict()]))
        assert page.one(id="toasts").text == "Conflicts cannot be decided like that. Nothing was changed."

    def test_is_for_leads(self, agent, make_conflict):
        assert preview(agent, "ignore", [make_conflict()]).status_code == 403

    def test_budget(self, lead, make_conflict, django_assert_max_num_queries):
        conflicts = [make_conflict() for _number in range(30)]
        with django_assert_max_num_queries(FRAME_QUERIES + 3):
            preview(lead, "unlink", conflicts)


class TestDecide:
    def test_leads_back_to_the_list_with_its_filters_and_an_undo(self, lead, make_conflict):
        answer = preview(lead, "ignore", [make_conflict(), make_conflict()], query="?kind=relinked")
        page = confirm(lead, answer)
        assert page.redirect_chain[-1][0] == f"/conflicts/?kind=relinked&done={DecisionBatch.objects.get().pk}"
        assert read(page).one(id="last-batch").one("p").text == "2 conflicts decided: Ignore"

    def test_says_what_changed_in_the_meantime(self, lead, make_conflict):
        conflicts = [make_conflict(), make_conflict()]
        answer = preview(lead, "ignore", conflicts)
        Conflict.objects.filter(pk=conflicts[0].pk).update(state="decided", decision="keep", decided_at=NOW)
        toasts = read(confirm(lead, answer)).one(id="toasts").text
        assert "1 conflict was left alone, because someone changed it in the meantime." in toasts

    @pytest.mark.parametrize("targets", ["", "x", "1", "1:x 2", ":", "9" * 40 + ":0"])
    def test_of_nonsense_changes_nothing(self, lead, make_conflict, targets):
        make_conflict()
        lead.post("/conflicts/bulk/decide/", {"verdict": "ignore", "targets": targets})
        assert (Conflict.objects.open().count(), DecisionBatch.objects.count()) == (1, 0)


class TestBatch:
    @pytest.fixture
    def batch(self, lead, make_conflict):
        confirm(lead, preview(lead, "unlink", [make_conflict(), make_conflict()]))
        return DecisionBatch.objects.get()

    def test_is_told_with_its_conflicts(self, lead, batch):
        page = read(lead.get(f"/conflicts/bulk/{batch.pk}/"))
        assert page.one("h1").text == "Bulk decision: Unlink"
        assert len(page.one("ul", class_="named").all("li")) == 2
        assert "2 decisions are still in force." in page.one("main").text

    def test_is_named_in_the_history_of_each_conflict(self, lead, batch):
        page = read(lead.get(f"/conflicts/{Conflict.objects.first().pk}/"))
        assert page.one(class_="timeline").one("a").attributes["href"] == f"/conflicts/bulk/{batch.pk}/"

    def test_is_undone_as_a_whole(self, lead, batch):
        page = read(lead.post(f"/conflicts/bulk/{batch.pk}/undo/", follow=True))
        assert page.one(id="toasts").text == "Undone: 2 conflicts are open again."
        assert VisitorLink.objects.open().count() == 2

    def test_says_what_it_did_not_undo(self, lead, batch):
        conflict = Conflict.objects.first()
        values = {"choice": "ignore", "seen": conflict.decisions.get().pk}
        lead.post(f"/conflicts/{conflict.pk}/decide/", values)
        toasts = read(lead.post(f"/conflicts/bulk/{batch.pk}/undo/", follow=True)).one(id="toasts").text
        assert "Undone: 1 conflict is open again." in toasts
        assert "1 conflict was left alone" in toasts

    def test_is_offered_no_undo_after_a_week(self, lead, batch):
        DecisionBatch.objects.update(at=timezone.now() - timedelta(days=8))
        assert read(lead.get(f"/conflicts/bulk/{batch.pk}/")).all(id="undo-lot") == []
        page = read(lead.post(f"/conflicts/bulk/{batch.pk}/undo/", follow=True))
        assert "too long ago to be undone as a whole" in page.one(id="toasts").text
        assert Conflict.objects.open().count() == 0

    def test_is_for_leads(self, client, agent, batch):
        assert agent.get(f"/conflicts/bulk/{batch.pk}/").status_code == 403
        assert agent.post(f"/conflicts/bulk/{batch.pk}/undo/").status_code == 403

    @pytest.mark.parametrize("path", ["", "undo/"])
    def test_that_is_not_there_is_not_found(self, lead, path):
        send = lead.post if path else lead.get
        assert send(f"/conflicts/bulk/4711/{path}").status_code == 404
