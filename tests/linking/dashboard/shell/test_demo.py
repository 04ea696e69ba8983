import pytest

from tests.linking.dashboard.reading import read

pytestmark = pytest.mark.django_db
SHOP = "http://127.0.0.1:9100/shop/"


@pytest.fixture
def demo(settings):
    settings.LINKING = {**settings.LINKING, "DEMO_SHOP_URL": SHOP}


def banners(answer):
    return read(answer).all("aside", class_="demo")


class TestBanner:
    def test_is_not_there_outside_a_demo(self, lead):
        assert banners(lead.get("/")) == []

    def test_says_that_the_people_are_invented_and_leads_to_the_shop(self, demo, agent):
        (banner,) = banners(agent.get("/"))
        assert banner.one("p").text == "Demo: these people are invented."
        way = banner.one("a", href=SHOP)
        assert (way.attributes["target"], way.attributes["rel"]) == ("_blank", "noopener")

    def test_names_three_things_to_try(self, demo, lead):
        (banner,) = banners(lead.get("/sync/"))
        assert len(banner.one("ol").all("li")) == 3

    def test_stands_on_the_pages_of_developers_too(self, demo, sign_in):
        assert len(banners(sign_in("developer").get("/setup/"))) == 1

    def test_is_hidden_for_the_session_alone(self, demo, lead, agent):
        answer = lead.post("/demo/hide/", {"next": "/sync/"})
        assert answer["Location"] == "/sync/"
        assert (banners(lead.get("/")), len(banners(agent.get("/")))) == ([], 1)
        lead.logout()
        assert not banners(lead.get("/accounts/login/"))

    def test_leads_nowhere_else(self, demo, lead):
        assert lead.post("/demo/hide/", {"next": "https://evil.example/"})["Location"] == "/"

    def test_is_not_hidden_by_an_outsider(self, demo, sign_in):
        assert sign_in("outsider").post("/demo/hide/").status_code == 403
