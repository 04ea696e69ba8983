"""How many steps the lead's and the admin's jobs take, beside the best tool they know for each.

A click is a step, so is a key, and so is typing or pasting one text. Other jobs are counted where they are tested:

| job | at most | counted in |
|---|--:|---|
| see who is chatting now | 0 | test_panel.py |
| decide twenty conflicts | 3 | test_conflicts.py |
| leave a word for a colleague | 2 | test_notes.py |
| find the endpoint, a snippet, the refusals of the last hour | 2, 0, 2 | test_wiring.py |
| create the first integration, test its secrets, change one | 14, 1, 3 | test_first_integration.py |
"""

import re

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from playwright.sync_api import expect

from tests.browser.keys import press
from tests.browser.test_pages import USER, VISITOR, open_page, records  # noqa: F401 - fixtures

pytestmark = [pytest.mark.browser, pytest.mark.storeless, pytest.mark.django_db(transaction=True)]


class Hand:
    """Does what a person does on a page, and counts it."""

    def __init__(self, page):
        self.page, self.steps = page, 0

    def click(self, target):
        self._count()
        (self.page.locator(target) if isinstance(target, str) else target).click()

    def press(self, key):
        self._count()
        press(self.page, key)

    def type(self, text):
        self._count()
        self.page.keyboard.insert_text(text)

    def choose(self, target, value):
        self._count()
        self.page.locator(target).select_option(value)

    def _count(self):
        self.steps += 1


@pytest.fixture
def hand(open_page):  # noqa: F811
    def at(path, *, who="lead", **options):
        page = open_page(path, who=who, **options)
        page.wait_for_load_state("networkidle")
        return Hand(page)

    return at


class TestLead:
    def test_finds_a_player_by_e_mail_in_three(self, hand):
        lead = hand("/")
        lead.press("/")
        lead.type("nadia@player.example")
        lead.press("Enter")
        lead.page.wait_for_url(re.compile("/(visitors|users)/"))
        expect(lead.page.locator("h1")).to_contain_text("Nadia")
        assert lead.steps <= 3  # Stripe 3 to 4, Intercom and Chatwoot 4

    @pytest.mark.parametrize("path", [f"/visitors/{VISITOR}/", f"/users/{USER}/"])
    def test_copies_the_user_id_in_one(self, hand, path):
        lead = hand(path, permissions=["clipboard-read", "clipboard-write"])
        lead.press("c")
        expect(lead.page.locator("#toasts")).to_contain_text("User ID copied")
        assert lead.page.evaluate("navigator.clipboard.readText()") == USER
        assert lead.steps <= 1  # Stripe 1, Plain 1

    def test_goes_to_publisher_account_in_one(self, hand):
        lead = hand(f"/visitors/{VISITOR}/")
        lead.page.context.route("https://publisher.xsolla.com/**", lambda route: route.fulfill(body=""))
        with lead.page.context.expect_page() as opened:
            lead.press("o")
        assert USER in opened.value.url
        assert lead.steps <= 1  # Plain 1

    def test_lists_one_integration_of_the_last_week_in_three(self, hand):
        lead = hand("/")
        lead.press("/")
        lead.type("integration:acme seen:week")
        lead.press("Enter")
        lead.page.wait_for_url(re.compile("seen=7"))
        assert "integration=acme" in lead.page.url
        assert lead.steps <= 3  # Linear 3, Stripe 4

    def test_exports_a_list_in_two(self, hand):
        lead = hand("/")
        with lead.page.expect_download() as download:
            lead.click(lead.page.get_by_role("link", name=re.compile("^Export")))
        assert download.value.suggested_filename.endswith(".csv")
        assert lead.steps <= 2  # Chatwoot 2

    def test_sees_whether_everything_is_all_right_in_none(self, hand):
        lead = hand("/")
        expect(lead.page.locator(".side .foot")).to_contain_text("Updated")
        expect(lead.page.locator(".side .foot svg.plot, .side .foot svg")).not_to_have_count(0)
        assert lead.steps == 0  # healthchecks 0


class TestAdmin:
    def test_adds_a_lead_in_three(self, hand):
        admin = hand("/people/", who="admin")
        admin.type("nora")
        admin.choose("#role-new", "leads")
        admin.click("form.invite .btn-primary")
        expect(admin.page.locator("h1")).to_contain_text("Sign-in link for nora")
        assert get_user_model().objects.get(username="nora").groups.get() == Group.objects.get(name="leads")
        assert admin.steps <= 3  # Sentry 3

    def test_reaches_the_own_second_factor_in_two(self, hand):
        admin = hand("/", who="admin")
        admin.click("details.me summary")
        admin.click(admin.page.get_by_role("link", name="Second factor"))
        expect(admin.page.locator("h1")).to_have_text("Second factor")
        assert admin.steps <= 3  # everywhere 3
