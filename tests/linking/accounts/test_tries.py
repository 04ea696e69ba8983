"""Who may try to sign in how often: strangers are slowed down, and nobody is locked out by them."""

import pytest
from django.core.cache import cache
from django.test import Client

from linking.accounts import devices
from tests.linking.conftest import make_person

pytestmark = pytest.mark.django_db
PASSWORD = "a long password of theirs"
TOO_MANY = "Too many failed attempts"


@pytest.fixture(autouse=True)
def forget_tries():
    cache.clear()


@pytest.fixture
def lead(db):
    return make_person("lead", email="lead@house.example")


def attempt(client, *, login="lead", password="wrong", address="192.0.2.1"):
    return client.post("/accounts/login/", {"login": login, "password": password}, REMOTE_ADDR=address)


def attack(number, *, login="lead", each=1):
    """Fail `number` times for a name, `each` times from each of many addresses."""
    for place in range(number):
        attempt(Client(), login=login, address=f"198.51.{place // each // 250}.{place // each % 250}")


def is_let_in(client, **where):
    return attempt(client, password=PASSWORD, **where).status_code == 302


def own_browser(login="lead"):
    """A browser in which this person has signed in before."""
    browser = Client()
    assert is_let_in(browser, login=login)
    browser.post("/accounts/logout/")
    return browser


class TestTries:
    def test_of_a_name_from_one_address_end_after_five(self, client, lead):
        for _try in range(5):
            attempt(client)
        assert TOO_MANY in attempt(client, password=PASSWORD).content.decode()

    def test_of_strangers_elsewhere_lock_nobody_out(self, client, lead):
        attack(5, each=5)
        assert is_let_in(client)

    def test_of_a_name_from_everywhere_end_after_fifty(self, client, lead):
        attack(50)
        assert TOO_MANY in attempt(client, password=PASSWORD).content.decode()

    def test_of_a_known_browser_are_its_own(self, lead):
        browser = own_browser()
        attack(50)
        assert is_let_in(browser)

    def test_of_a_known_browser_are_its_own_beside_an_attacker_at_the_same_address(self, lead):
        browser = own_browser()
        for _try in range(6):
            attempt(Client())
        assert is_let_in(browser)

    def test_of_a_known_browser_end_after_five_too(self, lead):
        browser = own_browser()
        for _try in range(5):
            attempt(browser)
        assert TOO_MANY in attempt(browser, password=PASSWORD).content.decode()

    def test_of_an_address_end_after_ten_whatever_the_names(self, client, lead):
        for number in range(10):
            attempt(client, login=f"name{number}")
        assert TOO_MANY in attempt(client, password=PASSWORD).content.decode()

    def test_that_succeed_are_given_back(self, lead):
        for _try in range(12):
            assert is_let_in(Client())

    @pytest.mark.parametrize("login", ["LEAD", "lead@house.example", "Lead@House.example"])
    def test_know_the_browser_by_each_spelling(self, lead, login):
        browser = own_browser()
        attack(50, login=login)
        assert attempt(browser, login=login).content.decode().count(TOO_MANY) == 0


class TestDevice:
    def test_is_known_for_the_person_alone(self, lead):
        make_person("agent")
        browser = own_browser()
        attack(50, login="agent")
        assert TOO_MANY in attempt(browser, login="agent", password=PASSWORD).content.decode()

    def test_of_a_cookie_that_was_made_up_is_unknown(self, client, lead):
        client.cookies[devices.name_cookie()] = own_browser().cookies[devices.name_cookie()].value[:-3] + "abc"
        attack(50)
        assert TOO_MANY in attempt(client, password=PASSWORD).content.decode()

    def test_holds_no_name_and_no_key(self, lead):
        cookie = own_browser().cookies[devices.name_cookie()]
        assert "lead" not in cookie.value
        assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")

    def test_is_shared_by_the_people_who_use_it(self, lead):
        make_person("agent")
        browser = own_browser()
        assert is_let_in(browser, login="agent")
        browser.post("/accounts/logout/")
        attack(50)
        assert is_let_in(browser)

    def test_signs_nobody_in(self, lead):
        assert own_browser().get("/sync/").status_code == 302
