"""Connecting with Zendesk in a real browser: out to the sandbox's consent page and back, under our own policy."""

import pytest
from playwright.sync_api import expect

from linking.models import Integration, Secret, ZendeskConnection, keep_secret
from tests.browser.test_pages import flaws, only_looks, open_page, records  # noqa: F401 - fixtures
from tests.factories import NOW, ZENDESK_ACCESS_TOKEN
from tests.sandbox_process import sandbox_process

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PAGE = "/setup/acme/connect/"
CLIENT_SECRET = "sandbox-public-client-secret-not-real"


@pytest.fixture(scope="module")
def process():
    with sandbox_process() as found:
        yield found


@pytest.fixture
def sandbox(process, records, settings):  # noqa: F811
    """A sandbox that is Acme's Zendesk account."""
    process.control("reset")
    settings.LINKING = settings.LINKING | {"ALLOW_LOOPBACK": True}
    acme = Integration.objects.get(slug="acme")
    acme.zendesk_api_url, acme.zendesk_client_id = f"{process.url}/api/v2/chat", "sandbox-public-client"
    acme.save()
    keep_secret(integration=acme, name="zendesk_client_secret", plain=CLIENT_SECRET, actor="tests", now=NOW)
    return process


def access_token():
    return Secret.objects.get(integration__slug="acme", name="zendesk_access_token").reveal()


class TestConnecting:
    def test_goes_to_zendesk_and_back(self, sandbox, open_page):  # noqa: F811
        sandbox.control("faults", token_life_s=3600)
        page = open_page(PAGE, who="admin")
        page.click("#connect")
        expect(page.get_by_role("heading", name="Allow access?")).to_be_visible()
        assert page.url.startswith(f"{sandbox.url}/oauth2/chat/authorizations/new?")
        page.click("#allow")
        expect(page.locator(".notice-good")).to_contain_text("Connected.")
        expect(page.locator("[aria-labelledby=connection]")).to_contain_text("Yes")
        assert (page.url.endswith(PAGE), page.said, access_token() != ZENDESK_ACCESS_TOKEN) == (True, [], True)

    def test_brings_a_token_that_reads_the_account(self, sandbox, open_page):  # noqa: F811
        page = open_page(PAGE, who="admin")
        page.click("#connect")
        page.click("#allow")
        expect(page.locator(".notice-good")).to_be_visible()
        row = ZendeskConnection.objects.get()
        assert (row.authority, row.scope, row.connected_by) == (sandbox.url, "read", "admin")
        assert sandbox.read("stats")["by_status"]["zendesk 200"] >= 1

    def test_tells_in_a_sentence_that_consent_was_refused(self, sandbox, open_page):  # noqa: F811
        page = open_page(PAGE, who="admin", java_script_enabled=False)
        page.click("#connect")
        page.click("#deny")
        expect(page.get_by_role("alert")).to_contain_text("Access was denied in Zendesk.")
        assert access_token() == ZENDESK_ACCESS_TOKEN

    def test_does_nothing_when_the_address_of_the_way_back_is_opened_again(self, sandbox, open_page):  # noqa: F811
        page = open_page(PAGE, who="admin")
        came_back = []
        page.on("request", lambda one: came_back.append(one.url) if "/zendesk/callback/" in one.url else None)
        page.click("#connect")
        page.click("#allow")
        expect(page.locator(".notice-good")).to_be_visible()
        token = access_token()
        page.goto(came_back[0])
        expect(page.get_by_role("alert")).to_contain_text("does not match your attempt")
        assert access_token() == token

    def test_copies_the_redirect_url_whole(self, sandbox, open_page, live_server):  # noqa: F811
        page = open_page(PAGE, who="admin", permissions=["clipboard-read", "clipboard-write"])
        page.click("[title='Copy the redirect URL']")
        expect(page.locator("#toasts")).to_contain_text("Redirect URL copied")
        assert page.evaluate("navigator.clipboard.readText()") == f"{live_server.url}/zendesk/callback/"

    @pytest.mark.parametrize(
        ("theme", "width"), only_looks(("light", 1440), ("light", 390), ("dark", 1440), ("dark", 390))
    )
    def test_is_accessible_with_and_without_a_connection(self, sandbox, open_page, theme, width):  # noqa: F811
        page = open_page(PAGE, who="admin", theme=theme, width=width)
        found = [*flaws(page)]
        page.click("#connect")
        page.click("#deny")
        expect(page.get_by_role("alert")).to_be_visible()
        found += flaws(page)
        page.click("#connect")
        page.click("#allow")
        expect(page.locator(".notice-good")).to_be_visible()
        assert (found + flaws(page), page.said) == ([], [])
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
