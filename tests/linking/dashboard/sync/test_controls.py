from datetime import UTC, datetime

import pytest

from linking import queue
from linking.dashboard.sync.controls import read_date
from linking.models import SyncSteering
from tests.factories import NOW, make_integration, make_run
from tests.linking.dashboard.reading import read

pytestmark = pytest.mark.django_db


@pytest.fixture
def queued(monkeypatch):
    calls = []
    monkeypatch.setattr(queue, "put", lambda task, **arguments: calls.append(arguments))
    return calls


@pytest.fixture
def acme():
    return make_integration()


def said(answer):
    return read(answer).one(id="toasts").all("p")[-1].text


class TestPause:
    def test_is_said_with_who_did_it(self, lead, acme):
        page = read(lead.post("/sync/acme/pause/", follow=True))
        assert page.one(class_="fresh").text.startswith("Sync is paused.")
        assert "lead paused sync" in page.one(id="sync").text

    def test_offers_to_resume_instead(self, lead, acme):
        page = read(lead.post("/sync/acme/pause/", follow=True))
        assert page.all("button", id="pause-acme") == []
        assert page.one("button", id="resume-acme")

    def test_shows_in_every_page_s_frame(self, lead, acme):
        lead.post("/sync/acme/pause/")
        assert read(lead.get("/setup/acme/")).one(class_="freshness").text.startswith("Sync is paused.")

    def test_ends_with_resuming(self, lead, acme):
        lead.post("/sync/acme/pause/")
        assert said(lead.post("/sync/acme/resume/", follow=True)).startswith("Acme Games is resumed.")
        assert SyncSteering.objects.get().paused_at is None

    def test_twice_is_said(self, lead, acme):
        lead.post("/sync/acme/pause/")
        assert said(lead.post("/sync/acme/pause/", follow=True)) == "Acme Games is already paused."

    def test_agents_see_it_but_have_no_buttons(self, agent, acme):
        SyncSteering.objects.create(integration=acme, paused_at=NOW, paused_by="lena")
        page = read(agent.get("/sync/"))
        assert "lena" in page.one(id="sync").text
        assert page.one(id="sync").all("form") == []


class TestStop:
    def test_is_offered_while_a_pass_runs(self, lead, acme):
        assert read(lead.get("/sync/")).all("button", id="stop-acme") == []
        make_run(integration=acme, state="running", finished_at=None)
        assert read(lead.get("/sync/")).one("button", id="stop-acme")

    def test_asks_that_very_pass_to_end(self, lead, acme):
        run = make_run(integration=acme, state="running", finished_at=None)
        lead.post("/sync/acme/stop/")
        assert SyncSteering.objects.get().stop_run == run

    def test_of_nothing_is_said(self, lead, acme):
        assert said(lead.post("/sync/acme/stop/", follow=True)) == "Acme Games is not syncing."


class TestBackfill:
    def test_is_kept_and_a_pass_begins(self, lead, acme, queued):
        lead.post("/sync/acme/backfill/", {"from": "2026-01-31"})
        assert SyncSteering.objects.get().backfill_from == datetime(2026, 1, 31, tzinfo=UTC)
        assert queued == [{"integration_id": acme.pk, "trigger": "page"}]

    def test_is_said_until_a_pass_obeys(self, lead, acme, queued):
        page = read(lead.post("/sync/acme/backfill/", {"from": "2026-01-31"}, follow=True))
        assert "The next sync imports chats again from 31 Jan 2026, 00:00 UTC." in page.one(id="sync").text

    @pytest.mark.parametrize("date", ["", "yesterday", "2026-02-30", "1999-12-31", "9999-01-01", "2026-01-31T00:00"])
    def test_nonsense_is_refused_in_words(self, lead, acme, queued, date):
        answer = lead.post("/sync/acme/backfill/", {"from": date}, follow=True)
        assert said(answer).startswith("Nothing was changed")
        assert queued == []


class TestReadDate:
    def test_today_is_fine(self):
        assert read_date("2026-11-22", now=NOW) == datetime(2026, 11, 22, tzinfo=UTC)

    def test_tomorrow_is_not(self):
        assert read_date("2026-11-23", now=NOW) is None
