"""Everybody's own time zone, on every page that shows a time."""

import csv
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
import time_machine
from django.conf import settings
from django.utils import timezone

from linking import dashboard
from linking.dashboard.shell.times import format_time
from linking.models import AuditEvent, Preference
from tests.factories import USER_ID, make_integration, make_link, make_login_user, make_run, make_visitor
from tests.linking.conftest import make_person
from tests.linking.dashboard.reading import read

pytestmark = pytest.mark.django_db
PAGE = "/accounts/time-zone/"
VISITOR = "7700123.ab3XkQ9zLm2Rt7"
SEEN_AT = datetime(2026, 11, 29, 9, 2, 5, tzinfo=UTC)
BERLIN = "29 Nov 2026, 10:02 CET"
OLD_AT = datetime(2026, 5, 1, 22, 30, tzinfo=UTC)
PAGES = ["/", f"/visitors/{VISITOR}/", f"/users/{USER_ID}/", "/sync/"]


@pytest.fixture(autouse=True)
def records(db):
    integration = make_integration(last_success_at=SEEN_AT)
    at = {"last_seen_at": SEEN_AT, "checked_at": SEEN_AT}
    visitor = make_visitor(integration=integration, visitor_id=VISITOR, **at)
    user = make_login_user(
        integration=integration, first_authenticated_at=SEEN_AT, last_authenticated_at=SEEN_AT, tokens_issued=1
    )
    make_link(visitor=visitor, login_user=user)
    make_run(integration=integration, started_at=SEEN_AT)


@pytest.fixture(autouse=True)
def today():
    with time_machine.travel(datetime(2026, 11, 30, 3, 0, tzinfo=UTC), tick=False):
        yield


@pytest.fixture
def in_berlin(client):
    person = make_person("admin")
    Preference.objects.create(user=person, time_zone="Europe/Berlin")
    client.force_login(person)
    return client


class TestEveryPage:
    @pytest.mark.parametrize("path", PAGES)
    def test_is_in_it_and_names_it(self, in_berlin, path):
        text = in_berlin.get(path).content.decode()
        assert BERLIN in text
        assert "UTC" not in re.sub(r"<option.*?</option>", "", text)

    @pytest.mark.parametrize("path", PAGES)
    def test_is_in_utc_by_itself(self, lead, path):
        assert "29 Nov 2026, 09:02 UTC" in lead.get(path).content.decode()

    @pytest.mark.parametrize("path", ["/admin/linking/visitor/", "/admin/linking/syncrun/"])
    def test_of_the_admin_is_too(self, in_berlin, path):
        assert BERLIN in in_berlin.get(path).content.decode()

    def test_shows_a_later_day_where_it_is_one(self, client):
        person = make_person("lead")
        Preference.objects.create(user=person, time_zone="Asia/Tokyo")
        client.force_login(person)
        assert "29 Nov 2026, 18:02 JST" in client.get("/").content.decode()

    def test_costs_no_query_more(self, in_berlin, django_assert_num_queries):
        in_berlin.get(PAGE)
        with django_assert_num_queries(2):  # the session, the person
            in_berlin.get("/theme/")

    def test_leaves_nothing_behind_for_the_next_person(self, in_berlin, lead):
        in_berlin.get("/")
        assert timezone.get_current_timezone_name() == "UTC"
        assert BERLIN not in lead.get("/").content.decode()


class TestOldTime:
    def test_is_a_day_with_its_year(self, in_berlin):
        other = make_integration(slug="b", login_project_id="b")
        make_visitor(integration=other, visitor_id="8.b", first_seen_at=OLD_AT, last_seen_at=OLD_AT)
        cell = read(in_berlin.get("/?integration=b")).one("td", class_="when")
        assert cell.text == "2 May 2026"
        assert cell.one("time").attributes["title"] == "2 May 2026, 00:30:00 CEST"


