import pytest

from linking.models import Integration
from tests.factories import NOW, USER_ID, make_integration, make_link, make_login_user, make_visitor
from tests.linking.dashboard.reading import read

pytestmark = pytest.mark.django_db
USER_PAGE = f"/users/{USER_ID}/"
FRAME_QUERIES = 7
PROOF = {"first_authenticated_at": NOW, "last_authenticated_at": NOW, "tokens_issued": 2}


def make_linked(**visitor):
    integration = make_integration()
    return make_link(
        visitor=make_visitor(integration=integration, **visitor), login_user=make_login_user(integration=integration)
    )


class TestPlayerPage:
    def test_lists_all_visitors_of_the_user(self, lead):
        link = make_linked(name="On the phone")
        laptop = make_visitor(integration=Integration.objects.get(), visitor_id="7700123.laptop", name="On the laptop")
        make_link(visitor=laptop, login_user=link.login_user)
        page = read(lead.get(USER_PAGE))
        assert page.one("h2", id="linked").text == "2 linked visitors"
        assert {"On the phone", "On the laptop"} <= {name.text for name in page.all("bdi")}

    def test_says_that_a_user_is_not_in_chat_yet(self, lead):
        make_login_user(integration=make_integration(), **PROOF)
        page = read(lead.get(USER_PAGE))
        steps = [step.all("p")[0].text for step in page.one("ol", class_="checklist").all("li", class_="is-unknown")]
        assert "The player chatted, and the chat ended Not known" in steps
        assert "Why is this player not linked?" in [heading.text for heading in page.all("h2")]

    def test_masks_for_agents(self, agent):
        make_login_user(integration=make_integration(), email="nadia@player.example", name="nadia@player.example")
        assert b"nadia@player.example" not in agent.get(USER_PAGE).content

    def test_budget(self, lead, django_assert_max_num_queries):
        make_linked()
        # Slug, user, names, links, conflicts, blocks, token days, chats, last chat, weeks, refusals, walk (four),
        # notes, labels.
        with django_assert_max_num_queries(FRAME_QUERIES + 17):
            lead.get(f"{USER_PAGE}?integration=acme")
