"""One word of trust: whoever looks at a visitor, wherever, finds the same."""

import csv
import io
import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from linking.core.trust import Trust
from linking.dashboard.shell import parts
from linking.dashboard.shell.sources import find_words
from linking.models import Conflict, LoginUser, Visitor, VisitorLink, ZendeskProduct
from linking.search import find
from tests.factories import NOW, USER_ID, make_integration, make_link, make_login_user, make_visitor
from tests.linking.conftest import make_person
from tests.linking.dashboard.reading import read

pytestmark = pytest.mark.django_db
VISITOR_ID = "7700123.ab3XkQ9zLm2Rt7"
BEFORE, AFTER = NOW - timedelta(minutes=3), NOW + timedelta(minutes=3)
STATES = ("proven", "claimed", "token came later", "disputed", "disputed and never proven", "anonymous")
WORDS = {
    "proven": "proven", "claimed": "claimed", "token came later": "claimed", "disputed": "disputed",
    "disputed and never proven": "disputed", "anonymous": "",
}  # fmt: skip
FIRST_TOKEN_AT = {"proven": BEFORE, "token came later": AFTER, "disputed": BEFORE}


def make_token_times(first_at):
    return {"first_authenticated_at": first_at, "last_authenticated_at": AFTER, "tokens_issued": 2} if first_at else {}


def make_conflict(visitor, **changes):
    values = {"kind": "shared_device", "subject": "a|b", "first_seen_at": NOW, "last_seen_at": NOW}
    return Conflict.objects.create(integration=visitor.integration, visitor=visitor, **(values | changes))


def make_state(name):
    """Nadia's visitor, in one of the states."""
    visitor = make_visitor(integration=make_integration(), name="Nadia")
    if name != "anonymous":
        tokens = make_token_times(FIRST_TOKEN_AT.get(name))
        user = make_login_user(integration=visitor.integration, name="Nadia at Login", **tokens)
        make_link(visitor=visitor, login_user=user)
    if name.startswith("disputed"):
        make_conflict(visitor)
    return visitor


@pytest.fixture
def lead():
    browser = Client()
    browser.force_login(make_person("lead"))
    return browser


@pytest.fixture(params=STATES)
def word(request):
    """The word for the one visitor that there is, who is in each of the states in turn."""
    make_state(request.param)
    return WORDS[request.param]


class TestMachines:
    def test_read_it_in_the_api(self, lead, word):
        one = lead.get(f"/api/v1/visitors/{VISITOR_ID}/").json()
        listed = lead.get("/api/v1/visitors/").json()["results"]
        assert [one["trust"], listed[0]["trust"]] == [word, word]

    def test_read_it_with_the_user_in_the_api(self, lead, word):
        if word:
            user = lead.get(f"/api/v1/users/{USER_ID}/").json()
            assert [user["trust"], user["visitors"][0]["trust"]] == [word, word]

    def test_read_it_in_the_export(self, lead, word):
        text = b"".join(lead.get("/export/visitors.csv").streaming_content).decode("utf-8-sig")
        assert [row["trust"] for row in csv.DictReader(io.StringIO(text))] == [word]

    def test_read_it_in_the_lines_of_links(self, word, capsys):
        call_command("links", "acme")
        assert [json.loads(line)["trust"] for line in capsys.readouterr().out.splitlines()] == [word] * bool(word)

    def test_read_nothing_of_a_link_that_ended(self, capsys):
        make_state("proven")
        VisitorLink.objects.update(ended_at=NOW, end_reason="cleared")
        call_command("links", "acme", "--history")
        assert json.loads(capsys.readouterr().out)["trust"] == ""

    def test_are_told_the_words_there_are(self, lead):
        schema = lead.get("/api/schema/?format=json").json()["components"]["schemas"]
        trust = [schema[shape]["properties"]["trust"] for shape in ("Visitor", "LinkedVisitor", "LoginUser")]
        assert ["empty where nobody is linked" in str(one) for one in trust] == [True] * 3
        assert {"proven", "claimed", "disputed", ""} <= set(schema["TrustEnum"]["enum"]) | {""}


