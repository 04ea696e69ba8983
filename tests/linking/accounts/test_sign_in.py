import re
from datetime import timedelta
from io import StringIO

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core.management import CommandError, call_command
from django.utils import timezone

from linking.accounts.one_time_links import ADMIN_LINK, LinkRefused, use_link
from linking.accounts.sign_in import make_admin_link
from linking.models import AuditEvent
from tests.linking.conftest import make_person
from tests.linking.dashboard.reading import read

pytestmark = pytest.mark.django_db


def printed(*arguments, **options):
    output = StringIO()
    call_command("create_admin_link", *arguments, stdout=output, **options)
    return output.getvalue()


def groups_of(username):
    return [group.name for group in get_user_model().objects.get(username=username).groups.all()]


def path_of(text):
    return re.search(r"https?://[^/\s]+(/\S+)", text)[1]


class TestCommand:
    def test_prints_an_address_and_what_it_is_for(self):
        text = printed()
        assert text.startswith("http://127.0.0.1:8000/accounts/link/")
        assert "The link signs administrator in. It works once, within 24 hours." in text

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

    def test_makes_no_administrator_of_somebody_else_unless_told(self):
        make_person("lead")
        with pytest.raises(CommandError, match=r"is not an administrator\. Add --promote"):
            printed(username="lead")
        assert groups_of("lead") == ["leads"]

    def test_says_aloud_whom_it_promotes(self):
        make_person("lead")
        aloud = StringIO()
        text = printed("--promote", username="lead", stderr=aloud)
        assert text.startswith("http://127.0.0.1:8000/accounts/link/")
        assert aloud.getvalue() == "The lead lead is now an administrator.\n"

    def test_promotes_nobody_who_is_an_administrator_already(self):
        make_person("admin")
        aloud = StringIO()
        printed("--promote", username="admin", stderr=aloud)
        assert aloud.getvalue() == ""

    @pytest.mark.parametrize(
        ("name", "fields"), [("administrator", ["account made"]), ("lead", ["promoted"]), ("admin", [])]
    )
    def test_is_audited_with_what_it_did(self, name, fields):
        make_person("lead")
        make_person("admin")
        printed("--promote", username=name, stderr=StringIO())
        event = AuditEvent.objects.get(action="admin_link.made")
        assert (event.actor, event.target, event.fields) == ("command line", name, fields)

    def test_ends_quietly_when_its_reader_has_gone(self, monkeypatch):
        class Gone(StringIO):
            def flush(self):
                raise BrokenPipeError

        put_aside = []
        monkeypatch.setattr("os.dup2", lambda *files: put_aside.append(files))
        call_command("create_admin_link", stdout=Gone())
        assert len(put_aside) == 1


