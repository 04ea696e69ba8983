from datetime import timedelta

import pytest
from django.utils import timezone

from linking import queue
from linking.models import AlarmMessage, Heartbeat, Incident, Integration, Quarantined, StopReason, SyncSteering
from tests.factories import make_integration, make_run, make_visitor
from tests.linking.dashboard.reading import read

pytestmark = pytest.mark.django_db
FRAME_QUERIES = 7


def make_read(*, ago, **changes):
    return make_integration(last_success_at=timezone.now() - ago, **changes)


class TestFreshness:
    @pytest.mark.parametrize(
        ("ago", "changes", "sentence"),
        [
            (timedelta(seconds=40), {}, "Updated "),
            (timedelta(hours=2), {}, "Out of date: last updated "),
            (timedelta(hours=2), {"sync_enabled": False}, "Sync is off. Last updated "),
            (timedelta(hours=2), {"blocked_reason": "credentials"}, "Sync stopped: action needed. Last updated "),
            (timedelta(hours=2), {"enabled": False}, "This integration is switched off. Last updated "),
        ],
    )
    def test_is_said_in_words(self, lead, ago, changes, sentence):
        make_read(ago=ago, **changes)
        assert read(lead.get("/sync/")).one(class_="fresh").text.startswith(sentence)

    def test_before_the_first_pass(self, lead):
        make_integration()
        assert read(lead.get("/sync/")).one(class_="fresh").text == "No sync has completed yet."

    def test_refused_before_a_pass_was_complete(self, lead):
        make_integration(blocked_reason="credentials")
        sentence = "Sync stopped: action needed. No sync has completed yet."
        assert read(lead.get("/sync/")).one(class_="fresh").text == sentence

    @pytest.mark.parametrize(
        ("ago", "ending"), [(None, "No sync has completed yet."), (timedelta(hours=2), "The last complete sync was")]
    )
    def test_during_a_long_reading_is_no_complaint(self, lead, ago, ending):
        integration = make_read(ago=ago) if ago else make_integration()
        moments = dict.fromkeys(("started_at", "touched_at"), timezone.now())
        make_run(integration=integration, state="stopped", stop_reason="deadline", lookups=5, **moments)
        page = read(lead.get("/sync/"))
        sentence = f"Catching up: not all chats have been read yet. {ending}"
        assert page.one(class_="fresh").text.startswith(sentence)
        assert page.one(class_="freshness").text.startswith(sentence)

    def test_an_incomplete_set_up_is_named(self, lead):
        make_integration(secrets={"zendesk_access_token": ""})
        assert read(lead.get("/sync/")).one(class_="fresh").text.startswith("The set-up is incomplete.")

    def test_what_an_unfinished_one_lacks_is_said_on_its_card(self, lead):
        make_integration(secrets={"zendesk_access_token": ""}, zendesk_subdomain="")
        *_others, notice = read(lead.get("/sync/")).all(class_="notice-warn")
        assert notice.text == (
            "The set-up is incomplete, so sync cannot start. Missing: Zendesk's access token, Zendesk's subdomain. "
            "Open the checklist"
        )

    def test_an_unfinished_one_cannot_be_started(self, lead):
        make_integration(secrets={"zendesk_access_token": ""})
        assert "disabled" in read(lead.get("/sync/")).one(id="start-acme").attributes

    def test_a_stale_one_shows_in_every_page_s_frame(self, lead):
        make_read(ago=timedelta(hours=2))
        assert read(lead.get("/setup/acme/")).one(class_="freshness").text.startswith("Out of date")

    def test_what_a_person_must_do_is_said(self, lead):
        make_read(ago=timedelta(hours=2), blocked_reason="credentials")
        assert (
            "Enter a new one in the integration's settings." in read(lead.get("/sync/")).one(class_="notice-bad").text
        )


