"""What is newer than the list of conflicts on a page."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User

from linking.models import Conflict, ConflictState
from tests.factories import NOW
from tests.linking.dashboard.conflicts.cast import make_conflicts
from tests.linking.dashboard.reading import read

pytestmark = pytest.mark.django_db


@pytest.fixture
def make_conflict():
    return make_conflicts()


def asked_where(browser, path="/conflicts/"):
    return read(browser.get(path)).one(id="queue").attributes["data-news"]


def told(browser, url):
    answer = browser.get(url)
    assert answer.status_code == 200, answer
    return answer.json()


class TestNews:
    @pytest.mark.parametrize("path", ["/conflicts/", "/conflicts/?state=decided", "/conflicts/?order=oldest&q=nadia"])
    @pytest.mark.parametrize("number", [0, 3])
    def test_are_none_while_nothing_happens(self, lead, agent, make_conflict, path, number):
        for place in range(number):
            make_conflict(subject=f"{place}|a")
        for browser in (lead, agent):
            answer = browser.get(asked_where(browser, path))
            assert (answer.status_code, answer.content) == (204, b"")

    def test_say_how_many_conflicts_are_new(self, lead, make_conflict):
        make_conflict()
        url = asked_where(lead)
        make_conflict(first_seen_at=NOW + timedelta(minutes=1), last_seen_at=NOW + timedelta(minutes=1))
        assert (told(lead, url)["words"], told(lead, url)["changed"]) == ("1 new · show", [])

    def test_come_to_an_empty_list(self, lead, make_conflict):
        url = asked_where(lead)
        make_conflict()
        assert told(lead, url)["words"] == "1 new · show"

    def test_say_which_rows_changed(self, lead, make_conflict):
        taken, kept = make_conflict(), make_conflict()
        url = asked_where(lead)
        Conflict.objects.filter(pk=taken.pk).update(owner=User.objects.get(username="lead"))
        assert told(lead, url) | {"mark": ""} == {"mark": "", "words": "1 changed · show", "changed": [f"c{taken.pk}"]}
        assert kept.pk

    def test_say_which_rows_are_decided_by_now(self, lead, make_conflict):
        conflict = make_conflict()
        url = asked_where(lead)
        Conflict.objects.update(state=ConflictState.DECIDED, decision="ignore", decided_at=NOW)
        assert told(lead, url)["changed"] == [f"c{conflict.pk}"]

    def test_are_said_once(self, lead, make_conflict):
        url = asked_where(lead)
        make_conflict()
        assert lead.get(f"{url}&mark={told(lead, url)['mark']}").status_code == 204

    def test_do_not_call_rows_changed_that_new_ones_pushed_to_the_next_page(self, lead, make_conflict):
        for place in range(50):
            make_conflict(first_seen_at=NOW - timedelta(minutes=50 - place))
        url = asked_where(lead)
        late = NOW + timedelta(minutes=1)
        make_conflict(first_seen_at=late, last_seen_at=late)
        assert told(lead, url)["words"] == "1 new · show"

    @pytest.mark.parametrize("rows", ["%", "AAAA" * 400, "é"])
    def test_refuse_rows_that_are_none(self, lead, make_conflict, rows):
        make_conflict()
        assert lead.get("/conflicts/news/", {"rows": rows}).status_code == 400

    def test_show_an_agent_no_address(self, agent, make_conflict):
        url = asked_where(agent)
        make_conflict(name="nadia@player.example")
        assert "nadia" not in agent.get(url).content.decode()


class TestPart:
    def test_is_all_that_a_script_gets(self, lead, make_conflict):
        make_conflict()
        part = read(lead.get("/conflicts/", headers={"HX-Request": "true"}))
        assert part.one(id="queue").one("tbody").all("tr") and part.all("h1") == []