class TestMachines:
    def test_are_told_utc(self, in_berlin):
        row = in_berlin.get(f"/api/v1/visitors/{VISITOR}/").json()
        assert row["last_seen_at"] == "2026-11-29T09:02:05Z"

    def test_export_is_in_utc(self, in_berlin):
        answer = in_berlin.get("/export/visitors.csv")
        text = b"".join(answer.streaming_content).decode() if answer.streaming else answer.content.decode()
        assert any("2026-11-29T09:02:05Z" in row for row in csv.reader(text.splitlines()))


class TestChoice:
    def test_is_kept_and_told(self, lead):
        page = read(lead.post(PAGE, {"time_zone": "Europe/Berlin"}, follow=True))
        assert "Your time is now 30 Nov 2026, 04:00 CET" in page.one(id="toasts").text
        assert page.one("option", selected="").text == "Europe/Berlin"

    def test_can_be_made_anew(self, lead):
        for name in ("Europe/Berlin", "UTC"):
            lead.post(PAGE, {"time_zone": name})
        assert Preference.objects.get().time_zone == "UTC"

    @pytest.mark.parametrize("name", ["", "Mars/Olympus", "Europe", "../../etc/passwd", "Europe/Berlin\n", "Etc/GMT+5"])
    def test_of_no_zone_changes_nothing(self, lead, name):
        page = read(lead.post(PAGE, {"time_zone": name}, follow=True))
        assert "This time zone does not exist" in page.one(id="toasts").text
        assert not Preference.objects.exists()

    def test_is_open_to_somebody_without_a_group(self, sign_in):
        assert sign_in("outsider").get(PAGE).status_code == 200

    def test_of_a_zone_this_machine_lost_falls_back(self, client):
        person = make_person("lead")
        Preference.objects.create(user=person, time_zone="Europe/Atlantis")
        client.force_login(person)
        assert "09:02 UTC" in client.get("/").content.decode()

    def test_is_one_a_person(self, lead, client):
        lead.post(PAGE, {"time_zone": "Europe/Berlin"})
        client.force_login(make_person("agent"))
        assert BERLIN not in client.get("/").content.decode()


class TestFormat:
    @pytest.mark.parametrize(
        ("zone", "words"),
        [
            ("UTC", "29 Nov 2026, 09:02 UTC"),
            ("Europe/Berlin", BERLIN),
            ("America/New_York", "29 Nov 2026, 04:02 EST"),
            ("America/Sao_Paulo", "29 Nov 2026, 06:02 -03"),
        ],
    )
    def test_names_the_zone(self, zone, words):
        with timezone.override(zone):
            assert format_time(SEEN_AT) == words


class TestBackfill:
    def test_begins_with_the_day_of_whoever_asks(self, in_berlin):
        in_berlin.post("/sync/acme/backfill/", {"from": "2026-11-01"})
        page = read(in_berlin.get("/sync/"))
        assert "1 Nov 2026, 00:00 CET" in page.one("main").text


def test_the_admin_writes_times_as_the_dashboard_does(in_berlin):
    AuditEvent.objects.create(at=SEEN_AT, actor="ada", action="set_alarm", target="alarm settings")
    assert BERLIN in in_berlin.get("/admin/linking/auditevent/").content.decode()


class TestOnePlace:
    """Times are written by `linking/dashboard/shell/times.py` and by templates in Django's own words, nowhere else."""

    def test_no_page_formats_a_time_itself(self):
        folder = Path(dashboard.__file__).parent
        found = {path.name for path in folder.glob("**/*.py") if re.search(r"date_format\(|strftime", path.read_text())}
        assert found == {"times.py"}

    def test_no_template_has_a_format_of_its_own(self):
        own = re.compile(r"\|date:[\"'](?!DATE|c[\"'])")
        found = {
            path.name for path in (settings.BASE_DIR / "templates").glob("**/*.html") if own.search(path.read_text())
        }
        assert found == set()
