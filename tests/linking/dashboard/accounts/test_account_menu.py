"""The account menu at the foot of every page."""

import pytest
from django.conf import settings

from linking.models import Preference
from tests.linking.conftest import make_person
from tests.linking.dashboard.reading import read

pytestmark = pytest.mark.django_db
PAGES = ["/", "/sync/", "/setup/", "/api/docs/", "/accounts/2fa/", "/accounts/time-zone/", "/visitors/nothing/"]
WAYS = [
    "/accounts/password/change/", "/accounts/2fa/", "/accounts/sign-ins/", "/accounts/tokens/", "/accounts/language/",
    "/accounts/time-zone/",
]  # fmt: skip


def menu(client, page="/"):
    return read(client.get(page)).one("details", class_="me")


class TestAccountMenu:
    @pytest.mark.parametrize("path", PAGES)
    def test_is_on_every_page(self, lead, path):
        found = menu(lead, path)
        assert [link.attributes["href"] for link in found.all("a")] == WAYS
        assert found.one("form").attributes["action"] == "/accounts/logout/"

    @pytest.mark.parametrize(
        ("who", "role"),
        [("agent", "Agent"), ("lead", "Lead"), ("admin", "Administrator"), ("outsider", "No group yet")],
    )
    def test_names_the_person_and_their_role(self, sign_in, who, role):
        page = "/" if who != "outsider" else "/accounts/time-zone/"
        assert menu(sign_in(who), page).one("summary").text == f"Your account: {who} {role}"

    def test_names_the_version(self, lead):
        assert menu(lead).one("p", class_="version").text == f"zdbridge {settings.LINKING['VERSION']}"

    def test_tells_the_version_to_nobody_who_is_not_signed_in(self, client):
        assert settings.LINKING["VERSION"] not in client.get("/accounts/login/").content.decode()

    def test_names_the_time_zone(self, client):
        person = make_person("lead")
        Preference.objects.create(user=person, time_zone="Asia/Tokyo")
        client.force_login(person)
        assert menu(client).one("a", href="/accounts/time-zone/").text == "Time zone Asia/Tokyo"

    def test_every_way_leads_somewhere(self, lead):
        assert [lead.get(way).status_code for way in WAYS] == [200] * len(WAYS)

    def test_leads_somebody_without_a_password_to_setting_one(self, client):
        person = make_person("lead")
        person.set_unusable_password()
        person.save()
        client.force_login(person)
        assert client.get("/accounts/password/change/")["Location"] == "/accounts/password/set/"

    def test_is_not_shown_to_nobody(self, client):
        assert read(client.get("/accounts/login/")).all("details", class_="me") == []

    def test_a_name_is_shown_as_it_is(self, client):
        client.force_login(make_person("<b>x</b>", groups=["leads"]))
        assert "&lt;b&gt;x&lt;/b&gt;" in client.get("/sync/").content.decode()


class TestAdmin:
    def test_has_the_same_ways(self, sign_in):
        menu = read(sign_in("admin").get("/admin/")).one("details", class_="me")
        assert {link.attributes["href"] for link in menu.all("a")} >= set(WAYS)
