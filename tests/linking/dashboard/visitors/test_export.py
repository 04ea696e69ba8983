import csv
import io

import pytest
from django.contrib.auth.models import User

from linking.dashboard.visitors import export
from linking.models import AuditEvent, LoginUser
from linking.notes import labels, player_labels
from tests.factories import NOW, USER_ID, make_integration, make_link, make_login_user, make_visitor
from tests.linking.dashboard.reading import read

pytestmark = pytest.mark.django_db
PAGE = "/export/visitors.csv"


@pytest.fixture
def acme():
    return make_integration()


def table(browser, query=""):
    answer = browser.get(PAGE + query)
    return list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))


class TestExport:
    def test_holds_a_visitor_with_its_user(self, lead, acme):
        make_link(visitor=make_visitor(integration=acme, name="Nadia"), login_user=make_login_user(integration=acme))
        _head, row = table(lead)
        assert row == [
            "acme", "7700123.ab3XkQ9zLm2Rt7", "linked", "Nadia", "", "", USER_ID, "false", "claimed",
            "2026-11-22T12:00:00Z", "2026-11-22T12:00:00Z", "2026-11-22T12:00:00Z", "false", "chat", "",
        ]  # fmt: skip

    @pytest.mark.parametrize(("query", "of"), [("", "nadia"), ("?state=signed_in", "omar")])
    def test_holds_the_labels_of_players(self, lead, acme, query, of):
        make_link(visitor=make_visitor(integration=acme), login_user=make_login_user(integration=acme, user_id="nadia"))
        proof = dict.fromkeys(("first_authenticated_at", "last_authenticated_at"), "2026-11-22T12:00:00Z")
        make_login_user(integration=acme, user_id="omar", tokens_issued=1, **proof)
        by = User.objects.get(username="lead")
        for name in ("VIP", "=Tester"):
            label = labels.add_label(name=name, colour="violet", by=by, now=NOW)
            player = LoginUser.objects.select_related("integration").get(user_id=of)
            player_labels.put_label(player=player, label_key=label.pk, by=by, now=NOW)
        head, row = table(lead, query)
        assert (head[-1], row[-1]) == ("labels", "'=Tester; VIP")

    def test_holds_what_the_filters_find(self, lead, acme):
        make_visitor(integration=acme, name="Nadia")
        make_visitor(integration=acme, visitor_id="7.gone", state="gone", gone_at="2026-11-22T12:00:00Z")
        assert [row[1] for row in table(lead, "?state=gone")[1:]] == ["7.gone"]

    def test_holds_every_page(self, lead, acme, monkeypatch):
        monkeypatch.setattr(export, "CHUNK", 3)
        for number in range(10):
            make_visitor(integration=acme, visitor_id=f"7.v{number}")
        assert len({row[1] for row in table(lead)[1:]}) == 10

    def test_of_users_who_wait_has_columns_of_its_own(self, lead, acme):
        proof = {"first_authenticated_at": "2026-11-22T12:00:00Z", "last_authenticated_at": "2026-11-22T12:00:00Z"}
        make_login_user(integration=acme, tokens_issued=2, **proof)
        head, row = table(lead, "?state=signed_in")
        assert (head[1], row[1], row[-2]) == ("user_id", USER_ID, "2")

    @pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@x", "\t=1", "＝1"])
    def test_runs_in_no_spreadsheet(self, lead, acme, name):
        make_visitor(integration=acme, name=name)
        assert table(lead)[1][3] == f"'{name}"

    def test_is_in_the_audit_with_its_count_and_without_what_was_searched(self, lead, acme):
        make_visitor(integration=acme, name="Nadia")
        table(lead, "?q=Nadia")
        event = AuditEvent.objects.get(action="export")
        assert (event.actor, event.target, event.fields) == ("lead", "1 visitors", ["q"])

    def test_is_not_for_agents(self, agent, acme):
        assert agent.get(PAGE).status_code == 403

    def test_nonsense_is_told(self, lead, acme):
        assert lead.get(f"{PAGE}?state=none").status_code == 400


class TestSelectedRows:
    def send(self, browser, **form):
        return browser.post(PAGE, {"query": "", **form})

    def lines(self, answer):
        return list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))

    def test_are_the_only_ones_in_the_file_and_in_the_audit(self, lead, acme):
        boxes = [f"v{make_visitor(integration=acme, visitor_id=f'7.v{number}').pk}" for number in range(3)]
        answer = self.send(lead, row=boxes[:2])
        assert {row[1] for row in self.lines(answer)[1:]} == {"7.v0", "7.v1"}
        event = AuditEvent.objects.get(action="export")
        assert (event.target, event.fields) == ("2 visitors", ["rows"])

    def test_all_that_match_may_be_meant(self, lead, acme):
        box = f"v{make_visitor(integration=acme, visitor_id='7.v0').pk}"
        make_visitor(integration=acme, visitor_id="7.v1")
        assert len(self.lines(self.send(lead, row=[box], all="1"))) == 3

    def test_of_players_hold_players(self, lead, acme):
        proof = {"first_authenticated_at": "2026-11-22T12:00:00Z", "last_authenticated_at": "2026-11-22T12:00:00Z"}
        user = make_login_user(integration=acme, tokens_issued=2, **proof)
        answer = self.send(lead, query="?state=signed_in", row=[f"u{user.pk}"])
        assert self.lines(answer)[1][1] == USER_ID

    def test_none_is_told(self, lead, acme):
        page = read(lead.post(PAGE, {"query": ""}, follow=True))
        assert page.one(id="toasts").text == "No row is selected."

    def test_are_not_for_agents(self, agent, acme):
        assert self.send(agent, all="1").status_code == 403


class TestLink:
    def test_leads_to_the_same_filters(self, lead, acme):
        make_visitor(integration=acme, name="Nadia")
        assert read(lead.get("/?q=Nadi")).one("a", id="export").attributes["href"] == f"{PAGE}?q=Nadi"

    def test_agents_have_none(self, agent, acme):
        make_visitor(integration=acme)
        assert read(agent.get("/")).all("a", id="export") == []
