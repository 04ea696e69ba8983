import pytest

from linking.models import Conflict, VisitorLink
from tests.factories import make_integration, make_link, make_login_user, make_visitor
from tests.linking.dashboard.reading import read

pytestmark = pytest.mark.django_db


@pytest.fixture
def link():
    integration = make_integration()
    user = make_login_user(integration=integration, name="<b>Nadia</b>")
    return make_link(visitor=make_visitor(integration=integration), login_user=user)


def page_of(link):
    return f"/visitors/{link.visitor.visitor_id}/?integration={link.visitor.integration.slug}"


def send(browser, link, *, seen=None):
    address = page_of(link).replace("/?", "/unlink/?")
    return browser.post(address, {"link": link.pk if seen is None else seen}, follow=True)


class TestPart:
    def test_says_beforehand_what_changes(self, lead, link):
        box = read(lead.get(page_of(link))).one(class_="unlink")
        assert "ends now and stays in the history" in box.text
        assert "Unlink this player : <b>Nadia</b>" in box.text

    def test_ends_the_link_and_offers_to_undo_it(self, lead, link):
        answer = send(lead, link)
        assert not VisitorLink.objects.open().exists()
        address = f"/conflicts/{Conflict.objects.get().pk}/"
        assert f'Unlinked. <a href="{address}">Undo</a>' in answer.content.decode()
        assert lead.get(address).status_code == 200

    def test_is_for_leads(self, agent, link):
        assert "unlink" not in agent.get(page_of(link)).content.decode()
        assert send(agent, link).status_code == 403
        assert VisitorLink.objects.open().exists()

    @pytest.mark.parametrize("seen", ["", "0", "no", "9" * 30])
    def test_of_no_such_link_is_not_found(self, lead, link, seen):
        assert send(lead, link, seen=seen).status_code == 404

    def test_twice_says_that_nothing_was_changed(self, lead, link):
        send(lead, link)
        assert "This link has already ended." in send(lead, link).content.decode()

    def test_is_not_offered_without_a_link(self, lead):
        visitor = make_visitor(integration=make_integration())
        page = lead.get(f"/visitors/{visitor.visitor_id}/")
        assert "unlink" not in page.content.decode()
