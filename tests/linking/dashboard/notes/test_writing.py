import json

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from linking.models import Label, PlayerNote
from linking.notes import labels, player_labels, player_notes
from tests.factories import NOW, USER_ID, make_integration, make_link, make_login_user, make_visitor
from tests.linking.conftest import make_person
from tests.linking.dashboard.reading import read

pytestmark = pytest.mark.django_db
VISITOR_PAGE = "/visitors/7700123.ab3XkQ9zLm2Rt7/?integration=acme"
USER_PAGE = f"/users/{USER_ID}/?integration=acme"
HTMX = {"HTTP_HX_REQUEST": "true"}
HOSTILE = "<script>alert(1)</script>\n{{ 7 }} \"quoted\" & 'single' 😀\nhttps://evil.example/"


@pytest.fixture
def nadia():
    acme = make_integration()
    user = make_login_user(integration=acme, name="Nadia")
    make_link(visitor=make_visitor(integration=acme), login_user=user)
    return user


@pytest.fixture
def agent_person():
    return make_person("agent")


@pytest.fixture
def agent(agent_person):
    browser = Client()
    browser.force_login(agent_person)
    return browser


@pytest.fixture
def lead(sign_in):
    return sign_in("lead")


@pytest.fixture
def note(nadia, agent_person):
    return player_notes.write_note(player=nadia, text="Refunded", by=agent_person, now=NOW)


def write(client, nadia, text, back=USER_PAGE, **extra):
    return client.post(f"/players/{nadia.pk}/notes/", {"text": text, "back": back}, **extra)


def edit(client, note, text, seen=0, **extra):
    sent = {"text": text, "seen": seen, "back": USER_PAGE, "player": note.login_user_id}
    return client.post(f"/notes/{note.pk}/edit/", sent, **extra)


def texts(answer):
    return [text.text for text in read(answer).all("p", class_="note-text")]


def boxes(answer):
    return {box.attributes["id"]: "".join(box.children) for box in read(answer).all("textarea")}


class TestWriting:
    @pytest.mark.parametrize("back", [USER_PAGE, VISITOR_PAGE])
    def test_shows_the_note_on_both_pages_of_the_player(self, agent, nadia, back):
        answer = write(agent, nadia, "Refunded on Monday", back)
        assert answer["Location"] == f"{back}#notes"
        assert texts(agent.get(USER_PAGE)) == texts(agent.get(VISITOR_PAGE)) == ["Refunded on Monday"]

    def test_with_scripts_answers_with_the_panel_and_a_word(self, agent, nadia):
        answer = write(agent, nadia, "Refunded", **HTMX)
        assert texts(answer) == ["Refunded"]
        assert not read(answer).all("html")
        assert json.loads(answer["HX-Trigger"]) == {"say": {"text": "Note saved."}}

    def test_leads_nowhere_else(self, agent, nadia):
        assert write(agent, nadia, "x", "https://evil.example/")["Location"] == "/#notes"

    def test_shows_hostile_text_as_text(self, agent, nadia):
        write(agent, nadia, HOSTILE)
        page = read(agent.get(USER_PAGE))
        assert page.one("p", class_="note-text").children == [HOSTILE]

    @pytest.mark.parametrize("extra", [{}, HTMX])
    def test_gives_too_long_a_text_back_whole(self, agent, nadia, extra):
        answer = write(agent, nadia, "x" * 2003, **extra)
        assert boxes(answer)["note-text"].strip() == "x" * 2003
        assert read(answer).one(role="alert").text == "Not saved: the note is 3 characters too long."
        assert not PlayerNote.objects.exists()

    def test_counts_a_line_end_as_one_character(self, agent, nadia):
        write(agent, nadia, "\r\n".join("x" * 1000))
        assert len(PlayerNote.objects.get().text) == 1999

    def test_without_scripts_an_unsaved_note_is_status_409(self, agent, nadia):
        assert write(agent, nadia, " ").status_code == 409

    def test_on_nobody_is_404(self, agent, nadia):
        assert agent.post("/players/999/notes/", {"text": "x"}).status_code == 404

    def test_is_not_for_outsiders(self, sign_in, nadia):
        assert write(sign_in("outsider"), nadia, "x").status_code == 403


