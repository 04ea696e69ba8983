"""The admin in a real browser: what Django leaves to be wished for, and the policy that its scripts must keep."""

import pytest
from playwright.sync_api import expect

from linking.models import Integration
from tests.browser.test_pages import flaws, open_page, records  # noqa: F401 - fixtures

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PAGES = [
    "/admin/", "/admin/linking/integration/", "/admin/linking/integration/add/", "/admin/linking/visitor/",
    "/admin/linking/apitoken/add/", "/admin/auth/user/", "/admin/auth/user/add/",
]  # fmt: skip
KEPT = {"label", "link-in-text-block", "target-size"}


def changing():
    return f"/admin/linking/integration/{Integration.objects.get(slug='acme').pk}/change/"


class TestAdmin:
    def test_names_its_boxes_and_shows_its_links(self, open_page):  # noqa: F811
        page = open_page("/admin/", who="admin")
        found = {}
        for path in [*PAGES, changing()]:
            page.goto(path)
            page.wait_for_load_state("networkidle")
            found[path] = [flaw for flaw in flaws(page) if flaw[0] in KEPT]
        assert {path: what for path, what in found.items() if what} == {}

    def test_breaks_no_policy_with_its_calendar_open(self, open_page):  # noqa: F811
        """Without axe, which writes styles into a page to measure it."""
        page = open_page("/admin/", who="admin")
        for path in [*PAGES, changing()]:
            page.goto(path)
            page.wait_for_load_state("networkidle")
        page.locator(".field-sync_start .datetimeshortcuts a").nth(1).click()
        expect(page.locator(".calendarbox:visible")).to_have_count(1)
        assert page.said == []

    def test_says_that_secrets_have_to_be_typed_again(self, open_page):  # noqa: F811
        page = open_page("/admin/linking/integration/add/", who="admin")
        page.fill("#id_slug", "no slug")
        page.fill("#id_login_secret_key", "a-new-login-secret-key-of-forty-letters!")
        page.get_by_role("button", name="Save", exact=True).click()
        box = page.locator(".field-login_secret_key")
        expect(box).to_contain_text("Enter it again")
        expect(page.locator("#id_login_secret_key")).to_have_value("")
