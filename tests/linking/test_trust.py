"""One word of trust: whoever looks at a visitor, wherever, finds the same."""

import csv
import io
import json
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from linking import finding
from linking.core.trust import Trust
from linking.models import Conflict, LoginUser, VisitorLink
from tests.factories import NOW, USER_ID, make_integration, make_link, make_login_user, make_visitor
from tests.linking.dashboard.conftest import make_person

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
        assert finding.visitor(visitor_id=VISITOR_ID).open_links[0].trust is Trust.DISPUTED

    def test_is_no_conflict_that_was_decided(self):
        make_conflict(make_state("proven"), state="decided", decision="keep", decided_at=NOW)
        assert finding.visitor(visitor_id=VISITOR_ID).open_links[0].trust is Trust.PROVEN

    def test_is_no_conflict_about_another_visitor_that_names_the_user(self):
        """Whoever types a player's address into a chat makes that player's own visitors no less certain."""
        visitor = make_state("proven")
        stranger = make_visitor(integration=visitor.integration, visitor_id="7700123.stranger")
        make_conflict(stranger, kind="email_of_another_user", other_user=LoginUser.objects.get())
        assert finding.visitor(visitor_id=VISITOR_ID).open_links[0].trust is Trust.PROVEN
        assert finding.login_user(user_id=USER_ID).trust is Trust.PROVEN


class TestUsers:
    def test_are_proven_where_one_of_their_visitors_is(self):
        visitor = make_state("token came later")
        laptop = make_visitor(integration=visitor.integration, visitor_id="7700123.laptop")
        make_link(visitor=laptop, login_user=LoginUser.objects.get(), last_confirmed_at=AFTER)
        user = finding.login_user(user_id=USER_ID)
        assert (user.trust, sorted(link.trust for link in user.open_links)) == ("proven", ["claimed", "proven"])

    def test_are_disputed_where_one_of_their_visitors_is(self):
        visitor = make_state("disputed")
        laptop = make_visitor(integration=visitor.integration, visitor_id="7700123.laptop")
        make_link(visitor=laptop, login_user=LoginUser.objects.get())
        user = finding.login_user(user_id=USER_ID)
        assert (user.trust, sorted(link.trust for link in user.open_links)) == ("disputed", ["disputed", "proven"])

    def test_whom_nobody_is_linked_to_have_no_word(self):
        make_login_user(integration=make_integration(), **make_token_times(BEFORE))
        assert finding.login_user(user_id=USER_ID).trust is Trust.NONE


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