class TestRuns:
    @pytest.mark.parametrize(
        ("trigger", "words"),
        [("command", "This command could not use Zendesk's address"), ("schedule", "An administrator must check it")],
    )
    def test_one_that_a_command_could_not_make_asks_nothing_of_an_administrator(self, lead, trigger, words):
        make_run(integration=make_integration(), trigger=trigger, state="stopped", stop_reason="host")
        assert words in read(lead.get("/sync/")).one(class_="runs").text

    def test_none_yet(self, lead):
        make_integration()
        assert "No sync has run yet." in read(lead.get("/sync/")).one(class_="empty").text

    def test_one_with_its_figures(self, lead):
        make_run(integration=make_integration(), calls=1041, chats=310)
        cells = [cell.text for cell in read(lead.get("/sync/")).one("table", class_="runs").one("tbody").all("td")]
        assert cells[1] == "Complete"
        assert cells[4:6] == ["1,041", "310"]

    def test_says_which_part_of_the_export_it_read_and_what_came_of_it(self, lead):
        make_run(
            integration=make_integration(), cursor_from_epoch_s=1_795_262_400, cursor_to_epoch_s=1_795_266_000,
            pages=3, visitors_found=1200, anonymous=4, gone=1, lookups_left=7, waited_s=75,
        )  # fmt: skip
        assert read(lead.get("/sync/")).one(class_="run-facts").text == (
            "Chats from 21 Nov 2026, 12:00 UTC to 21 Nov 2026, 13:00 UTC · 3 pages · 1,200 new visitors · 4 anonymous"
            " · 1 deleted in Zendesk · 7 waiting for lookup · waited 75 s"
        )

    def test_leaves_out_what_did_not_happen(self, lead):
        make_run(integration=make_integration(), cursor_from_epoch_s=0, pages=1)
        assert read(lead.get("/sync/")).one(class_="run-facts").text == "All chats, none new · 1 page"

    @pytest.mark.parametrize("reason", StopReason.values)
    def test_each_stop_reason_has_its_sentence(self, lead, reason):
        make_run(integration=make_integration(), state="stopped", stop_reason=reason)
        text = read(lead.get("/sync/")).one("p", class_="stop").text
        assert text.endswith(".")
        assert "does not know" not in text

    def test_older_ones_are_on_the_next_page(self, lead):
        integration = make_integration()
        for _number in range(26):
            make_run(integration=integration)
        address = read(lead.get("/sync/")).one(id="older-runs").attributes["href"]
        assert len(read(lead.get(f"/sync/{address}")).one("table", class_="runs").one("tbody").all("tr")) == 1


class TestProgress:
    def test_shows_how_far_a_running_pass_is(self, lead):
        make_run(
            integration=make_integration(), state="running", finished_at=None, lookups=30, lookups_left=70, calls=33
        )
        page = read(lead.get("/sync/"))
        bar = page.one("progress").attributes
        assert (bar["value"], bar["max"]) == ("30", "100")
        assert "30 of 100 visitors updated" in page.one(class_="progress-line").text

    def test_goes_on_over_the_passes_that_a_long_reading_takes(self, lead):
        integration = make_integration()
        make_run(integration=integration, lookups=900)
        for lookups in (500, 450):
            make_run(integration=integration, state="stopped", stop_reason="deadline", lookups=lookups)
        make_run(integration=integration, trigger="refresh", lookups=1)
        make_run(integration=integration, state="running", finished_at=None, lookups=50, lookups_left=9_000)
        page = read(lead.get("/sync/"))
        assert (page.one("progress").attributes["value"], page.one("progress").attributes["max"]) == ("1000", "10000")
        assert "1,000 of 10,000 visitors updated since the last complete sync" in page.one(class_="progress-line").text

    def test_of_too_many_to_count_says_so_instead_of_a_share(self, lead):
        make_run(integration=make_integration(), state="running", finished_at=None, lookups=120, lookups_left=100_000)
        page = read(lead.get("/sync/"))
        assert "120 visitors updated, more than 100,000 wait" in page.one(class_="progress-line").text
        assert "max" not in page.one("progress").attributes

    def test_says_how_fast_it_goes_and_how_long_that_will_take(self, lead):
        began = timezone.now() - timedelta(minutes=1)
        make_run(
            integration=make_integration(), state="running", finished_at=None, lookups=120, lookups_left=600,
            started_at=began, touched_at=began + timedelta(minutes=1),
        )  # fmt: skip
        text = read(lead.get("/sync/")).one(class_="progress-line").text
        assert "120 visitors a minute, about 5 minutes left" in text

    def test_says_how_far_in_time_the_chats_are_read(self, lead):
        day_s = 86_400
        now_s = int(timezone.now().timestamp())
        make_run(
            integration=make_integration(), state="running", finished_at=None, chats=9000, pages=9,
            cursor_from_epoch_s=now_s - 4 * day_s, cursor_to_epoch_s=now_s - day_s,
        )  # fmt: skip
        bar = read(lead.get("/sync/")).one("progress").attributes
        assert int(bar["value"]) / int(bar["max"]) == pytest.approx(0.75, abs=0.01)

    def test_says_how_long_a_queue_will_take(self, lead):
        integration = make_integration(requests_per_minute=60)
        for number in range(3):
            make_visitor(integration=integration, visitor_id=f"7.v{number}", lookup_due_at=timezone.now())
        assert "at up to 60 calls a minute that takes less than a minute." in read(lead.get("/sync/")).text

    def test_the_button_rests_while_a_pass_runs(self, lead):
        make_run(integration=make_integration(), state="running", finished_at=None)
        assert "disabled" in read(lead.get("/sync/")).one("button", id="start-acme").attributes

    def test_the_live_refresh_is_the_same_part_alone(self, lead):
        make_integration()
        part = read(lead.get("/sync/", headers={"HX-Request": "true"}))
        assert part.all("h1") == []
        assert part.one(id="sync").attributes["data-self"] == "/sync/"

    def test_the_live_refresh_is_told_that_nothing_changed(self, lead):
        integration = make_integration()
        first = lead.get("/sync/", headers={"HX-Request": "true"})
        again = {"HX-Request": "true", "If-None-Match": first["ETag"]}
        answer = lead.get("/sync/", headers=again)
        assert (answer.status_code, answer.content) == (304, b"")
        make_run(integration=integration)
        assert lead.get("/sync/", headers=again).status_code == 200


