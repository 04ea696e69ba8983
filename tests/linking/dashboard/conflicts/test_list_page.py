from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from linking.models import Conflict, ConflictKind
from tests.factories import NOW, make_integration
from tests.linking.conftest import make_person
from tests.linking.dashboard.conflicts.cast import make_conflicts
from tests.linking.dashboard.reading import read

pytestmark = pytest.mark.django_db


@pytest.fixture
def make_conflict():
    return make_conflicts()


def rows(page):
    return page.one(class_="conflicts").one("tbody").all("tr")


def cells(page, class_):
    return [cell.text for cell in page.all("td", class_=class_)]


class TestConflicts:
    def test_none_is_said(self, lead):
        assert read(lead.get("/conflicts/")).one(class_="empty").one("h2").text == "No open conflicts"

    def test_one_is_a_line(self, lead, make_conflict):
        make_conflict()
        row = rows(read(lead.get("/conflicts/")))[0]
        told = {name: row.one("td", class_=name).text for name in ("who", "visitor", "players", "owner", "is")}
        assert told == {
            "who": "Visitor signed in as another player Acme Games",
            "visitor": "Nadia 7700123.vi sitor0",
            "players": "Player A A One Player B B Other",
            "owner": "Take it",
            "is": "Open",
        }

    @pytest.mark.parametrize("kind", list(ConflictKind))
    def test_each_kind_has_its_words(self, lead, make_conflict, kind):
        conflict = make_conflict(kind=kind)
        assert (
            rows(read(lead.get("/conflicts/")))[0].one("td", class_="who").one("a").text == conflict.get_kind_display()
        )

    def test_a_junk_id_is_shown_as_it_came(self, lead, make_conflict):
        make_conflict(kind="junk_external_id", login_user=None, other_user=None, subject="junk_external_id|<b>null</b>")
        page = read(lead.get("/conflicts/"))
        assert cells(page, "players") == ["Received: <b>null</b>"]
        assert page.all("b") == []

    def test_a_hostile_name_is_text(self, lead, make_conflict):
        make_conflict(name="<i>x</i>")
        page = read(lead.get("/conflicts/"))
        assert (page.all("i"), rows(page)[0].one("td", class_="visitor").one("a").text) == ([], "<i>x</i>")

    def test_decided_ones_are_apart(self, lead, make_conflict):
        make_conflict(state="decided", decided_at=NOW, decision="keep", decided_by=User.objects.get())
        assert read(lead.get("/conflicts/")).all(class_="conflicts") == []
        page = read(lead.get("/conflicts/?state=decided"))
        assert cells(page, "is")[0].startswith("Keep link lead ·")
        assert page.all("input", name="conflict") == []

    def test_a_row_keeps_the_filters_for_what_comes_next(self, lead, make_conflict):
        conflict = make_conflict()
        link = rows(read(lead.get("/conflicts/?kind=relinked")))[0].one("td", class_="who").one("a")
        assert link.attributes["href"] == f"/conflicts/{conflict.pk}/?kind=relinked"

    def test_budget(self, lead, make_conflict, django_assert_max_num_queries):
        for _number in range(20):
            make_conflict(owner=User.objects.get())
        # The frame's seven, integrations, conflicts, their count, people.
        with django_assert_max_num_queries(11):
            lead.get("/conflicts/")


class TestPages:
    @pytest.fixture
    def many(self, make_conflict):
        for number in range(51):
            make_conflict(first_seen_at=NOW - timedelta(minutes=number))

    def test_hold_fifty_and_lead_on_and_back(self, lead, many):
        page = read(lead.get("/conflicts/?kind=relinked"))
        assert page.one("p", class_="showing").text == "Showing 50 of 51"
        following = page.one(id="next-page").attributes["href"]
        last = read(lead.get(following))
        assert (len(rows(last)), "kind=relinked" in following) == (1, True)
        assert len(rows(read(lead.get(last.one(id="previous-page").attributes["href"])))) == 50

    def test_can_begin_with_the_oldest(self, lead, many):
        page = read(lead.get("/conflicts/"))
        oldest = page.one("th", class_="for-found").one("a").attributes["href"]
        first = rows(read(lead.get(oldest)))[0].one("td", class_="who").one("a")
        assert first.attributes["href"] == f"/conflicts/{Conflict.objects.latest('pk').pk}/?order=oldest"

    def test_count_no_further_than_a_thousand(self, lead, make_conflict):
        first = make_conflict()
        Conflict.objects.bulk_create(
            Conflict(
                integration=first.integration, kind="relinked", visitor=first.visitor, subject=f"x{number}",
                first_seen_at=NOW, last_seen_at=NOW,
            )
            for number in range(1001)
        )  # fmt: skip
        assert read(lead.get("/conflicts/")).one("p", class_="showing").text == "Showing 50 of 1,000+"