class TestFirstLink:
    """What `up` prints at each start: the demo people `admin` and `lead` are those not to count."""

    def start(self, *besides):
        return printed("--if-needed", besides=list(besides))

    def test_is_printed_while_nobody_can_sign_in(self):
        make_person("lead")
        assert "/accounts/link/" in self.start()

    def test_is_printed_again_until_there_is_a_password(self):
        self.start()
        assert "/accounts/link/" in self.start()

    def test_is_not_printed_once_an_admin_has_a_password(self):
        make_person("ada", groups=["admins"])
        assert self.start() == ""

    def test_is_not_printed_beside_a_superuser(self):
        get_user_model().objects.create_superuser("root", password="a long password of theirs")
        assert self.start() == ""

    def test_is_printed_when_every_admin_is_switched_off(self):
        make_person("ada", groups=["admins"], is_active=False)
        assert "/accounts/link/" in self.start()

    def test_is_printed_beside_the_demo_people(self):
        make_person("admin")
        assert "/accounts/link/" in self.start("agent", "lead", "admin")

    def test_is_not_printed_beside_them_once_the_administrator_has_a_password(self):
        make_person("admin")
        make_person("administrator", groups=["admins"])
        assert self.start("agent", "lead", "admin") == ""

    def test_never_makes_a_deleted_account_again_beside_an_admin(self):
        self.start()
        get_user_model().objects.get(username="administrator").delete()
        make_person("ada", groups=["admins"])
        assert (self.start(), get_user_model().objects.filter(username="administrator").count()) == ("", 0)

    def test_leaves_it_deleted_beside_a_demo_admin(self):
        self.start()
        get_user_model().objects.get(username="administrator").delete()
        make_person("admin")
        assert self.start("admin") == ""

    @pytest.mark.parametrize("state", [{"is_active": False}, {"groups": []}])
    def test_leaves_a_demo_admin_and_a_changed_account_alone(self, state):
        make_person("admin")
        make_person("administrator", **({"groups": ["admins"]} | state))
        assert self.start("admin") == ""

    @pytest.mark.parametrize("state", [{"is_active": False}, {"groups": []}])
    def test_says_what_to_do_where_the_account_was_changed_and_nobody_can_sign_in(self, state):
        make_person("administrator", **({"groups": ["admins"]} | state))
        assert "create_admin_link --username NAME" in self.start()

    def test_adds_nobody_to_a_group_again(self):
        make_person("administrator", groups=[])
        self.start()
        assert groups_of("administrator") == []


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
        assert "This link was already used" in read(answer).one("main").text

    def test_two_presses_at_once_sign_in_once(self):
        token = make_admin_link(username="root", may_promote=False, actor="test", now=timezone.now()).token
        use_link(token=token, kind=ADMIN_LINK, now=timezone.now())
        with pytest.raises(LinkRefused, match="used"):
            use_link(token=token, kind=ADMIN_LINK, now=timezone.now())

    def test_ends_after_a_day(self, client, path):
        with time_machine.travel(timezone.now() + timedelta(hours=25)):
            assert "has expired" in read(client.get(path)).one("main").text

    def test_lives_for_most_of_a_day(self, client, path):
        with time_machine.travel(timezone.now() + timedelta(hours=23)):
            assert client.get(path).status_code == 200

    def test_a_damaged_one_says_so(self, client, path):
        assert "This link is incomplete" in read(client.get(path[:-3] + "/")).one("main").text

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
        assert "password is wrong" in page.one(role="alert").text
        assert page.one("input", id="id_login").attributes["value"] == "lead"

    def test_leads_back_to_where_one_wanted_to_go(self, client):
        make_person("lead")
        words = {"login": "lead", "password": "a long password of theirs", "next": "/sync/"}
        assert client.post("/accounts/login/", words)["Location"] == "/sync/"

    def test_lets_password_managers_work(self, client):
        page = read(client.get("/accounts/login/"))
        assert page.one("input", id="id_password").attributes["autocomplete"] == "current-password"
        assert not any(name.startswith("on") for field in page.all("input") for name in field.attributes)

    @pytest.mark.parametrize("login", ["lead", "lead@shop.example", "nobody", "nobody@shop.example"])
    def test_hashes_one_password_whoever_it_is(self, client, monkeypatch, login):
        """More for one than for another would tell by the time who has an account."""
        make_person("lead", email="lead@shop.example")
        hashed, real = [], MD5PasswordHasher.encode
        monkeypatch.setattr(MD5PasswordHasher, "encode", lambda *words: hashed.append(1) or real(*words))
        client.post("/accounts/login/", {"login": login, "password": "wrong"})
        assert len(hashed) == 1

    @pytest.mark.parametrize("login", ["lead", "lead@shop.example", "Lead@Shop.example"])
    def test_takes_the_name_or_the_address(self, client, login):
        make_person("lead", email="lead@shop.example")
        client.post("/accounts/login/", {"login": login, "password": "a long password of theirs"})
        assert "_auth_user_id" in client.session

    def test_nobody_signs_up(self, client):
        assert read(client.get("/accounts/signup/")).all("input", type="password") == []


class TestSwitchedOff:
    def test_is_told_to_whoever_knows_the_password(self, client):
        make_person("lead", is_active=False)
        answer = client.post(
            "/accounts/login/", {"login": "lead", "password": "a long password of theirs"}, follow=True
        )
        assert "This account is switched off" in read(answer).one("main").text
        assert "_auth_user_id" not in client.session

    def test_is_told_to_nobody_else(self, client):
        make_person("lead", is_active=False)
        answer = client.post("/accounts/login/", {"login": "lead", "password": "wrong"}, follow=True)
        assert "password is wrong" in read(answer).one("main").text
