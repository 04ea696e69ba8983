"""Every page in a real browser: accessible in both themes and on a phone, quiet under its policy, usable by keys."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone
from playwright.sync_api import expect

from linking.models import Conflict
from tests.browser.keys import press
from tests.factories import make_integration, make_link, make_login_user, make_run, make_visitor

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
VISITOR, USER = "7700123.ab3XkQ9zLm2Rt7", "3f0d2c54-7a1e-4c7b-9a55-0e6b6f1d9c01"
PAGES = [
    "/", "/?state=linked&seen=30&q=na", "/?q=nothing-like-that", "/?state=signed_in", f"/visitors/{VISITOR}/",
    f"/users/{USER}/", "/conflicts/", "/sync/", "/setup/acme/", "/setup/acme/codes/", "/api/docs/", "/nothing/",
    "/accounts/2fa/", "/accounts/password/change/", "/accounts/language/", "/accounts/time-zone/",
]  # fmt: skip
# As long as a name may be: one that can be broken into lines, and one that cannot.
NAMES = ("Acme Games and the Studios of the Northern Lights, Season Two: ".ljust(100, "y"), "Beta".ljust(100, "x"))
OPEN_PAGES = ["/accounts/login/", "/accounts/link/damaged/"]

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def only_looks(first, *others):
    """Parameters that ask the store for the same; CI shows a second store the first of them."""
    return [first, *(pytest.param(*values, marks=pytest.mark.storeless) for values in others)]


@pytest.fixture
def records(transactional_db):
    now = timezone.now()
    times = {"first_seen_at": now - timedelta(days=3), "last_seen_at": now, "checked_at": now}
    integration = make_integration(name=NAMES[0], last_success_at=now)
    beta = make_integration(slug="beta", name=NAMES[1], login_project_id="other", last_success_at=now)
    proof = {"first_authenticated_at": now, "last_authenticated_at": now, "tokens_issued": 2}
    user = make_login_user(integration=integration, name="Nadia", **proof)
    visitor = make_visitor(integration=integration, name="Nadia", email="nadia@player.example", **times)
    run = make_run(integration=integration, state="stopped", stop_reason="budget")
    make_link(visitor=visitor, login_user=user, evidence_run=run)
    make_visitor(integration=integration, visitor_id="7700123.second", name="A" * 90, **times)
    make_visitor(integration=beta, visitor_id="7700123.other", name="Hana", email="hana@player.example", **times)
    make_login_user(integration=integration, user_id="waits", **proof)
    Conflict.objects.create(
        integration=integration, kind="relinked", visitor=visitor, login_user=user, subject="1|", evidence_run=run,
        first_seen_at=now, last_seen_at=now,
    )  # fmt: skip


@pytest.fixture
def open_page(chromium, live_server, records):
    """Open a page as a lead; what the console said is on the page object as `said`."""
    contexts = []

    def opened(path, *, theme="light", width=1440, who="lead", **options):
        view = {"width": width, "height": 900}
        context = chromium.new_context(viewport=view, color_scheme=theme, base_url=live_server.url, **options)
        contexts.append(context)
        if who:
            context.add_cookies([_session(who, live_server.url)])
        page = context.new_page()
        page.said = []
        page.on("console", lambda line: page.said.append(line.text) if line.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: page.said.append(str(error)))
        page.goto(path)
        return page

    yield opened
    for context in contexts:
        context.close()


def _session(who, url):
    person = get_user_model().objects.create_user(who, password="a long password of theirs")
    person.groups.add(Group.objects.get_or_create(name=f"{who}s")[0])
    browser = Client()
    browser.force_login(person)
    return {
        "name": settings.SESSION_COOKIE_NAME,
        "value": browser.cookies[settings.SESSION_COOKIE_NAME].value,
        "url": url,
    }


def flaws(page):
    """What axe finds. Injected through the protocol, because the page's own policy rightly refuses it."""
    page.context.new_cdp_session(page).send("Runtime.evaluate", {"expression": AXE})
    found = page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
    return [(one["id"], [node["target"] for node in one["nodes"]]) for one in found["violations"]]


