"""What the list says about a searched text that no row can say."""

import pytest
from django.contrib.auth.models import User

from linking.notes import player_notes
from tests.factories import NOW, make_integration, make_link, make_login_user, make_visitor
from tests.linking.dashboard.reading import read

pytestmark = pytest.mark.django_db


@pytest.fixture
def nadia():
    return make_visitor(
        integration=make_integration(), visitor_id="7700123.ab3X", name="Nadia is:linked", email="nadia@player.example"
    )


def said(client, q):
    page = read(client.get("/", {"q": q}))
    return page.one("main").text


class TestHints:
    @pytest.mark.parametrize(
        ("q", "sentence"),
        [
            ("color:red", "There is no filter color:."),
            ("has:phone", "After has: write conflict."),
            ("trust:good", "After trust: write proven,"),
            ("banned:maybe", "After banned: write yes or no."),
            ("from:monday", "write a day such as 2026-11-30."),
            ("integration:none", "After integration: write its short name"),
            ("is:linked", "The filters are state:, trust:, banned:, seen:, from:, to:, integration:, label:, has:"),
            ("state:happy", "After state: write linked,"),
            ("seen:never", "After seen: write today,"),
            ("https://acme.zendesk.com/agent/tickets/4711", "from ticket 4711."),
            ("7700123", "7700123 is a Zendesk account number"),
            ("2611.7700123.none", "stores only the last ended chat"),
        ],
    )
    @pytest.mark.usefixtures("nadia")
    def test_say_what_would_help(self, lead, q, sentence):
        assert sentence in said(lead, q)

    @pytest.mark.usefixtures("nadia")
    def test_do_not_hide_what_was_found(self, lead):
        assert "7700123.ab3X" in said(lead, "is:linked")

    def test_say_that_a_ticket_was_found_in_notes(self, lead, nadia):
        player = make_login_user(integration=nadia.integration)
        make_link(visitor=nadia, login_user=player)
        by = User.objects.get(username="lead")
        player_notes.write_note(player=player, text="See ticket 4711", by=by, now=NOW)
        text = said(lead, "ticket 4711")
        assert "Found by notes that name ticket 4711." in text and "Nadia is:linked" in text

    @pytest.mark.parametrize("q", ["nadia@player", "nadia@", "1234567"])
    @pytest.mark.usefixtures("nadia")
    def test_tell_an_agent_that_addresses_are_found_whole(self, agent, q):
        assert "must enter a whole" in said(agent, q)

    @pytest.mark.parametrize("q", ["nadia", "kai zen"])
    @pytest.mark.usefixtures("nadia")
    def test_say_nothing_of_a_plain_word(self, lead, q):
        assert b"soft hint" not in lead.get("/", {"q": q}).content

    @pytest.mark.usefixtures("nadia")
    def test_are_told_while_somebody_types(self, lead):
        page = read(lead.get("/search/", {"q": "ticket 4711"}, HTTP_HX_REQUEST="true"))
        assert "does not know ticket numbers" in page.one(id="match-list").attributes["data-said"]
