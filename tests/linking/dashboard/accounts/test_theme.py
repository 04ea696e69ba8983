import pytest

from tests.linking.dashboard.reading import read

pytestmark = pytest.mark.django_db


def find_theme(answer):
    return read(answer).one("html").attributes.get("data-theme", "")


class TestTheme:
    @pytest.mark.parametrize("theme", ["light", "dark"])
    def test_a_choice_is_remembered(self, lead, theme):
        lead.post("/theme/", {"theme": theme})
        assert find_theme(lead.get("/sync/")) == theme

    def test_auto_forgets_it(self, lead):
        lead.post("/theme/", {"theme": "dark"})
        lead.post("/theme/", {"theme": "auto"})
        assert find_theme(lead.get("/sync/")) == ""

    @pytest.mark.parametrize("value", ['"><script>', "blue", ""])
    def test_nonsense_is_not_kept(self, lead, value):
        lead.cookies["zdbridge_theme"] = value
        assert find_theme(lead.get("/sync/")) == ""

    def test_leads_back_to_the_page(self, lead):
        assert lead.post("/theme/", {"theme": "dark", "next": "/sync/?before=3"})["Location"] == "/sync/?before=3"

    @pytest.mark.parametrize(
        "back", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"]
    )
    def test_leads_nowhere_else(self, lead, back):
        assert lead.post("/theme/", {"theme": "dark", "next": back})["Location"] == "/"

    def test_the_choice_holds_on_the_sign_in_page(self, client):
        client.cookies["zdbridge_theme"] = "dark"
        assert find_theme(client.get("/accounts/login/")) == "dark"
