import re
from datetime import timedelta
from io import StringIO

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.utils import timezone

from linking.dashboard.sign_in import LinkRefused, make_admin_link, use_admin_link
from tests.linking.dashboard.conftest import make_person
from tests.linking.dashboard.reading import read

pytestmark = pytest.mark.django_db


def printed(*arguments, **options):
    output = StringIO()
    call_command("create_admin_link", *arguments, stdout=output, **options)
    return output.getvalue()


def path_of(text):
    return re.search(r"https?://[^/\s]+(/\S+)", text)[1]


class TestCommand:
    def test_prints_an_address_and_what_it_is_for(self):
        text = printed()
        assert text.startswith("http://127.0.0.1:8000/accounts/link/")
        assert "Signs administrator in, once, within 24 hours." in text

    def test_makes_the_account_in_admins_without_a_password(self):
        printed(username="root")
        user = get_user_model().objects.get(username="root")
        assert [group.name for group in user.groups.all()] == ["admins"]
        assert not user.has_usable_password()

    def test_keeps_an_existing_account_and_its_password(self):
        person = make_person("admin")
        printed(username="admin")
        person.refresh_from_db()
        assert person.check_password("a long password of theirs")

    def test_takes_another_address(self):
        assert printed(base_url="https://support.example/").startswith("https://support.example/accounts/link/")

    def test_refuses_an_account_that_is_switched_off(self):
        make_person("admin", is_active=False)
        with pytest.raises(CommandError, match="is switched off"):
            printed(username="admin")

    def test_if_needed_prints_nothing_once_an_admin_has_a_password(self):
        make_person("admin")
        assert printed("--if-needed") == ""

    def test_if_needed_prints_a_link_while_no_admin_has_a_password(self):
        make_person("lead")
        assert "/accounts/link/" in printed("--if-needed")


class TestLink:
    @pytest.fixture
    def path(self):
        return path_of(printed())

    def test_opening_shows_a_button_and_signs_nobody_in(self, client, path):
        assert read(client.get(path)).one("button").text == "Sign in and choose a password"
        assert "_auth_user_id" not in client.session

    def test_pressing_signs_in_and_asks_for_a_password(self, client, path):
        page = read(client.post(path, follow=True))
        assert page.one("h1").text == "Choose a password"

    def test_works_once(self, client, path):
        client.post(path)
        answer = client.get(path)
        assert answer.status_code == 410
        assert "This link was used already" in read(answer).one("main").text

    def test_two_presses_at_once_sign_in_once(self):
        token = make_admin_link(username="root").token
        use_admin_link(token=token, now=timezone.now())
        with pytest.raises(LinkRefused, match="used"):
            use_admin_link(token=token, now=timezone.now())

    def test_ends_after_a_day(self, client, path):
        with time_machine.travel(timezone.now() + timedelta(hours=25)):
            assert "too old" in read(client.get(path)).one("main").text

    def test_lives_for_most_of_a_day(self, client, path):
        with time_machine.travel(timezone.now() + timedelta(hours=23)):
            assert client.get(path).status_code == 200

    def test_a_damaged_one_says_so(self, client, path):
        assert "damaged" in read(client.get(path[:-3] + "/")).one("main").text

    def test_a_link_of_somebody_who_left_admins_is_void(self, client, path):
        get_user_model().objects.get(username="administrator").groups.clear()
        assert client.post(path).status_code == 410

    def test_a_new_password_voids_it(self, client, path):
        user = get_user_model().objects.get(username="administrator")
        user.set_password("something long enough")
        user.save()
        assert client.post(path).status_code == 410

    def test_no_cache_keeps_it(self, client, path):
        assert "no-store" in client.get(path)["Cache-Control"]


class TestOwnPassword:
    def test_is_set_and_then_signs_in(self, client):
        client.post(path_of(printed()))
        words = {"new_password1": "correct horse battery", "new_password2": "correct horse battery"}
        client.post("/accounts/own-password/", words)
        client.logout()
        assert client.login(username="administrator", password="correct horse battery")

    def test_a_weak_one_is_refused_in_words(self, client):
        client.post(path_of(printed()))
        answer = client.post("/accounts/own-password/", {"new_password1": "short", "new_password2": "short"})
        assert "too short" in read(answer).one("main").text

    def test_is_not_offered_to_who_signed_in_otherwise(self, lead):
        assert lead.get("/accounts/own-password/")["Location"] == "/"

    def test_is_offered_once(self, client):
        client.post(path_of(printed()))
        words = {"new_password1": "correct horse battery", "new_password2": "correct horse battery"}
        client.post("/accounts/own-password/", words)
        assert client.get("/accounts/own-password/")["Location"] == "/"


class TestSignInPage:
    def test_takes_name_and_password(self, client):
        make_person("lead")
        answer = client.post("/accounts/login/", {"login": "lead", "password": "a long password of theirs"})
        assert answer["Location"] == "/"

    def test_a_wrong_password_is_told_and_the_name_kept(self, client):
        make_person("lead")
        page = read(client.post("/accounts/login/", {"login": "lead", "password": "wrong"}))
        assert "not correct" in page.one(role="alert").text
        assert page.one("input", id="id_login").attributes["value"] == "lead"

    def test_leads_back_to_where_one_wanted_to_go(self, client):
        make_person("lead")
        words = {"login": "lead", "password": "a long password of theirs", "next": "/sync/"}
        assert client.post("/accounts/login/", words)["Location"] == "/sync/"

    def test_lets_password_managers_work(self, client):
        page = read(client.get("/accounts/login/"))
        assert page.one("input", id="id_password").attributes["autocomplete"] == "current-password"
        assert not any(name.startswith("on") for field in page.all("input") for name in field.attributes)

    def test_nobody_signs_up(self, client):
        assert read(client.get("/accounts/signup/")).all("input", type="password") == []
