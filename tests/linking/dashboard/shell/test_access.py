"""Every page is tried as each of the cast."""

import pytest

from tests.factories import USER_ID, make_integration, make_link, make_login_user, make_visitor
from tests.linking.conftest import make_person
from tests.linking.dashboard.reading import read

pytestmark = pytest.mark.django_db
VISITOR = "7700123.ab3XkQ9zLm2Rt7"
OPEN_TO_AGENTS = ["/", f"/visitors/{VISITOR}/", f"/users/{USER_ID}/", "/sync/", "/setup/acme/"]
PAGES = [*OPEN_TO_AGENTS, "/conflicts/"]
OPEN_TO_DEVELOPERS = ["/setup/acme/", "/setup/acme/codes/"]
CLOSED_TO_DEVELOPERS = [path for path in PAGES if path not in (*OPEN_TO_DEVELOPERS, "/")]
DEEDS = [
    f"/visitors/{VISITOR}/refresh/",
    "/sync/acme/start/",
    "/sync/acme/pause/",
    "/sync/acme/resume/",
    "/sync/acme/stop/",
    "/sync/acme/backfill/",
    "/conflicts/1/decide/",
    "/conflicts/1/undo/",
    "/conflicts/1/assign/",
    "/conflicts/take/",
    "/conflicts/bulk/",
    "/conflicts/bulk/decide/",
    "/conflicts/bulk/1/undo/",
]


@pytest.fixture(autouse=True)
def records(db):
    integration = make_integration()
    make_link(visitor=make_visitor(integration=integration), login_user=make_login_user(integration=integration))


class TestPages:
    @pytest.mark.parametrize("path", PAGES)
    @pytest.mark.parametrize("who", ["admin", "lead"])
    def test_leads_and_admins_open_all(self, sign_in, who, path):
        assert sign_in(who).get(path).status_code == 200

    @pytest.mark.parametrize("path", OPEN_TO_AGENTS)
    def test_agents_open_records_and_runs(self, agent, path):
        assert agent.get(path).status_code == 200

    def test_agents_read_conflicts(self, agent):
        assert agent.get("/conflicts/").status_code == 200

    @pytest.mark.parametrize("path", OPEN_TO_DEVELOPERS)
    def test_developers_open_set_up_and_codes(self, developer, path):
        assert developer.get(path).status_code == 200

    @pytest.mark.parametrize("path", CLOSED_TO_DEVELOPERS)
    def test_developers_read_that_records_are_for_others(self, developer, path):
        answer = developer.get(path)
        assert answer.status_code == 403
        assert "The group developers opens the set-up pages only." in read(answer).one("main").text

    @pytest.mark.parametrize(
        ("who", "path", "way_on"),
        [("agent", "/people/", "/"), ("developer", "/visitors/x/", "/setup/"), ("outsider", "/", None)],
    )
    def test_who_may_not_is_led_to_what_they_may(self, sign_in, who, path, way_on):
        page = read(sign_in(who).get(path)).one("main")
        assert [link.attributes["href"] for link in page.one(class_="empty").all("a")] == ([way_on] if way_on else [])

    def test_developers_begin_at_set_up(self, developer):
        assert developer.get("/")["Location"] == "/setup/"

    @pytest.mark.parametrize("path", [*PAGES, *OPEN_TO_DEVELOPERS])
    def test_a_developer_who_is_an_agent_too_opens_what_both_may(self, client, path):
        client.force_login(make_person("ada", groups=["agents", "developers"]))
        assert client.get(path).status_code == 200

    @pytest.mark.parametrize("path", PAGES)
    def test_an_outsider_reads_why_not(self, sign_in, path):
        answer = sign_in("outsider").get(path)
        assert answer.status_code == 403
        assert "is not in a group yet" in read(answer).one("main").text

    def test_an_outsider_sees_no_navigation_and_no_count(self, sign_in):
        assert read(sign_in("outsider").get("/")).all("nav") == []

    @pytest.mark.parametrize("path", [*PAGES, "/setup/", "/accounts/own-password/"])
    def test_nobody_is_sent_to_sign_in(self, client, path):
        answer = client.get(path)
        assert answer.status_code == 302
        assert answer["Location"].startswith("/accounts/login/?next=")

    @pytest.mark.parametrize("path", PAGES)
    def test_no_cache_keeps_a_page(self, lead, path):
        assert "no-store" in lead.get(path)["Cache-Control"]

    @pytest.mark.parametrize("path", PAGES)
    def test_pages_cannot_be_posted_to(self, lead, path):
        assert lead.post(path).status_code == 405


