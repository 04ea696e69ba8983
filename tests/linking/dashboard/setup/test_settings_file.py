"""Settings as a file: exported without secrets, compared, and imported once that was confirmed."""

import json

import pytest

from linking.models import Integration, IntegrationDraft
from tests.factories import LOGIN_SECRET_KEY, make_integration
from tests.linking.dashboard.reading import read
from tests.linking.dashboard.setup.test_guide import sign_in

pytestmark = pytest.mark.django_db
EXPORT, IMPORT, IMPORT_NEW = "/setup/acme/export/", "/setup/acme/import/", "/integrations/new/import/"


@pytest.fixture
def admin():
    make_integration()
    return sign_in("admins")


def paste(client, values, path=IMPORT, **sent):
    return client.post(path, {"text": json.dumps(values)} | sent)


def problem(response):
    return read(response).one(class_="notice-bad").text


class TestExport:
    @pytest.mark.parametrize("path", [EXPORT, IMPORT, IMPORT_NEW])
    @pytest.mark.parametrize("group", ["leads", "developers"])
    def test_is_for_admins(self, group, path):
        make_integration()
        assert sign_in(group).get(path).status_code == 403

    def test_is_a_file_without_secrets(self, admin):
        response = admin.get(EXPORT)
        assert response["Content-Disposition"] == 'attachment; filename="acme.json"'
        assert json.loads(response.content)["name"] == "Acme Games"
        assert LOGIN_SECRET_KEY not in response.content.decode() and "secret_key" not in response.json()


class TestImport:
    def test_shows_the_differences_and_changes_nothing(self, admin):
        page = read(paste(admin, {"cookie_name": "session", "name": "Acme Games", "sync_enabled": False}))
        rows = [[cell.text for cell in (*row.all("th"), *row.all("td"))] for row in page.one("tbody").all("tr")]
        assert rows == [["Cookie name", "token", "session"], ["Sync automatically", "yes", "no"]]
        assert Integration.objects.get().cookie_name == "token"

    def test_changes_them_when_that_is_confirmed(self, admin):
        page = read(paste(admin, {"cookie_name": "session"}))
        text = page.one("input", type="hidden", name="text").attributes["value"]
        assert admin.post(IMPORT, {"text": text, "confirm": "1"}).url == "/setup/acme/"
        assert Integration.objects.get().cookie_name == "session"

    def test_takes_its_own_export_as_no_change(self, admin):
        exported = admin.get(EXPORT).content.decode()
        assert "Nothing would change" in read(admin.post(IMPORT, {"text": exported})).text

    def test_says_at_a_setting_what_is_wrong(self, admin):
        assert "Cookie name Use 1 to 100" in problem(paste(admin, {"cookie_name": "a b"}))

    def test_refuses_a_secret_and_repeats_nothing_of_it(self, admin):
        response = paste(admin, {"login_secret_key": "a-secret-that-must-not-be-shown"})
        assert "Take the secrets out of the file: login_secret_key." in problem(response)
        assert "must-not-be-shown" not in response.content.decode()

    def test_repeats_nothing_of_a_file_with_an_unknown_key(self, admin):
        response = paste(admin, {"login_key": "a-secret-that-must-not-be-shown"})
        assert "This is not a setting" in problem(response)
        assert "must-not-be-shown" not in response.content.decode()

    @pytest.mark.parametrize("text", ["", "{", "[]", "[" * 5000])
    def test_refuses_what_are_no_settings(self, admin, text):
        assert problem(admin.post(IMPORT, {"text": text}))


class TestImportNew:
    def test_fills_the_guided_path(self, admin):
        values = json.loads(admin.get(EXPORT).content) | {"login_project_id": "p2"}
        assert paste(admin, values, IMPORT_NEW).url == "/integrations/new/login/"
        page = read(admin.get("/integrations/new/login/"))
        assert page.one("input", id="login_project_id").attributes["value"] == "p2"

    @pytest.mark.parametrize("values", [{"zendesk_product": []}, {"colour": "red"}, {"allowed_origins": "x"}])
    def test_keeps_nothing_that_is_wrong(self, admin, values):
        assert problem(paste(admin, values, IMPORT_NEW))
        assert not IntegrationDraft.objects.exists()
