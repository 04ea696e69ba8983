"""Single sign-on in a browser: from the sign-in page to the issuer and back, under the page's own policy."""

import pytest
from django.contrib.auth import get_user_model
from django.core.cache import cache
from playwright.sync_api import expect

from tests.browser.test_pages import flaws, open_page, records  # noqa: F401 - fixtures
from tests.openid_issuer import make_settings, running_issuer

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PASSWORD = "a long password of theirs"


@pytest.fixture
def issuer(settings):
    cache.clear()
    with running_issuer() as issuer:
        settings.LINKING = settings.LINKING | {"SINGLE_SIGN_ON": make_settings(issuer), "ALLOW_LOOPBACK": True}
        yield issuer


class TestSingleSignOn:
    def test_leads_to_the_issuer_and_back_to_where_one_wanted_to_go(self, issuer, open_page):  # noqa: F811
        page = open_page("/sync/", who=None)
        assert flaws(page) == []
        page.get_by_role("link", name="Sign in at 127.0.0.1").click()
        expect(page.locator("h1")).to_have_text("House")
        page.get_by_role("link", name="I am nadia").click()
        expect(page.locator("h1")).to_have_text("Sync")
        assert page.said == []

    def test_says_on_a_page_why_somebody_is_not_let_in(self, issuer, open_page):  # noqa: F811
        issuer.claims["groups"] = []
        page = open_page("/accounts/single-sign-on/", who=None, width=390)
        page.get_by_role("link", name="I am nadia").click()
        expect(page.locator(".lead")).to_contain_text("none of the groups")
        assert flaws(page) == []
        page.get_by_role("link", name="Open the sign-in page").click()
        expect(page.locator("h1")).to_have_text("Sign in")

    def test_joins_ones_own_account(self, issuer, open_page):  # noqa: F811
        issuer.claims["email_verified"] = False
        page = open_page("/accounts/single-sign-on/own/")
        page.locator("#id_password").fill(PASSWORD)
        page.get_by_role("button", name="Continue").click()
        assert flaws(page) == []
        page.get_by_role("button", name="Join my account").click()
        page.get_by_role("link", name="Continue to 127.0.0.1").click()
        page.get_by_role("link", name="I am nadia").click()
        expect(page.locator(".lead")).to_contain_text("Your account is joined with 127.0.0.1")
        assert (flaws(page), page.said) == ([], [])
        assert get_user_model().objects.get(username="lead").socialaccount_set.count() == 1