class TestAccessibility:
    @pytest.mark.parametrize(
        ("theme", "width"),
        only_looks(("light", 1440), ("dark", 1440), ("light", 768), ("light", 390), ("dark", 390)),
    )
    def test_axe_finds_nothing_on_any_page(self, open_page, theme, width):
        page = open_page("/", theme=theme, width=width)
        found = {}
        for path in PAGES:
            page.goto(path)
            found[path] = flaws(page)
        assert {path: what for path, what in found.items() if what} == {}

    @pytest.mark.parametrize("theme", ["light", "dark"])
    @pytest.mark.parametrize("path", OPEN_PAGES)
    def test_axe_finds_nothing_before_sign_in(self, open_page, path, theme):
        assert flaws(open_page(path, theme=theme, who="")) == []

    def test_no_page_is_wider_than_320_pixels(self, open_page):
        page = open_page("/", width=320)
        wide = []
        for path in PAGES:
            page.goto(path)
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                wide.append(path)
        assert wide == []

    def test_controls_are_large_enough_to_hit(self, open_page):
        page = open_page("/", width=390)
        small = "e => { const r = e.getBoundingClientRect(); return r.width && (r.width < 24 || r.height < 24); }"
        boxes = page.locator("main button, main select, main .btn, .side button")
        assert not any(boxes.nth(place).evaluate(small) for place in range(boxes.count()))

    def test_the_first_stop_skips_to_the_content(self, open_page):
        page = open_page("/")
        press(page, "Tab")
        press(page, "Enter")
        expect(page.locator("main")).to_be_focused()


class TestPolicy:
    def test_no_page_breaks_its_own_policy(self, open_page):
        page = open_page("/")
        for path in [path for path in PAGES if path != "/nothing/"]:
            page.goto(path)
            page.wait_for_load_state("networkidle")
        assert page.said == []


class TestKeyboardAndCopy:
    def test_the_slash_goes_to_the_search(self, open_page):
        page = open_page("/sync/")
        press(page, "/")
        expect(page.locator("#search")).to_be_focused()

    def test_a_pasted_id_opens_its_record(self, open_page):
        page = open_page("/sync/")
        page.fill("#search", VISITOR.replace(".", "-"))
        press(page, "Enter")
        expect(page.locator("h1")).to_contain_text("Nadia")

    def test_an_id_is_copied_whole_and_announced(self, open_page):
        page = open_page(f"/visitors/{VISITOR}/", permissions=["clipboard-read", "clipboard-write"])
        page.click("#visitor-id")
        expect(page.locator("#toasts")).to_contain_text("Visitor ID copied")
        assert page.evaluate("navigator.clipboard.readText()") == VISITOR


class TestWithoutScripts:
    def test_filters_and_pages_work(self, open_page):
        page = open_page("/", java_script_enabled=False)
        page.click("#filter-seen summary")
        page.click("text=last 7 days")
        expect(page.locator("#filter-seen summary")).to_have_text("Seen: last 7 days")
        page.click("#filter-days summary")
        page.fill("[name=seen_from]", "2026-01-01")
        page.click("#filter-days >> text=Apply")
        expect(page).to_have_url(re.compile(r"/\?seen=7&seen_from=2026-01-01$"))

    def test_rows_are_selected_and_refreshed(self, open_page):
        page = open_page("/", java_script_enabled=False)
        expect(page.locator(".selection")).to_be_hidden()
        page.get_by_role("checkbox", name="Nadia").check()
        page.get_by_role("button", name="Refresh from Zendesk").click()
        expect(page.locator("#toasts")).to_contain_text("1 visitor is queued for a refresh.")

    def test_colours_are_switched_and_remembered(self, open_page):
        page = open_page("/sync/", java_script_enabled=False)
        page.click("[title='Dark colours']")
        page.goto("/")
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")

    def test_what_needs_them_is_not_offered(self, open_page):
        page = open_page("/", java_script_enabled=False)
        expect(page.locator("[data-copy]").first).to_be_hidden()