class TestRoles:
    def test_silence_of_scheduler_and_worker_is_said(self, lead):
        assert "Are all processes running?" in read(lead.get("/sync/")).one(class_="notice").text

    def test_silence_of_the_worker_alone_is_said(self, lead):
        Heartbeat.objects.create(name="beat", beat_at=timezone.now())
        assert "No heartbeat from the worker" in read(lead.get("/sync/")).one(class_="notice").text

    def test_nothing_is_said_while_both_live(self, lead):
        for name in ("beat", "worker"):
            Heartbeat.objects.create(name=name, beat_at=timezone.now())
        assert read(lead.get("/sync/")).all(class_="notice") == []


class TestSyncNow:
    @pytest.fixture
    def queued(self, monkeypatch):
        calls = []
        monkeypatch.setattr(queue, "put", lambda task, **arguments: calls.append(arguments))
        return calls

    def test_queues_a_pass(self, lead, queued):
        integration = make_integration()
        answer = lead.post("/sync/acme/start/", follow=True)
        assert queued == [{"integration_id": integration.pk, "trigger": "page"}]
        assert read(answer).one(id="toasts").text == "Acme Games starts syncing in a moment."

    def test_does_not_while_one_runs(self, lead, queued):
        make_run(integration=make_integration(), state="running", finished_at=None)
        lead.post("/sync/acme/start/")
        assert queued == []

    def test_agents_have_no_button(self, agent):
        make_integration()
        assert read(agent.get("/sync/")).all("button", id="start-acme") == []

    def test_an_unknown_integration_is_not_found(self, lead, queued):
        assert lead.post("/sync/none/start/").status_code == 404


class TestPaused:
    def paused(self, **changes):
        integration = make_read(ago=timedelta(0), **changes)
        return SyncSteering(integration=integration, paused_at=timezone.now(), paused_by="lead")

    def test_a_date_to_read_from_says_that_it_waits(self, lead):
        wish = self.paused()
        wish.backfill_from = timezone.now() - timedelta(days=30)
        wish.save()
        text = read(lead.get("/sync/")).one(class_="backfill").text
        assert "Sync is paused, so this waits until someone resumes it" in text

    def test_the_same_date_waits_for_nobody_where_the_schedule_goes_on(self, lead):
        integration = make_read(ago=timedelta(0))
        SyncSteering.objects.create(integration=integration, backfill_from=timezone.now())
        assert "paused" not in read(lead.get("/sync/")).one(class_="backfill").text

    @pytest.mark.parametrize(("is_caught_up", "number"), [(False, 1), (True, 0)])
    def test_says_that_the_rest_of_a_reading_waits(self, lead, is_caught_up, number):
        self.paused(cursor_epoch_s=1_700_000_000, is_caught_up=is_caught_up).save()
        told = read(lead.get("/sync/")).all(class_="backfill")
        assert len(told) == number and all("the rest waits" in one.text for one in told)


class TestSetAside:
    def put_aside(self, integration, **changes):
        values = {
            "source": "chat",
            "record_key": "c1",
            "reason": "The chat's id cannot be read.",
            "raw": "SECRET WORDS",
        }
        times = {"first_seen_at": timezone.now(), "last_seen_at": timezone.now()}
        return Quarantined.objects.create(integration=integration, **(values | times | changes))

    def table(self, client):
        return read(client.get("/sync/")).one(**{"aria-labelledby": "set-aside"})

    def test_says_when_a_chat_is_tried_again(self, agent):
        at = timezone.now() + timedelta(hours=3)
        self.put_aside(make_integration(), retry_at=at)
        table = self.table(agent)
        assert table.all("relative-time")[1].attributes["datetime"][:16] == f"{at:%Y-%m-%dT%H:%M}"
        assert "The chat's id cannot be read." in table.text

    def test_takes_a_visitor_s_turn_from_the_queue(self, lead):
        acme = make_integration()
        at = timezone.now() + timedelta(minutes=4)
        make_visitor(integration=acme, visitor_id="7.a", lookup_due_at=at)
        self.put_aside(acme, source="visitor", record_key="7.a")
        assert self.table(lead).all("relative-time")[1].attributes["datetime"][:16] == f"{at:%Y-%m-%dT%H:%M}"

    @pytest.mark.parametrize(
        ("retry_at", "words"),
        [(timezone.now() - timedelta(hours=1), "with the next sync"), (None, "no automatic retry")],
    )
    def test_says_so_where_no_time_lies_ahead(self, lead, retry_at, words):
        self.put_aside(make_integration(), retry_at=retry_at)
        assert words in self.table(lead).text

    def test_shows_nothing_of_what_the_record_held(self, lead):
        self.put_aside(make_integration())
        assert "SECRET" not in self.table(lead).text

    def test_is_not_there_when_everything_can_be_read(self, lead):
        make_integration()
        assert read(lead.get("/sync/")).all(**{"aria-labelledby": "set-aside"}) == []