class TestDeeds:
    @pytest.mark.parametrize("path", DEEDS)
    def test_looking_does_nothing(self, lead, path):
        assert lead.get(path).status_code == 405

    @pytest.mark.parametrize("path", DEEDS)
    @pytest.mark.parametrize("who", ["outsider", "developer"])
    def test_outsiders_and_developers_may_not(self, sign_in, who, path):
        assert sign_in(who).post(path).status_code == 403

    @pytest.mark.parametrize("path", [*DEEDS, "/theme/"])
    def test_nobody_is_sent_to_sign_in(self, client, path):
        assert client.post(path)["Location"].startswith("/accounts/login/")

    @pytest.mark.parametrize("path", DEEDS[1:])
    def test_an_agent_may_only_refresh(self, agent, path):
        assert agent.post(path).status_code == 403

    def test_a_forged_request_is_refused_in_words(self, sign_in):
        browser = sign_in("lead")
        browser.handler.enforce_csrf_checks = True
        answer = browser.post("/sync/acme/start/")
        assert answer.status_code == 403
        assert "Please try again" in read(answer).one("h1").text


class TestNavigation:
    @pytest.mark.parametrize(
        ("who", "words"),
        [
            ("developer", ["Set-up", "API"]),
            ("agent", ["Visitors", "Signed in, no chat yet", "Conflicts", "Sync", "Set-up", "API"]),
            ("lead", ["Visitors", "Signed in, no chat yet", "Conflicts", "Sync", "Set-up", "API"]),
            (
                "admin",
                [
                    "Visitors", "Signed in, no chat yet", "Conflicts", "Sync", "Set-up", "API", "People", "Audit",
                    "Personal data", "Admin",
                ],
            ),
        ],
    )  # fmt: skip
    def test_offers_what_a_person_may_open(self, sign_in, who, words):
        entries = read(sign_in(who).get("/setup/acme/")).one("nav", aria_label="Main").all("a")
        assert [entry.text.split(" 0")[0].split(" 1")[0] for entry in entries] == words

    def test_searches_for_nothing_that_a_page_filters_by(self, lead):
        assert read(lead.get("/setup/acme/codes/?q=expired")).one(id="search").attributes["value"] == ""

    def test_keeps_what_was_searched_for(self, lead):
        assert read(lead.get("/?q=nadia")).one(id="search").attributes["value"] == "nadia"

    def test_marks_the_page_one_is_on(self, lead):
        entry = read(lead.get("/sync/")).one("nav", aria_label="Main").one("a", aria_current="page")
        assert entry.text == "Sync"

    def test_offers_developers_no_search_and_no_news_of_the_sync(self, developer):
        page = read(developer.get("/setup/acme/"))
        assert (page.all(role="search"), page.all(class_="freshness")) == ([], [])

    @pytest.mark.parametrize(
        ("groups", "word"),
        [
            (["developers"], "Developer"),
            (["agents", "developers"], "Agent and developer"),
            (["leads", "developers"], "Lead"),
        ],
    )
    def test_says_what_a_person_is(self, client, groups, word):
        client.force_login(make_person("ada", groups=groups))
        assert read(client.get("/setup/acme/")).one(class_="me").one("summary").text.endswith(f"ada {word}")

    def test_counts_what_there_is(self, lead):
        entry = read(lead.get("/sync/")).one("nav", aria_label="Main").all("a")[0]
        assert entry.text == "Visitors 1"
