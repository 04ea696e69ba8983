"""The admin in a real browser: accessible in the house's style, and quiet under its policy."""

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from playwright.sync_api import expect

from linking.models import Integration, Visitor
from tests.browser.test_pages import flaws, open_page, records  # noqa: F401 - fixtures

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LISTS = [
    "/admin/linking/integration/", "/admin/linking/visitor/", "/admin/linking/visitorlink/", "/admin/linking/syncrun/",
    "/admin/linking/answercount/", "/admin/linking/auditevent/", "/admin/linking/apitoken/", "/admin/auth/user/",
    "/admin/auth/group/", "/admin/mfa/authenticator/", "/admin/linking/alarmsettings/", "/admin/linking/blockeduser/",
]  # fmt: skip
FORMS = [
    "/admin/linking/integration/add/", "/admin/linking/apitoken/add/", "/admin/linking/blockeduser/add/",
    "/admin/auth/user/add/", "/admin/linking/alarmsettings/1/change/",
]  # fmt: skip
ON_A_PHONE = "document.documentElement.scrollWidth > innerWidth"


def addresses():
    acme = Integration.objects.get(slug="acme")
    person = get_user_model().objects.get(username="admin")
    LogEntry.objects.create(
        user=person, content_type=ContentType.objects.get_for_model(acme), object_id=acme.pk,
        object_repr="Acme", action_flag=CHANGE, change_message="Changed",
    )  # fmt: skip
    own = f"/admin/linking/integration/{acme.pk}"
    visitor = f"/admin/linking/visitor/{Visitor.objects.first().pk}"
    person_page = f"/admin/auth/user/{person.pk}"
    return [
        "/admin/", *LISTS, *FORMS, f"{own}/change/", f"{own}/history/", f"{own}/delete/", f"{visitor}/change/",
        f"{person_page}/change/", f"{person_page}/password/",
    ]  # fmt: skip


class TestAdmin:
    def test_axe_finds_nothing_and_no_page_is_wider_than_the_screen(self, open_page):  # noqa: F811
        """One walk over all kinds of pages, twice: light on a desk, dark on a phone."""
        found = {}
        page = open_page("/admin/", who="admin")
        paths = addresses()
        for theme, width in (("light", 1440), ("dark", 390)):
            page.emulate_media(color_scheme=theme)
            page.set_viewport_size({"width": width, "height": 900})
            for path in paths:
                page.goto(path)
                page.wait_for_load_state("networkidle")
                is_wide = page.evaluate(ON_A_PHONE)
                if what := [*flaws(page), *(["wider than the screen"] if is_wide else [])]:
                    found[theme, width, path] = what
        assert found == {}

    def test_breaks_no_policy_with_its_calendar_open(self, open_page):  # noqa: F811
        """Without axe, which writes styles into a page to measure it."""
        page = open_page("/admin/", who="admin")
        for path in addresses():
            page.goto(path)
            page.wait_for_load_state("networkidle")
        page.goto(f"/admin/linking/integration/{Integration.objects.get(slug='acme').pk}/change/")
        page.get_by_text("More: sync").click()
        page.locator(".field-sync_start .datetimeshortcuts a").nth(1).click()
        expect(page.locator(".calendarbox:visible")).to_have_count(1)
        assert page.said == []

    def test_keeps_the_colours_that_were_chosen_on_the_dashboard(self, open_page):  # noqa: F811
        page = open_page("/", who="admin")
        page.get_by_role("button", name="Dark colours").click()
        page.get_by_role("link", name="Admin", exact=True).click()
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        expect(page.get_by_role("link", name="Admin", exact=True)).to_have_attribute("aria-current", "page")

    def test_moves_little_while_it_loads(self, open_page):  # noqa: F811
        page = open_page("/admin/", who="admin")
        page.goto(f"/admin/linking/integration/{Integration.objects.get(slug='acme').pk}/change/")
        page.wait_for_load_state("networkidle")
        assert page.evaluate(_SHIFTS) < 0.05

    def test_opens_a_section_with_an_error_in_it(self, open_page):  # noqa: F811
        page = open_page("/admin/", who="admin")
        page.goto(f"/admin/linking/integration/{Integration.objects.get(slug='acme').pk}/change/")
        page.get_by_text("More: Xsolla Login").click()
        page.fill("#id_cookie_name", "a b")
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.locator("#id_cookie_name")).to_be_visible()


_SHIFTS = """() => new Promise(done => {
  let sum = 0;
  new PerformanceObserver(list => { for (const one of list.getEntries()) sum += one.value; })
    .observe({type: 'layout-shift', buffered: true});
  requestAnimationFrame(() => setTimeout(() => done(sum), 0));
})"""