class TestNotes:
    def test_name_author_and_time(self, agent, note):
        meta = read(agent.get(USER_PAGE)).one("p", class_="note-meta").text
        assert meta.startswith("agent ")
        assert "2026" in meta

    def test_say_when_they_were_edited(self, agent, note):
        edit(agent, note, "Not refunded")
        assert " edited " in read(agent.get(USER_PAGE)).one("p", class_="note-meta").text

    def test_keep_the_name_of_a_deleted_account(self, lead, note):
        get_user_model().objects.get(username="agent").delete()
        assert read(lead.get(USER_PAGE)).one("p", class_="note-meta").text.startswith("agent ")

    def test_show_the_newest_and_the_way_to_all(self, agent, agent_person, nadia):
        for number in range(7):
            player_notes.write_note(player=nadia, text=f"no. {number}", by=agent_person, now=NOW)
        answer = agent.get(USER_PAGE)
        assert texts(answer) == [f"no. {number}" for number in (6, 5, 4, 3, 2)]
        way = read(answer).one("p", class_="note-more").one("a")
        assert way.text == "Show all 7 notes"
        assert len(texts(agent.get(way.attributes["href"]))) == 7

    def test_name_the_integration_where_the_person_is_in_several(self, agent, note, agent_person):
        west = make_login_user(integration=make_integration(slug="west", name="West", secrets={}))
        player_notes.write_note(player=west, text="Also here", by=agent_person, now=NOW)
        metas = [meta.text for meta in read(agent.get(USER_PAGE)).all("p", class_="note-meta")]
        assert [meta.rsplit(" ", 1)[1] for meta in metas] == ["West", "Games"]

    def test_of_an_anonymous_visitor_say_why_there_are_none(self, agent):
        make_visitor(integration=make_integration())
        panel = read(agent.get(VISITOR_PAGE)).one("section", id="notes")
        assert "No player is linked to this visitor." in panel.text
        assert not panel.all("textarea")

    def test_cost_the_same_queries_whatever_their_number(
        self, agent, agent_person, nadia, django_assert_max_num_queries
    ):
        agent.get(USER_PAGE)
        for number in range(5):
            player_notes.write_note(player=nadia, text=f"no. {number}", by=agent_person, now=NOW)
            label = labels.add_label(name=f"no. {number}", colour="grey", by=agent_person, now=NOW)
            player_labels.put_label(player=nadia, label_key=label.pk, by=agent_person, now=NOW)
        with django_assert_max_num_queries(24):
            agent.get(USER_PAGE)


class TestMasking:
    @pytest.fixture
    def private(self, nadia):
        return player_notes.write_note(
            player=nadia, text="Write to kai@player.example\nor +49 30 1234567", by=make_person("lead"), now=NOW
        )

    def test_hides_addresses_and_numbers_from_agents(self, agent, private):
        assert texts(agent.get(USER_PAGE)) == ["Write to k•••@p•••.example or •••67"]
        assert "kai@player" not in agent.get(USER_PAGE).content.decode()

    def test_shows_them_to_leads(self, private):
        browser = Client()
        browser.force_login(private.author)
        assert texts(browser.get(USER_PAGE)) == ["Write to kai@player.example or +49 30 1234567"]

    def test_shows_agents_what_they_typed_themselves(self, agent, agent_person, nadia):
        player_notes.write_note(player=nadia, text="kai@player.example", by=agent_person, now=NOW)
        answer = agent.get(USER_PAGE)
        assert texts(answer) == ["kai@player.example"]
        assert "kai@player.example" in [text.strip() for text in boxes(answer).values()]


