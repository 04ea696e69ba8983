"""Security keys with a real ceremony: Chromium stands in for the key."""

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from playwright.sync_api import expect

from tests.browser.test_pages import flaws, open_page, records  # noqa: F401 - fixtures

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PASSWORD = "a long password of theirs"
KEY = {"protocol": "ctap2", "transport": "usb", "hasUserVerification": True, "isUserVerified": True}


@pytest.fixture
def page(open_page):  # noqa: F811
    """A page of a lead who has just given the password again, with a key plugged in."""
    cache.clear()
    page = open_page("/accounts/2fa/webauthn/add/")
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = KEY | {"hasResidentKey": True, "automaticPresenceSimulation": True}
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    page.locator("#id_password").fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("h1")).to_have_text("Add a security key")
    # The heading is there before the scripts are, and without them the button adds nothing.
    page.wait_for_load_state("load")
    return page


def add(page):
    page.get_by_role("button", name="Add the key").click()
    expect(page.locator("h1")).to_have_text("Recovery codes")


class TestSecurityKey:
    def test_is_added_and_brings_recovery_codes(self, page):
        add(page)
        assert page.locator(".codes li").count() == 10
        assert Authenticator.objects.get(type="webauthn").wrap().name == "Key 1"
        assert (flaws(page), page.said) == ([], [])

    def test_signs_in_after_the_password(self, page):
        add(page)
        page.context.clear_cookies()
        page.goto("/accounts/login/?next=/sync/")
        page.locator("#id_login").fill("lead")
        page.locator("#id_password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in", exact=True).click()
        expect(page.locator("h1")).to_have_text("Second factor")
        assert flaws(page) == []
        page.get_by_role("button", name="Use a security key").click()
        expect(page.locator("h1")).to_have_text("Sync")

    def test_confirms_who_one_is(self, page):
        add(page)
        page.goto("/accounts/2fa/webauthn/reauthenticate/?next=/accounts/2fa/webauthn/")
        assert flaws(page) == []
        page.get_by_role("button", name="Use your security key").click()
        expect(page.locator("h1")).to_have_text("Security keys")
        expect(page.locator("section h2")).to_have_text("Key 1")
        assert flaws(page) == []
