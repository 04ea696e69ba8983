"""Who signed in and is not in Chat yet: who asked for a token last stands first, named while the page is open."""

from datetime import timedelta

import pytest
from django.utils import timezone

from linking.dashboard.shell.rows import PAGE_OPEN_FOR, is_page_open
from tests.factories import NOW, make_integration, make_login_user
from tests.linking.dashboard.reading import read

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def players():
    integration, now = make_integration(), timezone.now()
    for name, minutes in (("Early Bird", 90), ("Here Now", 3), ("Just Left", 8)):
        at = now - timedelta(minutes=minutes)
        # The oldest account of all asked last: the order is by the last token, not by the first.
        first_at = at - timedelta(days=minutes % 7)
        seen = {"first_authenticated_at": first_at, "last_authenticated_at": at, "tokens_issued": 2}
        make_login_user(integration=integration, user_id=f"player {name}", name=name, **seen)


class TestOrder:
    @pytest.mark.usefixtures("players")
    def test_is_by_the_last_token(self, agent):
        rows = read(agent.get("/", {"state": "signed_in"})).one("tbody").all("tr")
        names = [row.all("bdi")[0].text for row in rows]
        assert names == ["Here Now", "Just Left", "Early Bird"]

    @pytest.mark.usefixtures("players")
    def test_is_the_same_in_the_matches(self, agent):
        found = read(agent.get("/search/", {"q": "state:signed_in player"}, **HTMX)).all(role="option")
        assert [row.all("bdi")[0].text for row in found] == ["Here Now", "Just Left", "Early Bird"]


class TestPageOpen:
    @pytest.mark.usefixtures("players")
    def test_is_said_in_the_list_of_whom_the_token_was_renewed(self, agent):
        rows = read(agent.get("/", {"state": "signed_in"})).one("tbody").all("tr")
        assert ["Page open now" in row.text for row in rows] == [True, False, False]

    @pytest.mark.parametrize(("q", "is_said"), [("here now", True), ("just left", False)])
    @pytest.mark.usefixtures("players")
    def test_is_said_while_somebody_types(self, agent, q, is_said):
        row = read(agent.get("/search/", {"q": q}, **HTMX)).one(role="option")
        assert ("Page open now" in row.text) is is_said

    @pytest.mark.parametrize(("age", "is_open"), [(0, True), (PAGE_OPEN_FOR.total_seconds(), True), (361, False)])
    def test_ends_with_the_sixth_minute(self, age, is_open):
        assert is_page_open(last_authenticated_at=NOW - timedelta(seconds=age), now=NOW) is is_open
