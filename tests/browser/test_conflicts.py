"""Working through conflicts in a real browser: twenty at once, one by one by keys, and without scripts."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from linking.models import Conflict, ConflictFlag, ConflictKind, VisitorLink
from tests.browser.keys import press
from tests.browser.test_lead_pages import looked_at
from tests.browser.test_pages import flaws, open_page, records  # noqa: F401 - fixtures
from tests.factories import make_link, make_login_user, make_visitor

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
NAME = "Hana Eriksen of the Northern Lights".ljust(90, "x")


def make_conflicts(number, *, kind="relinked"):
    first, now = Conflict.objects.earliest("pk"), timezone.now()
    other = make_login_user(integration=first.integration, user_id=f"other-{kind}", name=NAME)
    Conflict.objects.filter(pk=first.pk, other_user=None).update(other_user=other)
    for place in range(number):
        seen = {"first_seen_at": now - timedelta(days=place), "last_seen_at": now, "checked_at": now}
        visitor = make_visitor(integration=first.integration, visitor_id=f"7700123.{kind}{place}", name=NAME, **seen)
        make_link(visitor=visitor, login_user=first.login_user, first_seen_at=now, last_confirmed_at=now)
        is_junk = kind == "junk_external_id"
        Conflict.objects.create(
            integration=first.integration, kind=kind, visitor=visitor, subject=f"{kind}|{'undefined' * 20}",
            login_user=None if is_junk else first.login_user, other_user=None if is_junk else other,
            first_seen_at=now - timedelta(days=place), last_seen_at=now,
        )  # fmt: skip


class TestTwentyAtOnce:
    def test_take_three_clicks_and_one_to_undo(self, open_page):  # noqa: F811
        page = open_page("/conflicts/")
        make_conflicts(19)
        page.reload()
        clicks = []
        page.expose_function("count", lambda: clicks.append(1))
        page.add_init_script("addEventListener('pointerdown', () => count(), true)")
        page.reload()
        page.get_by_label("Select page").click()
        expect(page.locator("[data-count]")).to_have_text("20 selected")
        page.get_by_role("button", name="Unlink player A…").click()
        expect(page.locator("h1")).to_have_text("Unlink player A in 20 conflicts?")
        expect(page.locator(".changes")).to_contain_text("20 links end now and stay in the history.")
        page.get_by_role("button", name="Unlink in 20 conflicts").click()
        expect(page.locator("#last-batch p")).to_have_text("20 conflicts decided: Unlink")
        assert len(clicks) == 3
        assert (Conflict.objects.open().count(), VisitorLink.objects.open().count()) == (0, 0)
        page.get_by_role("button", name="Undo").click()
        expect(page.locator("#toasts")).to_contain_text("Undone: 20 conflicts are open again.")
        assert (Conflict.objects.open().count(), VisitorLink.objects.open().count()) == (20, 20)
        assert page.said == []

    def test_take_four_keys(self, open_page):  # noqa: F811
        page = open_page("/conflicts/")
        make_conflicts(19)
        page.reload()
        page.get_by_label("Select page").focus()
        press(page, "Space")
        page.get_by_role("button", name="Ignore…").focus()
        press(page, "Enter")
        expect(page.locator("#confirm")).to_be_focused()
        press(page, "Enter")
        expect(page.locator("h1")).to_be_focused()
        assert Conflict.objects.filter(decision="ignore").count() == 20

    def test_work_without_scripts(self, open_page):  # noqa: F811
        page = open_page("/conflicts/", java_script_enabled=False)
        make_conflicts(2)
        page.reload()
        page.locator("input[name=conflict]").nth(1).check()
        page.get_by_role("button", name="Keep link…").click()
        page.get_by_role("button", name="Keep 1 link").click()
        expect(page.locator("#last-batch p")).to_have_text("1 conflict decided: Keep link")
        assert Conflict.objects.filter(decision="keep").count() == 1


class TestSelection:
    def test_is_made_by_keys_and_by_a_range(self, open_page):  # noqa: F811
        page = open_page("/conflicts/")
        make_conflicts(6)
        page.reload()
        keep = page.get_by_role("button", name="Keep link…")
        expect(keep).to_be_disabled()
        press(page, "j")
        press(page, "j")
        press(page, "x")
        expect(page.locator("[data-count]")).to_have_text("1 selected")
        expect(keep).to_be_enabled()
        press(page, "x")
        expect(page.locator("[data-count]")).to_have_text("None selected")
        boxes = page.locator("input[name=conflict]")
        boxes.nth(0).click()
        boxes.nth(4).click(modifiers=["Shift"])
        expect(page.locator("[data-count]")).to_have_text("5 selected")
        expect(page.locator("[data-select-page]")).to_have_js_property("indeterminate", True)

    def test_of_all_that_match_reaches_beyond_the_page(self, open_page):  # noqa: F811
        page = open_page("/conflicts/")
        make_conflicts(59)
        page.goto("/conflicts/?kind=relinked")
        page.get_by_label("All 60 conflicts that match").click()
        page.get_by_role("button", name="Ignore…").click()
        expect(page.locator("h1")).to_have_text("Ignore 60 conflicts?")

    def test_shows_twelve_rows_on_a_screen(self, open_page):  # noqa: F811
        page = open_page("/conflicts/")
        make_conflicts(19)
        page.reload()
        whole = "rows => rows.filter(row => row.getBoundingClientRect().bottom <= innerHeight).length"
        assert page.locator(".conflicts tbody tr").evaluate_all(whole) >= 12


class TestOneByOne:
    def test_goes_by_keys_from_the_list_through_the_conflicts(self, open_page):  # noqa: F811
        page = open_page("/conflicts/")
        make_conflicts(3)
        page.goto("/conflicts/?kind=relinked&order=oldest")
        press(page, "n")
        expect(page.locator("h1")).to_contain_text("Which of the two is this?")
        first = page.url
        press(page, "n")
        expect(page).not_to_have_url(first)
        page.wait_for_load_state()
        press(page, "1")
        expect(page.locator("#last-decision p")).to_have_text("Decided: Keep link")
        expect(page).to_have_url(re.compile(r"\?kind=relinked&order=oldest&decided=\d+$"))
        expect(page.locator("h1")).to_be_focused()
        page.wait_for_load_state()
        press(page, "5")
        expect(page.locator("#last-decision p")).to_have_text("Decided: Ignore")
        assert sorted(Conflict.objects.exclude(decision="").values_list("decision", flat=True)) == ["ignore", "keep"]

    def test_leaves_keys_alone_while_a_person_types(self, open_page):  # noqa: F811
        page = open_page("/conflicts/")
        page.locator("tbody td.who > a").first.click()
        page.locator("#search").fill("")
        page.locator("#search").press("1")
        expect(page.locator("#search")).to_have_value("1")
        assert Conflict.objects.open().count() == 1


class TestLooks:
    @pytest.fixture
    def lead(self, open_page):  # noqa: F811
        page = open_page("/conflicts/")
        for kind in ConflictKind:
            make_conflicts(1, kind=kind.value)
        for conflict in Conflict.objects.all():
            ConflictFlag.objects.create(conflict=conflict, by_name="anna", reason="please " * 25, at=timezone.now())
        Conflict.objects.update(flagged_at=timezone.now())
        return page

    def test_of_the_list_are_accessible(self, lead):
        assert looked_at(lead, "/conflicts/") + looked_at(lead, "/conflicts/?q=nothing-like-that&owner=me") == []

    def test_of_each_kind_are_accessible(self, lead):
        found = []
        for kind in ConflictKind:
            found += looked_at(lead, f"/conflicts/{Conflict.objects.filter(kind=kind.value).first().pk}/")
        assert found == []

    def test_of_a_bulk_decision_are_accessible(self, lead):
        lead.get_by_label("Select page").click()
        lead.reload()
        lead.get_by_label("Select page").click()
        lead.get_by_role("button", name="Mark as shared device…").click()
        expect(lead.locator("#left-out")).to_be_visible()
        preview = flaws(lead)
        lead.set_viewport_size({"width": 320, "height": 900})
        is_too_wide = lead.evaluate("document.documentElement.scrollWidth > innerWidth")
        lead.locator("#confirm").click()
        number = Conflict.objects.exclude(decision="").first().decisions.get().batch_id
        assert (preview, is_too_wide, looked_at(lead, f"/conflicts/bulk/{number}/")) == ([], False, [])

    def test_of_an_agent_are_accessible(self, open_page):  # noqa: F811
        page = open_page("/conflicts/", who="agent")
        found = looked_at(page, "/conflicts/")
        page.locator("tbody td.who > a").first.click()
        page.get_by_text("Flag for a lead…").click()
        page.fill("input[name=reason]", "please look")
        page.get_by_role("button", name="Flag", exact=True).click()
        expect(page.locator(".flag")).to_contain_text("please look")
        assert (found, flaws(page), looked_at(page, page.url)) == ([], [], [])