class TestBudget:
    def test_costs_the_same_for_many_integrations(self, lead, django_assert_max_num_queries):
        for number in range(5):
            integration = make_integration(slug=f"acme-{number}", login_project_id=str(number))
            make_run(integration=integration, state="running", finished_at=None)
            make_visitor(integration=integration)
        assert Integration.objects.count() == 5
        # Runs, running ones, what was done before them, heartbeats, rows, drift, clocks, connections, incidents, seven
        # of standings.
        with django_assert_max_num_queries(FRAME_QUERIES + 23):
            lead.get("/sync/")


class TestDetail:
    def test_of_a_complete_pass_is_shown_too(self, lead):
        make_run(integration=make_integration(), stop_detail="The host www.zopim.com is retired.")
        assert "The host www.zopim.com is retired." in read(lead.get("/sync/")).one(class_="more-row").text

    def test_that_is_empty_takes_no_row(self, lead):
        make_run(integration=make_integration())
        assert read(lead.get("/sync/")).all(class_="more-row") == []


class TestTriggers:
    @pytest.mark.parametrize(
        ("trigger", "words"),
        [
            ("schedule", "by schedule"), ("command", "by command"), ("page", "from this page"),
            ("refresh", "one visitor"),
        ],
    )  # fmt: skip
    def test_are_told_truthfully(self, lead, trigger, words):
        make_run(integration=make_integration(), trigger=trigger)
        assert words in read(lead.get("/sync/")).one("table", class_="runs").one("tbody").text

    def test_a_pass_that_read_again_says_from_when(self, lead):
        make_run(integration=make_integration(), is_full=True, cursor_from_epoch_s=1_767_225_600)
        assert "again from 1 Jan 2026" in read(lead.get("/sync/")).one("table", class_="runs").one("tbody").text


class TestTrouble:
    def test_an_incident_says_since_when_and_that_nobody_is_told(self, lead):
        integration = make_read(ago=timedelta(hours=2))
        Incident.objects.create(integration=integration, kind="stale", began_at=timezone.now())
        text = read(lead.get("/sync/")).one(class_="incident").text
        assert text.endswith("No one is alerted: no alarm is set up in the admin.")

    def test_a_message_that_failed_says_why(self, lead):
        incident = Incident.objects.create(integration=make_integration(), kind="stale", began_at=timezone.now())
        AlarmMessage.objects.create(
            incident=incident, channel="webhook", attempts=2, next_try_at=timezone.now(), failure="It answered 403."
        )
        assert "Webhook has failed so far. It answered 403." in read(lead.get("/sync/")).one(class_="incident").text


class TestDrift:
    REFUSED = "Zendesk refused the access token (401)."

    @pytest.fixture
    def revoked(self):
        integration = make_read(ago=timedelta(hours=2), blocked_reason="credentials")
        make_run(
            integration=integration,
            state="stopped",
            stop_reason="credentials",
            stop_detail=self.REFUSED,
            stop_status=401,
        )
        return integration

    def test_is_named_with_the_page_where_it_is_mended(self, sign_in, revoked):
        notice = read(sign_in("admin").get("/sync/")).one(class_="drift")
        assert "probably revoked" in notice.text
        assert notice.one("a").attributes["href"] == f"/admin/linking/integration/{revoked.pk}/change/"

    def test_leads_nobody_where_they_may_not_go(self, lead, revoked):
        assert read(lead.get("/sync/")).one(class_="drift").all("a") == []

    def test_a_retired_host_is_named(self, lead):
        make_read(ago=timedelta(0), zendesk_api_url="https://www.zopim.com/api/v2")
        assert "www.zopim.com" in read(lead.get("/sync/")).one(class_="drift").text


class TestFreshnessInTheFrame:
    def test_leads_to_the_sync_page(self, lead):
        make_integration()
        assert read(lead.get("/")).one(class_="freshness").one("a").attributes["href"] == "/sync/"