class TestWhatDisputes:
    @pytest.mark.parametrize(
        "kind", ["relinked", "shared_device", "email_of_another_user", "id_variant", "junk_external_id"]
    )
    def test_is_an_open_conflict_of_any_kind_about_the_visitor(self, kind):
        make_conflict(make_state("proven"), kind=kind)
        assert find.find_visitor(visitor_id=VISITOR_ID).open_links[0].trust is Trust.DISPUTED

    def test_is_no_conflict_that_was_decided(self):
        make_conflict(make_state("proven"), state="decided", decision="keep", decided_at=NOW)
        assert find.find_visitor(visitor_id=VISITOR_ID).open_links[0].trust is Trust.PROVEN

    def test_is_no_conflict_about_another_visitor_that_names_the_user(self):
        """Whoever types a player's address into a chat makes that player's own visitors no less certain."""
        visitor = make_state("proven")
        stranger = make_visitor(integration=visitor.integration, visitor_id="7700123.stranger")
        make_conflict(stranger, kind="email_of_another_user", other_user=LoginUser.objects.get())
        assert find.find_visitor(visitor_id=VISITOR_ID).open_links[0].trust is Trust.PROVEN
        assert find.find_login_user(user_id=USER_ID).trust is Trust.PROVEN


class TestUsers:
    def test_are_proven_where_one_of_their_visitors_is(self):
        visitor = make_state("token came later")
        laptop = make_visitor(integration=visitor.integration, visitor_id="7700123.laptop")
        make_link(visitor=laptop, login_user=LoginUser.objects.get(), last_confirmed_at=AFTER)
        user = find.find_login_user(user_id=USER_ID)
        assert (user.trust, sorted(link.trust for link in user.open_links)) == ("proven", ["claimed", "proven"])

    def test_are_disputed_where_one_of_their_visitors_is(self):
        visitor = make_state("disputed")
        laptop = make_visitor(integration=visitor.integration, visitor_id="7700123.laptop")
        make_link(visitor=laptop, login_user=LoginUser.objects.get())
        user = find.find_login_user(user_id=USER_ID)
        assert (user.trust, sorted(link.trust for link in user.open_links)) == ("disputed", ["disputed", "proven"])

    def test_whom_nobody_is_linked_to_have_no_word(self):
        make_login_user(integration=make_integration(), **make_token_times(BEFORE))
        assert find.find_login_user(user_id=USER_ID).trust is Trust.NONE


class TestStatements:
    def test_are_as_many_for_fifty_visitors_as_for_two(self, lead):
        integration = make_integration()
        user = make_login_user(integration=integration, **make_token_times(BEFORE))

        def number(*places):
            for place in places:
                visitor = make_visitor(integration=integration, visitor_id=f"7.v{place}")
                make_link(visitor=visitor, login_user=user)
                make_conflict(visitor)
            with CaptureQueriesContext(connection) as asked:
                lead.get("/api/v1/visitors/")
                lead.get(f"/api/v1/users/{USER_ID}/")
            return len(asked)

        lead.get("/api/v1/visitors/")  # what a first call looks up once
        assert number(*range(2)) == number(*range(10, 60))


def look(browser, path, **headers):
    return read(browser.get(path, **headers))


def states_in(element):
    """The badges inside, in words."""
    return [state.text for state in element.all(class_="state")]


SHOWN = {"proven": "Proven", "claimed": "Claimed", "disputed": "Disputed", "": "Anonymous"}
HTMX = {"HTTP_HX_REQUEST": "true"}


class TestPeople:
    def test_read_below_the_list_what_the_words_mean(self, lead):
        make_state("claimed")
        legend = look(lead, "/").one(class_="trust-words")
        assert states_in(legend) == ["Proven", "Claimed", "Disputed"]
        assert all(sentence.text.endswith(".") for sentence in legend.all("dd"))

    def test_read_it_in_the_list(self, lead, word):
        row = look(lead, "/").one("tbody").one("tr")
        assert states_in(row) == [SHOWN[word]]

    def test_read_it_in_the_first_matches(self, lead, word):
        assert states_in(look(lead, "/search/?q=nadia", **HTMX).one(role="option")) == [SHOWN[word]]

    def test_read_it_on_the_record_which_the_drawer_shows_too(self, lead, word):
        page = look(lead, f"/visitors/{VISITOR_ID}/")
        assert states_in(page.one("h1")) == [SHOWN[word]]
        history = page.one("details", class_="technical")
        assert states_in(history) == [SHOWN[word]] * bool(word)

    def test_read_it_on_the_users_page(self, lead, word):
        if word:
            page = look(lead, f"/users/{USER_ID}/")
            linked = page.one("section", aria_labelledby="linked")
            assert [states_in(page.one("h1")), states_in(linked)] == [[SHOWN[word]], [SHOWN[word]]]

    def test_read_it_where_a_pasted_id_names_the_user(self, lead, word):
        if word:
            assert states_in(look(lead, f"/search/?q={USER_ID}", **HTMX).one(role="option")) == [SHOWN[word]]

    def test_read_what_it_means_on_the_record(self, lead, word):
        sentence = {
            "proven": "Proven: the player signed in through Login.",
            "claimed": "Not proven: this ID was not checked by zdbridge. Ask before you share account details.",
            "disputed": "Disputed: a conflict is open. Do not share account details until it is decided.",
            "": "Anonymous: this visitor was not signed in while chatting.",
        }[word]
        assert look(lead, f"/visitors/{VISITOR_ID}/").one("h2", id="why").text == sentence

    def test_find_everybody_with_an_open_conflict_marked_who_needs_checking(self, lead):
        """Whoever is linked reads "Disputed", whoever is not "Open conflict"."""
        visitor = make_state("disputed")
        for number, state in enumerate(("anonymous", "pending")):
            other = make_visitor(integration=visitor.integration, visitor_id=f"7.v{number}", state=state)
            make_conflict(other, kind="junk_external_id")
        make_visitor(integration=visitor.integration, visitor_id="7.calm")
        rows = look(lead, "/?only=to_check").one("tbody").all("tr")
        assert [bool(row.all(class_="state-warn")) for row in rows] == [True] * 3
        amber = [row for row in look(lead, "/").one("tbody").all("tr") if row.all(class_="state-warn")]
        assert len(amber) == 3


