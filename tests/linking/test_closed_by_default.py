"""Nothing is open but what is listed: every address of the product is tried as nobody, and as a developer."""

import re

import pytest
from django.test import Client
from django.urls import URLPattern, get_resolver

from tests.factories import make_integration
from tests.linking.conftest import make_person

# Addresses that anybody may call, by their route; sign-in pages of allauth are open by nature.
OPEN = {
    "healthz",
    "readyz",
    "generate/token",
    "generate/token/<str:slug>",
    "accounts/link/<str:token>/",  # carries its own proof
    "accounts/invitation/<str:token>/",  # as above
    "accounts/login/",
    "accounts/logout/",
    "theme/",  # a cookie for light or dark
}
OPEN_PREFIXES = ("accounts/password/reset/", "accounts/2fa/authenticate/")
# Loopback may read them; what others get is tested with the numbers themselves.
ELSEWHERE = {"REMOTE_ADDR": "203.0.113.9"}
REFUSED = (301, 302, 401, 403, 404, 405)
# What nobody may see of the product, by contract: their own way in, and what machines ask. Any other page is no answer.
ANSWERED = {"accounts/login/", "healthz"}
# What developers may see besides: set-up, codes, how the API is called, their own account, and by Ctrl+K, which shows
# them integrations alone, the set-up pages.
OPEN_TO_DEVELOPERS = {
    "setup/<slug:slug>/", "setup/<slug:slug>/codes/", "api/schema/", "api/docs/", "jump/",
    "accounts/own-password/", "accounts/password/change/", "accounts/language/", "accounts/time-zone/",
    "accounts/tokens/", "accounts/sign-ins/",
    "accounts/reauthenticate/", "accounts/2fa/", "accounts/logout/",
}  # fmt: skip


def routes(resolver=None, prefix="") -> list[str]:
    found = []
    for pattern in (resolver or get_resolver()).url_patterns:
        route = prefix + str(pattern.pattern)
        found += [route] if isinstance(pattern, URLPattern) else routes(pattern, route)
    return found


def address(route: str) -> str:
    path = re.sub(r"<(?:\w+:)?\w+>", "1", route)
    path = re.sub(r"\(\?P<\w+>[^)]*\)|\(\?:[^)]*\)\??|\(\?!.*\)", "1", path)
    return "/" + re.sub(r"[\^$]|\\Z", "", path).replace("\\.", ".")


def is_open(route: str) -> bool:
    return route in OPEN or route.startswith(OPEN_PREFIXES)


CLOSED = sorted(route for route in routes() if not is_open(route))


@pytest.mark.django_db
class TestDevelopers:
    @pytest.fixture
    def browser(self):
        # `address` writes 1 for whatever a route takes.
        make_integration(slug="1")
        browser = Client()
        browser.force_login(make_person("developer"))
        return browser

    def test_see_nothing_but_what_is_theirs(self, browser):
        answered = {route for route in CLOSED if browser.get(address(route), **ELSEWHERE).status_code == 200}
        assert {route for route in answered if not route.startswith("accounts/2fa/")} <= OPEN_TO_DEVELOPERS

    @pytest.mark.parametrize("route", ["setup/<slug:slug>/", "setup/<slug:slug>/codes/", "api/docs/", "api/schema/"])
    def test_see_what_is_theirs(self, browser, route):
        assert browser.get(address(route), **ELSEWHERE).status_code == 200

    def test_do_nothing_but_what_is_theirs(self, browser):
        """A form that was sent is answered by a page or leads on; what is refused does neither."""
        done = {
            route
            for route in CLOSED
            if (answer := browser.post(address(route), **ELSEWHERE)).status_code in (200, 201, 202, 204, 302)
            and not answer.get("Location", "").startswith(("/admin/login/", "/accounts/"))
        }
        ours = {"", "api/docs/", "setup/<slug:slug>/doctor/", "accounts/own-password/", "demo/hide/"}
        assert {route for route in done if not route.startswith(("accounts/", "admin/logout"))} <= ours

    @pytest.mark.parametrize("route", [route for route in CLOSED if route.startswith("api/v1/")])
    def test_read_no_record_of_the_api(self, browser, route):
        assert browser.get(address(route), **ELSEWHERE).status_code in REFUSED


@pytest.mark.django_db
class TestClosedByDefault:
    def test_finds_the_addresses_it_is_about(self):
        assert {"", "api/v1/visitors/", "admin/login/", "metrics"} <= set(CLOSED)

    @pytest.mark.parametrize("route", CLOSED)
    def test_shows_nobody_anything(self, route):
        response = Client().get(address(route), **ELSEWHERE)
        assert response.status_code in REFUSED

    @pytest.mark.parametrize("route", CLOSED)
    def test_leads_nobody_anywhere_but_to_sign_in(self, route):
        response = Client().get(address(route), **ELSEWHERE)
        target = response.get("Location", "/accounts/login/")
        assert target.startswith(("/accounts/", "/admin/login/", "/?")) or target.rstrip("/") == address(route).rstrip(
            "/"
        )

    def test_an_open_address_shows_nobody_more_than_the_way_in(self):
        """Signed calls and tokens are refused, and a page exists for nobody but at sign-in."""
        answered = {route for route in routes() if Client().get(address(route), **ELSEWHERE).status_code == 200}
        assert answered - {"readyz"} == ANSWERED
