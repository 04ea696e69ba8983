"""The foot of the side bar says at a glance whether all is well, for every integration."""

from datetime import timedelta

import pytest
from django.utils import timezone

from linking.dashboard.shell import health_strip
from linking.models import WaitingHour
from tests.factories import make_integration, make_run
from tests.linking.dashboard.reading import read

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def read_anew():
    health_strip.forget()


def make_one(slug, *, ago=timedelta(), **changes):
    success_at = timezone.now() - ago
    return make_integration(
        slug=slug, name=slug.title(), login_project_id=f"p-{slug}", last_success_at=success_at, **changes
    )


def health(browser):
    return read(browser.get("/conflicts/")).one(class_="health")


class TestHealth:
    def test_names_every_integration_the_worst_first(self, lead):
        make_one("fine")
        make_one("stopped", blocked_reason="credentials")
        make_one("old", ago=timedelta(hours=2))
        assert [line.text for line in health(lead).all("bdi")] == ["Stopped", "Old", "Fine"]

    def test_leads_to_the_integration_on_the_sync_page(self, lead):
        make_one("fine")
        assert health(lead).one("a").attributes["href"] == "/sync/#card-fine"

    def test_shows_the_last_passes_of_each(self, lead):
        fine = make_one("fine")
        for _ in range(25):
            make_run(integration=fine)
        outlines = health(lead).one("svg", class_="plot-strip").all("path", class_="plot-good")
        assert outlines[0].attributes["d"].count("M") == health_strip.PASSES

    def test_leaves_out_what_is_switched_off(self, lead):
        make_one("off", enabled=False)
        assert read(lead.get("/conflicts/")).all(class_="health") == []

    def test_names_a_few_and_counts_the_others(self, lead):
        for number in range(health_strip.SHOWN + 2):
            make_one(f"n{number}")
        assert health(lead).all("a")[-1].text == "2 more"

    def test_is_not_green_while_many_wait(self, lead):
        fine = make_one("fine", requests_per_minute=1)
        WaitingHour.objects.create(integration=fine, hour_at=timezone.now(), waiting=500)
        assert "tone-warn" in read(lead.get("/conflicts/")).one(class_="freshness").attributes["class"]


class TestCost:
    def test_is_read_once_for_many_pages(self, lead, django_assert_num_queries):
        make_run(integration=make_one("fine"))
        lead.get("/conflicts/")
        integrations = list(health_strip.status.list_progress(now=timezone.now()))
        with django_assert_num_queries(0):
            health_strip.build_health(integrations, now=timezone.now())

    def test_is_three_queries_for_any_number_of_integrations(self, lead, django_assert_num_queries):
        for number in range(4):
            make_run(integration=make_one(f"n{number}"))
        integrations = list(health_strip.status.list_progress(now=timezone.now()))
        with django_assert_num_queries(3):
            health_strip.build_health(integrations, now=timezone.now())
