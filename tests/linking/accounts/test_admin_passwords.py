"""Administrators have long passwords: those who choose one, and those who become administrators later."""

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.contrib.auth.password_validation import validate_password
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.test import Client

from tests.linking.conftest import make_person

pytestmark = pytest.mark.django_db
SHORT, LONG = "wren47lake", "wren47lake-and-more"
CHANGE = "/accounts/password/change/"


@pytest.fixture(autouse=True)
def forget_tries():
    cache.clear()


def make(group, password=SHORT, **changes):
    person = make_person("ada", groups=[group], **changes)
    person.set_password(password)
    person.save()
    return get_user_model().objects.get(pk=person.pk)


def sign_in(password=SHORT):
    browser = Client()
    browser.post("/accounts/login/", {"login": "ada", "password": password})
    return browser


class TestAdminLength:
    @pytest.mark.parametrize("group", ["agents", "leads", "developers"])
    def test_lets_others_have_shorter_ones(self, group):
        validate_password(SHORT, make(group))

    @pytest.mark.parametrize("changes", [{"group": "admins"}, {"group": "agents", "is_superuser": True}])
    def test_refuses_a_short_one_to_administrators(self, changes):
        with pytest.raises(ValidationError, match="at least 12 characters"):
            validate_password(SHORT, make(changes.pop("group"), **changes))

    @pytest.mark.parametrize(("password", "is_fine"), [("wren47lakes", False), ("wren47lakes!", True)])
    def test_counts_to_twelve(self, password, is_fine):
        person = make("admins")
        if is_fine:
            validate_password(password, person)
        else:
            with pytest.raises(ValidationError):
                validate_password(password, person)


class TestShortPassword:
    def test_of_an_administrator_leads_every_page_to_a_longer_one(self):
        make("admins")
        browser = sign_in()
        for path in ("/", "/people/", "/admin/"):
            assert browser.get(path).headers["Location"] == CHANGE
        assert "at least 12 characters" in browser.get(CHANGE).content.decode()

    def test_is_over_once_there_is_a_longer_one(self):
        make("admins")
        browser = sign_in()
        browser.post(CHANGE, {"oldpassword": SHORT, "password1": LONG, "password2": LONG})
        assert browser.get("/people/").status_code == 200

    def test_is_not_over_with_another_short_one(self):
        make("admins")
        browser = sign_in()
        answer = browser.post(CHANGE, {"oldpassword": SHORT, "password1": "otter-nine", "password2": "otter-nine"})
        assert "at least 12 characters" in answer.content.decode()
        assert browser.get("/people/").status_code == 302

    def test_counts_for_a_lead_who_becomes_an_administrator(self):
        person = make("leads")
        browser = sign_in()
        assert browser.get("/").status_code == 200
        person.groups.set([Group.objects.get(name="admins")])
        assert browser.get("/").headers["Location"] == CHANGE

    def test_lets_its_person_leave(self):
        make("admins")
        assert sign_in().post("/accounts/logout/").headers["Location"] == "/accounts/login/"

    def test_is_nothing_to_an_administrator_with_a_long_one(self):
        make("admins", password=LONG)
        assert sign_in(LONG).get("/people/").status_code == 200