class TestFilters:
    def find(self, browser, query):
        page = read(browser.get(f"/conflicts/?{query}"))
        return [row.one("td", class_="visitor").one("a").text for row in page.all("tr") if row.all("td", class_="who")]

    def test_by_kind(self, lead, make_conflict):
        make_conflict(name="A")
        make_conflict(name="B", kind="shared_device")
        page = read(lead.get("/conflicts/?kind=shared_device"))
        assert (len(rows(page)), page.one("option", value="shared_device").attributes.get("selected")) == (1, "")

    def test_by_age(self, lead, make_conflict):
        now = timezone.now()
        make_conflict(name="new", first_seen_at=now - timedelta(hours=1))
        make_conflict(name="week", first_seen_at=now - timedelta(days=5))
        make_conflict(name="old", first_seen_at=now - timedelta(days=40))
        found = {age: self.find(lead, f"age={age}") for age in ("1", "7", "over-1", "over-30")}
        assert found == {"1": ["new"], "7": ["new", "week"], "over-1": ["week", "old"], "over-30": ["old"]}

    def test_by_owner(self, lead, make_conflict):
        me, bo = User.objects.get(username="lead"), make_person("bo", ["leads"])
        make_conflict(name="mine", owner=me)
        make_conflict(name="bos", owner=bo)
        make_conflict(name="free")
        found = {owner: self.find(lead, f"owner={owner}") for owner in ("me", "nobody", bo.pk)}
        assert found == {"me": ["mine"], "nobody": ["free"], bo.pk: ["bos"]}

    def test_by_flag(self, lead, make_conflict):
        make_conflict(name="A")
        make_conflict(name="B", flagged_at=NOW)
        assert self.find(lead, "flagged=1") == ["B"]

    def test_by_integration(self, lead, make_conflict):
        make_conflict(name="A")
        make_integration(slug="beta", name="Beta", login_project_id="other")
        assert (self.find(lead, "integration=beta"), self.find(lead, "integration=acme")) == ([], ["A"])

    @pytest.mark.parametrize("query", [
        "kind=none", "integration=none", "state=none", "age=2", "owner=x", "owner=0", "flagged=2", "order=x",
        "cursor=x",
    ])  # fmt: skip
    def test_that_are_unknown_are_told(self, lead, make_conflict, query):
        assert lead.get(f"/conflicts/?{query}").status_code == 400

    def test_drop_what_was_left_open(self, lead):
        assert lead.get("/conflicts/?state=open&kind=&q=&done=3")["Location"] == "/conflicts/?state=open&done=3"

    def test_that_find_nothing_are_said(self, lead, make_conflict):
        page = read(lead.get("/conflicts/?kind=id_variant"))
        assert page.one(class_="empty").one("h2").text == "No results"


class TestSearch:
    @pytest.fixture
    def find(self, make_conflict):
        make_conflict(name="Hana Eriksen", email="hana@mail.example")
        make_conflict(name="Zoë", other_user=None)
        make_conflict(name="", kind="junk_external_id", login_user=None, other_user=None, subject="junk|undefined",
                      is_linked=False)  # fmt: skip

        def found(browser, text):
            page = read(browser.get("/conflicts/", {"q": text}))
            return len(rows(page)) if page.all(class_="conflicts") else 0

        return found

    @pytest.mark.parametrize(("text", "number"), [
        ("eriksen hana", 1), ("ZOË", 1), ("other", 1), ("hana other", 1), ("hana nobody", 0), ("undefined", 1),
        ("bo@player.example", 1), ("hana@mail", 1), ("7700123.visitor0", 1), ("7700123-visitor0", 1), ("e", 3),
        ("one@player.example", 2),
    ])  # fmt: skip
    def test_finds_all_words_in_any_order(self, lead, find, text, number):
        assert find(lead, text) == number

    @pytest.mark.parametrize(("text", "number"), [
        ("hana@mail", 0), ("na@mail.example", 0), ("hana@mail.example", 1), ("bo@player", 0), ("bo@player.example", 1),
        ("eriksen hana", 1), ("one@player.exampl", 0),
    ])  # fmt: skip
    def test_tells_agents_no_part_of_an_address(self, agent, find, text, number):
        assert find(agent, text) == number

    def test_tells_agents_no_part_of_a_name_that_is_an_address(self, agent, make_conflict):
        make_conflict(name="nadia@player.example", email="nadia@player.example", login_user=None, other_user=None,
                      is_linked=False)  # fmt: skip
        found = [bool(read(agent.get("/conflicts/", {"q": text})).all(class_="conflicts"))
                 for text in ("adia", "nadia", "player", "nadia@player.example")]  # fmt: skip
        assert found == [False, False, False, True]

    def test_finds_by_an_id_beyond_what_it_reads(self, lead, find, monkeypatch):
        monkeypatch.setattr("linking.conflicts.queue.SEARCHED_MAX", 1)
        assert (find(lead, "7700123.visitor0"), find(lead, "hana")) == (1, 0)

    def test_says_that_it_did_not_read_all(self, lead, find, monkeypatch):
        monkeypatch.setattr("linking.conflicts.queue.SEARCHED_MAX", 1)
        assert "more conflicts than a search reads" in read(lead.get("/conflicts/?q=hana")).one(class_="hint").text

    def test_budget(self, lead, find, django_assert_max_num_queries):
        with django_assert_max_num_queries(18):
            lead.get("/conflicts/?q=bo@player.example")


class TestAgent:
    def test_sees_the_list_without_addresses_and_without_choices(self, agent, make_conflict):
        make_conflict(name="nadia@player.example")
        page = read(agent.get("/conflicts/"))
        assert rows(page)[0].one("td", class_="visitor").one("a").text == "n•••@p•••.example"
        assert (page.all(class_="bulk"), page.all("input", name="conflict"), cells(page, "owner")) == (
            [],
            [],
            ["Nobody"],
        )

    def test_finds_it_in_the_navigation(self, agent, make_conflict):
        make_conflict()
        assert "Conflicts 1" in read(agent.get("/")).one(class_="side").one("nav").text
