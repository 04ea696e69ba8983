import io
import json
import zipfile

import pytest

from tests.factories import make_integration
from tests.linking.dashboard.reading import read
from tests.linking.panel.app_rules import find_flaws
from tests.linking.panel.zendesk import set_up_app

PATH = "/setup/acme/app/"


def section(browser):
    return read(browser.get("/setup/acme/")).one("section", aria_labelledby="panel-app")


class TestDownload:
    def test_is_the_app_of_this_address(self, lead):
        make_integration()
        response = lead.get(PATH, secure=True)
        archive = zipfile.ZipFile(io.BytesIO(response.content))
        manifest = json.loads(archive.read("manifest.json"))
        assert find_flaws(archive) == []
        assert manifest["location"]["support"]["ticket_sidebar"]["url"] == "https://testserver/panel/acme/"
        assert response["Content-Disposition"] == 'attachment; filename="zdbridge-acme.zip"'

    def test_says_on_the_page_that_zendesk_needs_https(self, lead):
        make_integration()
        response = lead.get(PATH, follow=True)
        assert response.redirect_chain == [("/setup/acme/", 302)]
        assert "Zendesk loads an app over https only" in read(response).text

    @pytest.mark.parametrize(("name", "status"), [("outsider", 403), ("nobody", 302)])
    def test_is_for_people_of_the_set_up(self, sign_in, name, status):
        make_integration()
        assert sign_in(name).get(PATH).status_code == status

    def test_of_an_unknown_integration_is_none(self, lead):
        assert lead.get("/setup/nope/app/").status_code == 404


class TestSection:
    def test_offers_the_download_and_says_what_comes_next(self, lead):
        make_integration()
        found = section(lead)
        assert found.one("a").attributes["href"] == PATH
        assert "Then enter its public key" in found.text

    def test_says_that_the_panel_starts(self, lead):
        make_integration(**set_up_app())
        assert "the panel starts" in section(lead).text
