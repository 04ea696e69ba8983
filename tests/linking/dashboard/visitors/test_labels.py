"""Labels in the list: chips in the rows, a filter among the others, and a word to type."""

import pytest

from linking.models import Label
from linking.notes import labels, player_labels
from linking.search import narrow
from tests.factories import NOW, make_integration, make_link, make_login_user, make_visitor
from tests.linking.conftest import make_person
from tests.linking.dashboard.reading import read

pytestmark = pytest.mark.django_db
PROOF = {"first_authenticated_at": NOW, "last_authenticated_at": NOW, "tokens_issued": 1}


@pytest.fixture
def by():
    return make_person("colleague", ["leads"])


@pytest.fixture
def vip(by):
    return labels.add_label(name="Big <b>VIP", colour="violet", by=by, now=NOW)


@pytest.fixture
def people(vip, by):
    """Nadia with the label, linked to a visitor; Kai without; Li with it and without a chat."""
    acme = make_integration()
    for name, place in (("Nadia", "7.a"), ("Kai", "7.b")):
        user = make_login_user(integration=acme, user_id=name)
        make_link(visitor=make_visitor(integration=acme, visitor_id=place, name=name), login_user=user)
        if name == "Nadia":
            player_labels.put_label(player=user, label_key=vip.pk, by=by, now=NOW)
    waiting = make_login_user(integration=acme, user_id="Li", name="Li", **PROOF)
    player_labels.put_label(player=waiting, label_key=vip.pk, by=by, now=NOW)


def names(answer):
    return [cell.one("a").one("bdi").text for cell in read(answer).all("td", class_="who")]


def chip_of(answer):
    return next(chip for chip in read(answer).one("main").all("details") if "Label" in chip.one("summary").text)


@pytest.mark.usefixtures("people")
class TestRows:
    def test_carry_the_labels_of_their_players(self, agent):
        rows = {row.one("td", class_="who").one("a").one("bdi").text: row for row in read(agent.get("/")).all("tr")[1:]}
        assert [chip.text for chip in rows["Nadia"].all("span", class_="label-violet")] == ["Big <b>VIP"]
        assert not rows["Kai"].all("span", class_="label")

    def test_of_players_without_a_chat_carry_them_too(self, agent):
        (row,) = read(agent.get("/?state=signed_in")).all("td", class_="who")
        assert row.one("span", class_="label").text == "Big <b>VIP"


@pytest.mark.usefixtures("people")
class TestFilter:
    def test_finds_the_visitors_of_players_with_the_label(self, agent):
        assert names(agent.get("/", {"label": "big <b>vip"})) == ["Nadia"]

    def test_finds_them_by_walking_the_list_where_they_are_many(self, agent, monkeypatch):
        monkeypatch.setattr(narrow, "LABELLED_FEW", 0)
        assert names(agent.get("/", {"label": "big <b>vip"})) == ["Nadia"]

    def test_finds_players_without_a_chat(self, agent):
        assert names(agent.get("/", {"label": "big <b>vip", "state": "signed_in"})) == ["Li"]

    @pytest.mark.parametrize("q", ["label:big_<b>vip", "label:BIG-<b>VIP nadia"])
    def test_can_be_typed(self, agent, q):
        answer = agent.get("/", {"q": q}, follow=True)
        assert names(answer) == ["Nadia"]
        assert "label=big" in answer.redirect_chain[-1][0]

    def test_offers_all_labels(self, agent, by):
        labels.add_label(name="Fraud", colour="red", by=by, now=NOW)
        choices = [link.text for link in chip_of(agent.get("/")).all("a")]
        assert {"Big <b>VIP", "Fraud"} <= set(choices)

    def test_is_not_offered_where_there_are_no_labels(self, agent):
        Label.objects.all().delete()
        assert "Label" not in [chip.one("summary").text for chip in read(agent.get("/")).one("main").all("details")]

    def test_by_an_unknown_name_says_which_there_are(self, agent):
        answer = agent.get("/", {"label": "nope"})
        assert answer.status_code == 400
        assert "The labels are: big <b>vip." in read(answer).one("main").text

    def test_that_is_typed_and_unknown_stays_text_with_a_hint(self, agent):
        assert "After label: write the name of a label" in agent.get("/", {"q": "label:nope"}).content.decode()

    def test_holds_for_the_export(self, lead):
        lines = (
            b"".join(lead.get("/export/visitors.csv", {"label": "big <b>vip"}).streaming_content).decode().splitlines()
        )
        assert len(lines) == 2
