import pytest

from linking.models import Label
from linking.notes import labels, player_labels
from tests.factories import NOW, make_integration, make_login_user
from tests.linking.conftest import make_person
from tests.linking.dashboard.reading import read

pytestmark = pytest.mark.django_db


@pytest.fixture
def vip():
    return labels.add_label(name="VIP", colour="violet", by=make_person("keeper"), now=NOW)


def add(client, name="Fraud", colour="red"):
    return client.post("/labels/add/", {"name": name, "colour": colour})


class TestPage:
    def test_lists_labels_with_their_players(self, lead, vip):
        nadia = make_login_user(integration=make_integration())
        player_labels.put_label(player=nadia, label_key=vip.pk, by=make_person("agent"), now=NOW)
        row = read(lead.get("/labels/")).one("ul", class_="label-rows").one("li")
        assert row.one("span", class_="label-violet").text == "VIP"
        assert "1 player loses this label." in row.text

    def test_shows_agents_the_labels_and_no_forms(self, agent, vip):
        page = read(agent.get("/labels/")).one("main")
        assert page.one("span", class_="label").text == "VIP"
        assert not page.all("form")

    def test_says_where_there_are_none(self, lead):
        assert "There are no labels yet." in read(lead.get("/labels/")).one("main").text

    def test_takes_no_more_at_twenty(self, lead):
        for number in range(20):
            add(lead, name=f"Label {number}")
        page = read(lead.get("/labels/")).one("main")
        assert not page.all("form", action="/labels/add/")
        assert "There are 20 labels already." in add(lead, name="One more").content.decode()


class TestAdding:
    def test_is_for_leads(self, lead):
        add(lead)
        assert Label.objects.values_list("name", "colour").get() == ("Fraud", "red")

    def test_is_not_for_agents(self, agent):
        assert add(agent).status_code == 403

    def test_of_a_taken_name_keeps_what_was_typed(self, lead, vip):
        page = read(add(lead, name="vip", colour="red"))
        assert page.one(role="alert").text == "Not saved: another label has this name."
        form = page.one("form", action="/labels/add/")
        assert form.one("input", name="name").attributes["value"] == "vip"
        assert "checked" in form.one("input", value="red").attributes


class TestChanging:
    def change(self, client, vip, **sent):
        return client.post(f"/labels/{vip.pk}/change/", {"name": "Whale", "colour": "blue", **sent})

    def test_renames(self, lead, vip):
        self.change(lead, vip)
        assert Label.objects.values_list("name", "colour").get() == ("Whale", "blue")

    def test_is_not_for_agents(self, agent, vip):
        assert self.change(agent, vip).status_code == 403

    def test_that_is_refused_keeps_what_was_typed_in_its_place(self, lead, vip):
        page = read(self.change(lead, vip, colour="pink"))
        form = page.one("form", action=f"/labels/{vip.pk}/change/")
        assert form.one("input", name="name").attributes["value"] == "Whale"
        assert "open" in form.parent.attributes

    def test_of_one_that_is_gone_is_404(self, lead, vip):
        Label.objects.all().delete()
        assert self.change(lead, vip).status_code == 404


class TestRemoving:
    def test_takes_it_away(self, lead, vip):
        lead.post(f"/labels/{vip.pk}/remove/")
        assert not Label.objects.exists()

    def test_is_not_for_agents(self, agent, vip):
        assert agent.post(f"/labels/{vip.pk}/remove/").status_code == 403
