"""What leads decide and steer, in a real browser: accessible in every state, in both themes and on a phone."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from linking.models import Conflict, Incident, Integration, SyncSteering, Visitor
from tests.browser.keys import press
from tests.browser.test_pages import flaws, open_page, records  # noqa: F401
from tests.factories import make_login_user, make_run

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LOOKS = [(theme, width) for theme in ("light", "dark") for width in (1440, 390)]


def running(one, now):
    counts = {"lookups": 430, "lookups_left": 1200, "calls": 445, "chats": 2900, "pages": 3}
    make_run(integration=one, state="running", finished_at=None, started_at=now, touched_at=now, **counts)


def paused(one, now):
    SyncSteering.objects.create(integration=one, paused_at=now, paused_by="lena")


def failed(one, now):
    Integration.objects.update(blocked_reason="credentials")
    make_run(integration=one, state="stopped", stop_reason="credentials", stop_status=401, stop_detail="…")
    Incident.objects.create(integration=one, kind="credentials", began_at=now)


def stale(_one, now):
    Integration.objects.update(last_success_at=now - timedelta(days=21))
    Visitor.objects.update(lookup_due_at=now)


def looked_at(page, path):
    """What is wrong with a page in every look: axe's findings, and widths at which it is too wide."""
    found = []
    for theme, width in LOOKS:
        page.emulate_media(color_scheme=theme)
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(path)
        found += [(theme, width, flaw) for flaw in flaws(page)]
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found.append((theme, width, "too wide"))
    return found


class TestSyncPage:
    @pytest.mark.parametrize("state", [running, paused, failed, stale])
    def test_is_accessible_in_every_state(self, open_page, state):  # noqa: F811
        page = open_page("/sync/", who="admin")
        state(Integration.objects.get(slug="acme"), timezone.now())
        assert looked_at(page, "/sync/") == []

    def test_a_box_that_was_opened_outlives_the_live_refresh(self, open_page):  # noqa: F811
        page = open_page("/sync/")
        page.locator("#details-acme > summary").click()
        page.locator("#again-acme summary").click()
        page.fill("#from-acme", "2026-01-31")
        with page.expect_response("**/sync/"):
            page.locator("#sync").dispatch_event("refresh")
        expect(page.locator("#from-acme")).to_have_value("2026-01-31")
        expect(page.locator("#again-acme")).to_have_attribute("open", "")
        expect(page.locator("#details-acme")).to_have_attribute("open", "")


class TestConflictPage:
    def test_is_accessible_open_and_decided(self, open_page):  # noqa: F811
        one = Conflict.objects.get()
        other = make_login_user(integration=one.integration, user_id="other", name="Bo", email="bo@player.example")
        Conflict.objects.update(other_user=other)
        page = open_page(f"/conflicts/{one.pk}/")
        before = looked_at(page, f"/conflicts/{one.pk}/")
        page.locator(".choices button").nth(2).click()
        expect(page.locator("#undo")).to_be_visible()
        assert (before, looked_at(page, f"/conflicts/{one.pk}/"), page.said) == ([], [], [])


class TestDecidingByKey:
    def test_goes_on_to_the_heading_of_the_next_and_can_be_undone(self, open_page):  # noqa: F811
        first = Conflict.objects.get()
        other = Conflict.objects.create(
            integration=first.integration, kind="junk_external_id", visitor=first.visitor, subject="undefined",
            first_seen_at=first.first_seen_at, last_seen_at=first.last_seen_at,
        )  # fmt: skip
        page = open_page(f"/conflicts/{other.pk}/")
        page.locator(".choices button").first.focus()
        press(page, "Enter")
        expect(page).to_have_url(re.compile(rf"/conflicts/{first.pk}/\?decided={other.pk}$"))
        expect(page.locator("h1")).to_be_focused()
        assert flaws(page) == []
        page.get_by_role("button", name="Undo").click()
        expect(page).to_have_url(re.compile(rf"/conflicts/{other.pk}/$"))
        assert Conflict.objects.get(pk=other.pk).state == "open"


class TestKeys:
    def test_walk_the_rows(self, open_page):  # noqa: F811
        page = open_page("/")
        links = page.locator("tbody td.who > a")
        press(page, "j")
        expect(links.nth(0)).to_be_focused()
        press(page, "j")
        expect(links.nth(1)).to_be_focused()
        press(page, "k")
        expect(links.nth(0)).to_be_focused()

    def test_are_told_and_can_be_switched_off(self, open_page):  # noqa: F811
        page = open_page("/")
        press(page, "?")
        expect(page.locator("#keys")).to_be_visible()
        assert flaws(page) == []
        page.uncheck("#keys-on")
        press(page, "Escape")
        press(page, "/")
        expect(page.locator("#search")).not_to_be_focused()


class TestViews:
    def test_are_kept_and_accessible(self, open_page):  # noqa: F811
        page = open_page("/?state=anonymous")
        page.click("text=Save view")
        page.fill("#view-name", "Nobody knows them")
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_role("list", name="My views")).to_contain_text("Nobody knows them")
        assert looked_at(page, "/?state=anonymous") == []
