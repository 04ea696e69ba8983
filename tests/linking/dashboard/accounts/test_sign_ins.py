"""The list of one's own sign-ins, and ending them one by one and all."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from linking.accounts import sign_ins
from linking.models import AuditEvent, Presence, SignIn
from tests.linking.conftest import make_person
from tests.linking.dashboard.reading import read

pytestmark = pytest.mark.django_db
PASSWORD = "a long password of theirs"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PAGE = "/accounts/sign-ins/"


@pytest.fixture(autouse=True)
def forget_tries():
    cache.clear()


@pytest.fixture
def person():
    return make_person("lead")


def sign_in(*, name="lead", user_agent=FIREFOX, address="192.0.2.77"):
    browser = Client(headers={"user-agent": user_agent}, REMOTE_ADDR=address)
    browser.post("/accounts/login/", {"login": name, "password": PASSWORD})
    return browser


def is_in(browser):
    return browser.get("/").status_code == 200


def key_of(browser):
    return browser.session[sign_ins.KEY]


class TestList:
    def test_shows_browser_network_and_which_is_this_one(self, person):
        browser = sign_in()
        text = read(browser.get(PAGE)).one("ul", class_="sign-ins").text
        assert "Firefox on Linux" in text
        assert "192.0.2.x" in text
        assert "(this browser)" in text
        assert "192.0.2.77" not in text

    def test_shows_ones_own_alone(self, person):
        make_person("agent")
        sign_in(name="agent")
        assert len(sign_in().get(PAGE).context["rows"]) == 1

    def test_leaves_out_what_is_over(self, person):
        gone, out, browser = sign_in(), sign_in(), sign_in()
        out.post("/accounts/logout/")
        SignIn.objects.filter(pk=key_of(gone)).update(last_seen_at=timezone.now() - timedelta(hours=9))
        assert [row.pk for row in browser.get(PAGE).context["rows"]] == [key_of(browser)]

    def test_says_when_each_was_used_to_ten_minutes(self, person):
        browser = sign_in()
        before = timezone.now() - timedelta(hours=1)
        SignIn.objects.update(last_seen_at=before)
        browser.get("/")
        assert SignIn.objects.get().last_seen_at == before
        sign_ins.forget()
        browser.get("/")
        assert SignIn.objects.get().last_seen_at > before

    def test_costs_other_pages_no_query(self, person, django_assert_num_queries):
        browser = sign_in()
        sign_ins.end(user=person, key=key_of(sign_in()), now=timezone.now())
        browser.get("/theme/")
        with django_assert_num_queries(2):  # the session, the person
            browser.get("/theme/")

    def test_keeps_no_row_for_long(self, person):
        sign_in()
        SignIn.objects.update(last_seen_at=timezone.now() - timedelta(hours=33))
        sign_in()
        assert SignIn.objects.count() == 1


class TestEndOne:
    def test_ends_that_one_at_once_and_no_other(self, person):
        lost, browser = sign_in(), sign_in()
        browser.post(f"{PAGE}{key_of(lost)}/end/")
        assert (is_in(lost), is_in(browser)) == (False, True)

    def test_holds_for_several(self, person):
        first, second, browser = sign_in(), sign_in(), sign_in()
        for one in (first, second):
            browser.post(f"{PAGE}{key_of(one)}/end/")
        assert (is_in(first), is_in(second), is_in(browser)) == (False, False, True)

    def test_ends_nobody_elses(self, person):
        make_person("agent")
        other, browser = sign_in(name="agent"), sign_in()
        browser.post(f"{PAGE}{key_of(other)}/end/")
        assert is_in(other)

    def test_is_told_in_the_audit(self, person):
        lost, browser = sign_in(), sign_in()
        browser.post(f"{PAGE}{key_of(lost)}/end/")
        event = AuditEvent.objects.latest("pk")
        assert (event.actor, event.action, event.target) == ("lead", "person.sign_in_ended", "lead")

    def test_twice_says_so(self, person):
        lost, browser = sign_in(), sign_in()
        path = f"{PAGE}{key_of(lost)}/end/"
        browser.post(path)
        assert "has ended already" in browser.post(path, follow=True).content.decode()

    def test_forgets_what_can_no_longer_come_back(self, person):
        lost, browser = sign_in(), sign_in()
        browser.post(f"{PAGE}{key_of(lost)}/end/")
        SignIn.objects.filter(ended_at__isnull=False).update(ended_at=timezone.now() - timedelta(hours=33))
        last = sign_in()
        browser.post(f"{PAGE}{key_of(last)}/end/")
        assert Presence.objects.get().ended_sign_ins == str(key_of(last))


class TestEndAll:
    def test_ends_every_one(self, person):
        other, browser = sign_in(), sign_in()
        assert browser.post(f"{PAGE}end-all/").headers["Location"] == "/accounts/login/"
        assert (is_in(other), is_in(browser)) == (False, False)
        assert len(sign_in().get(PAGE).context["rows"]) == 1