class TestEditing:
    def test_replaces_the_text(self, agent, note):
        edit(agent, note, "Not refunded")
        assert texts(agent.get(USER_PAGE)) == ["Not refunded"]

    def test_is_offered_to_the_author_alone(self, agent, lead, note):
        assert f"note-text-{note.pk}" in boxes(agent.get(USER_PAGE))
        assert f"note-text-{note.pk}" not in boxes(lead.get(USER_PAGE))

    def test_by_another_person_is_refused(self, lead, note):
        assert edit(lead, note, "Mine").status_code == 403

    @pytest.mark.parametrize("extra", [{}, HTMX])
    def test_of_a_note_changed_meanwhile_keeps_both_texts(self, agent, note, extra):
        edit(agent, note, "First")
        answer = edit(agent, note, "Second", seen=0, **extra)
        assert texts(answer) == ["First"]
        assert boxes(answer)[f"note-text-{note.pk}"].strip() == "Second"
        assert "changed meanwhile" in read(answer).one(role="alert").text

    def test_can_be_saved_after_the_comparison(self, agent, note):
        edit(agent, note, "First")
        form = read(edit(agent, note, "Second", seen=0)).one("form", action=f"/notes/{note.pk}/edit/")
        edit(agent, note, "Second", seen=form.one("input", name="seen").attributes["value"])
        assert PlayerNote.objects.get().text == "Second"

    @pytest.mark.parametrize("extra", [{}, HTMX])
    def test_of_a_note_removed_meanwhile_keeps_the_text_for_a_new_one(self, agent, note, extra):
        PlayerNote.objects.all().delete()
        answer = edit(agent, note, "Second", **extra)
        assert boxes(answer)["note-text"].strip() == "Second"
        assert "removed meanwhile" in read(answer).one(role="alert").text


class TestRemoving:
    def remove(self, client, note):
        return client.post(f"/notes/{note.pk}/remove/", {"back": USER_PAGE, "player": note.login_user_id})

    def test_takes_the_note_away(self, agent, note):
        self.remove(agent, note)
        assert texts(agent.get(USER_PAGE)) == []

    def test_twice_is_as_once(self, agent, note):
        self.remove(agent, note)
        assert self.remove(agent, note)["Location"] == f"{USER_PAGE}#notes"

    def test_is_open_to_admins(self, sign_in, note):
        admin = sign_in("admin")
        assert [form.attributes["action"] for form in read(admin.get(USER_PAGE)).all("form", class_="note-form")] == [
            f"/players/{note.login_user_id}/notes/",
            f"/notes/{note.pk}/remove/",
        ]
        self.remove(admin, note)
        assert not PlayerNote.objects.exists()

    def test_is_not_open_to_leads(self, lead, note):
        assert self.remove(lead, note).status_code == 403


class TestLabels:
    @pytest.fixture
    def vip(self, agent_person):
        return labels.add_label(name="VIP <b>", colour="violet", by=agent_person, now=NOW)

    def choose(self, client, nadia, **sent):
        return client.post(f"/players/{nadia.pk}/labels/", {"back": VISITOR_PAGE, **sent})

    def chips(self, client, path):
        found = [part for part in read(client.get(path)).one("div", id="labels").children if not isinstance(part, str)]
        return [chip.text for chip in found if chip.tag == "span"]

    def test_are_put_by_agents_and_stand_by_the_name(self, agent, nadia, vip):
        self.choose(agent, nadia, put=vip.pk)
        assert self.chips(agent, VISITOR_PAGE) == self.chips(agent, USER_PAGE) == ["VIP <b>"]

    def test_are_taken_off(self, agent, nadia, vip):
        self.choose(agent, nadia, put=vip.pk)
        button = read(agent.get(USER_PAGE)).one("button", class_="label-violet")
        assert (button.attributes["aria-pressed"], button.attributes["name"]) == ("true", "take")
        self.choose(agent, nadia, take=vip.pk)
        assert self.chips(agent, USER_PAGE) == []

    def test_that_are_gone_change_nothing(self, agent, nadia, vip):
        Label.objects.all().delete()
        self.choose(agent, nadia, put=vip.pk)
        assert "This label no longer exists." in agent.get(USER_PAGE).content.decode()

    def test_with_scripts_stay_open_for_the_next(self, agent, nadia, vip):
        answer = agent.post(f"/players/{nadia.pk}/labels/", {"put": vip.pk}, **HTMX)
        assert "open" in read(answer).one("details").attributes
        assert json.loads(answer["HX-Trigger"]) == {"say": {"text": "Label VIP <b> put on."}}

    def test_lead_to_the_page_where_leads_keep_them(self, agent, lead, nadia):
        assert [way.text for way in read(lead.get(USER_PAGE)).all("a", href="/labels/")] == ["Manage labels"]
        assert not read(agent.get(USER_PAGE)).all("a", href="/labels/")
