"""The doctor and the origin preview in a real browser: accessible with their answers shown, usable without scripts."""

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.utils import timezone
from playwright.sync_api import expect

from linking.models import AnswerCount, Integration
from tests.browser.keys import press
from tests.browser.test_pages import flaws, only_looks, open_page, records  # noqa: F401 - fixtures
from tests.factories import login_jwt

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PREVIEWED = "/setup/acme/?page=https://www.shop.example/&domain=shop.example&same_site=Lax&secure=on"
WRONG = {"iss": "https://login.xsolla.com/", "sub": ""}


class TestWiringPage:
    @pytest.mark.parametrize(
        ("theme", "width"), only_looks(("light", 1440), ("light", 390), ("dark", 1440), ("dark", 390))
    )
    def test_is_accessible_with_its_answers_shown(self, open_page, theme, width):  # noqa: F811
        page = open_page(PREVIEWED, theme=theme, width=width)
        previewed = flaws(page)
        page.fill("#text", login_jwt(**WRONG))
        press(page, "Control+Enter")
        expect(page.locator("#diagnosis")).to_be_focused()
        # Wherever the page has scrolled to by now, half a button may be below the bar at the top.
        page.evaluate("window.scrollTo({top: 0, behavior: 'instant'})")
        assert (previewed, flaws(page), page.said) == ([], [], [])
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")

    @pytest.mark.parametrize("width", [1440, 390])
    def test_of_a_developer_is_accessible_with_all_folds_open(self, open_page, width):  # noqa: F811
        page = open_page("/setup/acme/", width=width)
        make_developer(page)
        page.goto(page.url)
        page.fill("#text", login_jwt(groups=[{"name": "x" * 190}]))
        press(page, "Control+Enter")
        expect(page.locator("#diagnosis")).to_be_focused()
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        page.evaluate("window.scrollTo({top: 0, behavior: 'instant'})")
        assert (flaws(page), page.said) == ([], [])
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")

    def test_examines_and_previews_without_scripts(self, open_page):  # noqa: F811
        page = open_page(PREVIEWED, java_script_enabled=False)
        expect(page.get_by_text("Browsers will not send the cookie.")).to_be_visible()
        page.fill("#text", login_jwt(**WRONG))
        page.click("text=Check token")
        expect(page.locator("#diagnosis")).to_contain_text("The issuer ends with a slash.")

    def test_switches_snippets_without_scripts(self, open_page):  # noqa: F811
        page = open_page("/setup/acme/", java_script_enabled=False)
        page.click("label[for=tab-curl]")
        expect(page.locator(".tab-curl")).to_be_visible()
        expect(page.locator(".tab-web-widget")).to_be_hidden()

    def test_filters_codes_without_scripts(self, open_page):  # noqa: F811
        page = open_page("/setup/acme/codes/", java_script_enabled=False)
        page.fill("#filter", "issuer slash")
        page.press("#filter", "Enter")
        expect(page.locator(".reference > div:not(.of-code)")).to_have_count(1)
        expect(page.locator("#cause-issuer_slash")).to_be_visible()

    def test_brings_no_paste_back(self, open_page):  # noqa: F811
        page = open_page("/setup/acme/")
        page.fill("#text", "a paste")
        page.goto("/sync/")
        page.go_back()
        expect(page.locator("#text")).to_have_value("")


def make_developer(page):
    """Let whoever is signed in be a developer and nothing else."""
    person = get_user_model().objects.get()
    person.groups.set([Group.objects.get(name="developers")])


class TestStepsOfTheDeveloper:
    """How many steps a job takes once a developer is signed in, at 1440 by 900."""

    @pytest.fixture
    def desk(self, open_page):  # noqa: F811
        page = open_page("/setup/acme/")
        page.set_viewport_size({"width": 1440, "height": 900})
        make_developer(page)
        return page

    def test_finding_the_endpoint_takes_one(self, desk):
        desk.goto(desk.url.replace("/setup/acme/", "/"))  # as after sign-in
        desk.click("main a:has-text('Acme')")
        expect(desk.locator("#endpoint")).to_be_in_viewport()

    def test_the_snippet_begins_on_the_first_screen(self, desk):
        desk.goto(desk.url)
        expect(desk.locator(".tab-web-widget .snippet").first).to_be_in_viewport(ratio=0.1)

    def test_the_refusals_of_the_last_hour_take_one(self, desk):
        integration = Integration.objects.get(slug="acme")
        AnswerCount.objects.create(
            integration=integration, hour_at=timezone.now(), code="00-01", reason="expired", first_at=timezone.now()
        )
        desk.goto(desk.url)
        desk.click("text=Last hour")
        expect(desk.locator("table.answers")).to_contain_text("00-01 expired")
