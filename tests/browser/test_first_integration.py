"""The admin's first integration in a real browser: how many clicks and typed boxes it takes, without scripts too."""

import json

import pytest
from django.conf import settings as django_settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.test import Client
from playwright.sync_api import expect

from linking.models import Integration, Secret
from tests.browser.test_pages import flaws
from tests.factories import LOGIN_PROJECT_ID, LOGIN_SECRET_KEY, ORIGIN, ZENDESK_SHARED_SECRET, make_integration
from tests.sandbox_process import sandbox_process

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PASSWORD = "a long password of theirs"
TOKEN = "sandbox-chat-token"
# Stock admin took 7 clicks and 11 boxes; a first application in the tools it is compared with takes 14 steps.
STEPS_AT_MOST = 14


class Hand:
    """A person at the page, whose clicks and typed boxes are counted."""

    def __init__(self, page):
        self.page, self.steps = page, 0

    def click(self, name, role="button"):
        self.steps += 1
        self.page.get_by_role(role, name=name, exact=True).last.click()
        self.page.wait_for_load_state()

    def type(self, label, text):
        self.steps += 1
        self.page.get_by_label(label, exact=False).first.fill(text)


@pytest.fixture(scope="module")
def process():
    with sandbox_process() as found:
        yield found


@pytest.fixture
def open_setup(chromium, live_server, transactional_db, process, settings):
    settings.LINKING = settings.LINKING | {
        "ALLOW_LOOPBACK": True,
        "XSOLLA_LOGIN_API_URL": f"{process.url}/login/api",
    }
    contexts = []

    def opened(path, **options):
        person = get_user_model().objects.create_user("admin", password=PASSWORD)
        person.groups.add(Group.objects.get_or_create(name="admins")[0])
        signed_in = Client()
        signed_in.force_login(person)
        name = django_settings.SESSION_COOKIE_NAME
        context = chromium.new_context(base_url=live_server.url, **options)
        context.add_cookies([{"name": name, "value": signed_in.cookies[name].value, "url": live_server.url}])
        contexts.append(context)
        page = context.new_page()
        page.goto(path)
        return page

    yield opened
    for context in contexts:
        context.close()


def walk(hand):
    hand.click("Add the first integration", role="link")
    hand.page.locator("button.product").first.click()
    hand.steps += 1
    hand.type("Login project ID", LOGIN_PROJECT_ID)
    hand.type("Login secret key", LOGIN_SECRET_KEY)
    hand.click("Continue")
    hand.type("Zendesk subdomain", "acme")
    hand.type("Zendesk shared secret", ZENDESK_SHARED_SECRET)
    hand.type("Zendesk access token", TOKEN)
    hand.click("Continue")
    hand.type("Allowed origins", ORIGIN)
    hand.click("Continue")
    hand.type("Your own password", PASSWORD)
    hand.click("Create the integration")


class TestFirstIntegration:
    @pytest.mark.parametrize("has_scripts", [True, False])
    def test_takes_no_more_steps_than_elsewhere(self, open_setup, has_scripts):
        hand = Hand(open_setup("/setup/", java_script_enabled=has_scripts))
        walk(hand)
        assert hand.page.url.endswith("/setup/acme/")
        assert (Integration.objects.get().name, Secret.objects.count()) == ("Acme", 3)
        assert hand.steps <= STEPS_AT_MOST

    def test_goes_on_with_enter(self, open_setup):
        page = open_setup("/integrations/new/")
        page.locator("button.product").first.click()
        page.fill("#login_project_id", LOGIN_PROJECT_ID)
        page.fill("#login_secret_key", LOGIN_SECRET_KEY)
        page.press("#login_secret_key", "Enter")
        expect(page.get_by_role("heading", name="Zendesk", exact=True)).to_be_visible()

    def test_is_accessible_at_every_step_and_no_wider_than_a_phone(self, open_setup):
        page = open_setup("/integrations/new/", viewport={"width": 390, "height": 844})
        found, wide = {}, []

        def look(name):
            found[name] = flaws(page)
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                wide.append(name)

        look("product")
        page.locator("button.product").first.click()
        page.get_by_role("button", name="Test Login secret key").click()
        look("login, tested bad")
        page.goto("/integrations/new/zendesk/")
        page.locator(".guide-ways button").first.click()
        look("zendesk, empty boxes")
        page.emulate_media(color_scheme="dark")
        page.goto("/integrations/new/review/")
        page.locator(".guide-ways button").first.click()
        look("review, refused")
        page.goto("/integrations/new/import/")
        look("import")
        assert ({name: what for name, what in found.items() if what}, wide) == ({}, [])


class TestSecrets:
    @pytest.fixture
    def acme(self, transactional_db, process):
        return make_integration(zendesk_api_url=f"{process.url}/api/v2/chat", secrets={"zendesk_access_token": TOKEN})

    def test_are_tested_by_one_click(self, open_setup, acme):
        page = open_setup("/setup/acme/")
        page.get_by_role("button", name="Test the secrets").click()
        expect(page.locator("[aria-labelledby=secret-zendesk_access_token]")).to_contain_text(
            "Zendesk accepts the access token."
        )
        assert flaws(page) == []

    def test_are_rolled_in_three_steps(self, open_setup, acme):
        page = open_setup("/setup/acme/secrets/")
        page.get_by_text("Roll key: Login secret key").click()
        page.fill("#new-login_secret_key", "a-new-secret-of-acme-for-tests-only-0001")
        page.fill("#own-login_secret_key", PASSWORD)
        assert flaws(page) == []
        page.locator("[aria-labelledby=secret-login_secret_key]").get_by_role("button", name="Save").click()
        expect(page.locator("#toasts")).to_contain_text("The one before is accepted until")

    def test_stay_out_of_an_import(self, open_setup, acme):
        page = open_setup("/setup/acme/import/")
        page.fill("#text", json.dumps({"cookie_name": "session"}))
        page.get_by_role("button", name="Show the differences").click()
        expect(page.get_by_role("row", name="Cookie name token session")).to_be_visible()
        assert flaws(page) == []
        page.get_by_role("button", name="Change these settings").click()
        expect(page.locator("#toasts")).to_contain_text("Acme Games is changed.")