PAGES = ("/", "/search/?q=nadia", f"/visitors/{VISITOR_ID}/", f"/users/{USER_ID}/", f"/search/?q={USER_ID}")


def tones_in(page):
    """The tones of everything told of people: the frame around a page tells of the sync, the legend of words."""
    main = (page.all("main") or [page])[0]
    legend = [element for one in main.all(class_="trust-words") for element in one.all()]
    told = [element for element in main.all() if element not in legend]
    classes = " ".join(element.attributes.get("class", "") for element in told).split()
    return {name.rpartition("-")[2] for name in classes if name.startswith(("state-", "why-"))}


class TestGreen:
    @pytest.mark.parametrize("state", STATES)
    @pytest.mark.parametrize("path", PAGES)
    def test_is_for_proven_alone(self, lead, path, state):
        make_state(state)
        answer = lead.get(path, **(HTMX if "search" in path else {}))
        has_green = answer.status_code == 200 and "good" in tones_in(read(answer))
        assert has_green == (state == "proven")

    @pytest.mark.parametrize("path", ["/conflicts/", "/conflicts/1/"])
    def test_is_not_on_the_pages_of_conflicts(self, lead, path):
        visitor = make_state("proven")
        conflict = make_conflict(visitor, login_user=LoginUser.objects.get())
        page = look(lead, path.replace("1", str(conflict.pk)))
        assert "good" not in tones_in(page)

    def test_is_in_no_template_by_itself(self):
        """A badge takes its tone from a state, so no page of people paints one green by hand."""
        templates = Path(__file__).parents[2] / "templates"
        by_hand = {path.name for path in templates.rglob("*.html") if "state-good" in path.read_text()}
        assert by_hand <= {"connect.html"}  # "Connected", which tells of Zendesk and of nobody

    def test_is_the_tone_of_one_state_of_people(self):
        of_people = [*parts.VISITOR_STATES.values(), *parts.TRUST_STATES.values(), parts.NOT_LINKED]
        of_people += [parts.IN_CONFLICT, parts.SIGNED_IN, parts.NEVER_SIGNED_IN]
        words = [find_words(product) for product in ZendeskProduct]
        of_people += [*(word.ban for word in words), *(word.waiting for word in words)]
        assert [str(state.word) for state in of_people if state.tone == "good"] == ["Proven"]


class TestBan:
    @pytest.fixture(autouse=True)
    def banned(self):
        make_state("proven")
        Visitor.objects.update(is_banned=True)

    def test_is_a_red_badge_beside_the_name_in_the_list(self, lead):
        assert look(lead, "/").one("td", class_="who").one(class_="state-bad").text == "Banned"

    def test_is_one_in_the_first_matches(self, lead):
        option = look(lead, "/search/?q=nadia", **HTMX).one(role="option")
        assert states_in(option) == ["Banned", "Proven"]

    def test_is_one_on_the_record_whose_card_is_red(self, lead):
        page = look(lead, f"/visitors/{VISITOR_ID}/")
        assert states_in(page.one("h1")) == ["Banned", "Proven"]
        card = page.one(class_="why")
        assert ("why-bad" in card.attributes["class"], "banned in Zendesk" in card.text) == (True, True)

    def test_is_one_beside_the_visitor_on_the_users_page(self, lead):
        linked = look(lead, f"/users/{USER_ID}/").one("section", aria_labelledby="linked")
        assert states_in(linked) == ["Proven", "Banned"]
