"""The page of people, as an administrator meets it."""

import re

import pytest
from django.contrib.auth import get_user_model
from django.core import mail
from django.test import Client

from linking.accounts import mail as letters
from tests.linking.conftest import make_person
from tests.linking.dashboard.reading import read

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(sign_in):
    return sign_in("admin")


def row_of(browser, name):
    user = get_user_model().objects.get(username=name)
    return read(browser.get("/people/")).one("tr", id=f"person-{user.pk}")


class TestPage:
    def test_shows_the_role_of_each_person(self, admin):
        make_person("lead")
        chosen = [option.text for option in row_of(admin, "lead").all("option") if "selected" in option.attributes]
        assert chosen == ["Lead"]

    def test_offers_no_change_of_ones_own_role(self, admin):
        assert row_of(admin, "admin").all("select") == []

    def test_names_who_is_invited_and_who_is_switched_off(self, admin):
        make_person("lead", is_active=False)
        admin.post("/people/invite/", {"username": "nora", "role": "agents"})
        assert row_of(admin, "nora").one(class_="state").text == "Invited"
        assert row_of(admin, "lead").one(class_="state").text == "Switched off"

    @pytest.mark.parametrize("who", ["lead", "agent", "developer"])
    @pytest.mark.parametrize("path", ["/people/", "/audit/"])
    def test_is_for_admins(self, sign_in, who, path):
        assert sign_in(who).get(path).status_code == 403

    @pytest.mark.parametrize("path", ["invite/", "1/role/", "1/link/", "1/sign-out/", "1/switch/"])
    def test_lets_nobody_else_act(self, lead, path):
        assert lead.post(f"/people/{path}", {"username": "eve", "role": "admins"}).status_code == 403
        assert get_user_model().objects.count() == 1

    def test_escapes_a_hostile_name(self, admin):
        make_person("<b>x", ["agents"])
        assert "<b>x" not in admin.get("/people/").content.decode()


class TestInvite:
    def test_shows_a_link_that_works(self, admin):
        page = admin.post("/people/invite/", {"username": "nora", "role": "leads", "developer": "1"})
        address = read(page).one("code").text
        assert Client().post(address.removeprefix("http://testserver")).status_code == 302
        user = get_user_model().objects.get(username="nora")
        assert {group.name for group in user.groups.all()} == {"leads", "developers"}

    def test_keeps_what_was_typed_after_a_refusal(self, admin):
        page = admin.post("/people/invite/", {"username": "admin", "email": "a@b.example", "role": "leads"})
        assert page.status_code == 422
        assert read(page).one(class_="flaw").text == "There is an account with this name already."
        assert read(page).one(id="email").attributes["value"] == "a@b.example"

    def test_sends_the_link_where_mail_is_set(self, admin, settings, monkeypatch):
        settings.LINKING = {**settings.LINKING, "HAS_MAIL": True}
        monkeypatch.setattr(letters, "send_in_background", lambda make: letters.send(make()))
        page = admin.post("/people/invite/", {"username": "nora", "email": "nora@support.example", "role": "leads"})
        message = mail.outbox[0]
        assert message.to == ["nora@support.example"]
        assert re.search(r"http://testserver/accounts/invitation/\S+/", message.body)[0] == read(page).one("code").text


class TestRole:
    def test_changes_at_once(self, admin, agent):
        user = get_user_model().objects.get(username="agent")
        page = read(admin.post(f"/people/{user.pk}/role/", {"role": "leads"}, follow=True))
        assert "agent has a new role. It counts at once." in page.one(id="toasts").text
        assert agent.get("/export/visitors.csv").status_code == 200

    def test_of_oneself_says_why_not(self, admin):
        user = get_user_model().objects.get(username="admin")
        page = read(admin.post(f"/people/{user.pk}/role/", {"role": ""}, follow=True))
        assert "Ask another administrator." in page.one(id="toasts").text

    def test_of_nobody_is_not_found(self, admin):
        assert admin.post("/people/9999/role/", {"role": "leads"}).status_code == 404


class TestSignOut:
    def test_ends_the_sessions_of_that_person(self, admin, lead):
        user = get_user_model().objects.get(username="lead")
        admin.post(f"/people/{user.pk}/sign-out/")
        assert lead.get("/").status_code == 302
        assert admin.get("/people/").status_code == 200


class TestSwitch:
    def test_goes_off_and_on(self, admin):
        user = make_person("lead")
        for to, is_active in (("off", False), ("on", True)):
            admin.post(f"/people/{user.pk}/switch/", {"to": to})
            user.refresh_from_db()
            assert user.is_active is is_active
