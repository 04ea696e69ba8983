"""Visitors of Messaging accounts: found by what agents have in hand, and beside those of Chat."""

import pytest

from linking.search import find
from linking.search.query import QueryKind, parse_query
from tests.factories import make_integration, make_link, make_login_user, make_visitor
from tests.linking.sync.messaging.fake_support import make_support, uuid

pytestmark = pytest.mark.django_db
ADDRESS = "https://acme.zendesk.com/agent/users/21478836475/requested_tickets"


class TestAgentsPage:
    @pytest.mark.parametrize(
        "text", [ADDRESS, f"see {ADDRESS}?x=1", "acme.zendesk.com/agent/users/21478836475", f"<{ADDRESS}>"]
    )
    def test_names_the_user(self, text):
        query = parse_query(text)
        assert (query.kind, query.visitor_id) == (QueryKind.VISITOR_ID, "21478836475")

    def test_leads_to_the_record(self):
        make_visitor(integration=make_support(), visitor_id="21478836475")
        hit = find.find_exact(parse_query(ADDRESS))
        assert (hit.kind, hit.id) == ("visitor", "21478836475")

    def test_of_one_who_is_not_known_can_be_asked_about(self):
        assert find.find_unknown_id(parse_query(ADDRESS)) == ""
        make_support()
        assert find.find_unknown_id(parse_query(ADDRESS)) == "21478836475"
        assert find.find_unknown_id(parse_query("21478836475")) == ""

    def test_of_a_ticket_is_still_a_ticket(self):
        assert parse_query("https://acme.zendesk.com/agent/tickets/7").kind is QueryKind.TICKET


class TestOnePerson:
    """One account that moves has two integrations of one Login project."""

    @pytest.fixture
    def pair(self):
        chat = make_integration(login_project_id="p")
        support = make_support(slug="support", login_project_id="p")
        for row, visitor_id, user_id in ((chat, "7.a", uuid(1)), (support, "21478836475", uuid(1).upper())):
            user = make_login_user(integration=row, user_id=user_id)
            make_link(visitor=make_visitor(integration=row, visitor_id=visitor_id), login_user=user)
        return chat, support

    @pytest.mark.parametrize("slug", ["acme", "support"])
    def test_has_the_visitors_of_both(self, pair, slug):
        user = find.find_login_user(user_id=uuid(1), integration=slug)
        assert sorted(link.visitor.visitor_id for link in user.open_links) == ["21478836475", "7.a"]
        assert user.integration.slug == slug

    def test_of_another_login_project_is_another(self, pair):
        stranger = make_integration(slug="other", login_project_id="q")
        user = make_login_user(integration=stranger, user_id=uuid(1))
        make_link(visitor=make_visitor(integration=stranger, visitor_id="9.z"), login_user=user)
        found = find.find_login_user(user_id=uuid(1), integration="acme")
        assert "9.z" not in [link.visitor.visitor_id for link in found.open_links]

    def test_of_chat_keeps_upper_and_lower_case_apart(self):
        chat, twin = (make_integration(slug=slug, login_project_id="p") for slug in ("a", "b"))
        for row, visitor_id, user_id in ((chat, "7.a", "Player"), (twin, "7.b", "PLAYER")):
            user = make_login_user(integration=row, user_id=user_id)
            make_link(visitor=make_visitor(integration=row, visitor_id=visitor_id), login_user=user)
        found = find.find_login_user(user_id="Player", integration="a")
        assert [link.visitor.visitor_id for link in found.open_links] == ["7.a"]

    def test_is_found_in_any_case(self):
        make_login_user(integration=make_support(), user_id="Player-7")
        assert find.find_login_user(user_id="pLAYER-7").user_id == "Player-7"
