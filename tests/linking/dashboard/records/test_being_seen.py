"""Who looked at whom, and searched for what, where the operator wants that recorded."""

import pytest
from django.core.cache import cache
from django.urls import reverse

from linking.models import AuditEvent
from tests.factories import USER_ID, make_integration
from tests.linking.privacy.people import EMAIL, VISITOR_ID, make_nadia

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nadia():
    cache.clear()
    make_nadia(make_integration())
    yield
    cache.clear()


@pytest.fixture
def looks(settings):
    """The looks of this test, as (action, target)."""
    settings.LINKING = settings.LINKING | {"AUDIT_VIEWS": True}
    return lambda: list(
        AuditEvent.objects.filter(action__startswith="record.").order_by("pk").values_list("action", "target")
    )


class TestLooks:
    def test_at_a_player_and_a_visitor_are_recorded_once_a_minute(self, agent, looks):
        for _turn in range(2):
            agent.get(reverse("user", args=[USER_ID]))
            agent.get(reverse("visitor", args=[VISITOR_ID]))
        assert looks() == [("record.viewed", f"acme {USER_ID}"), ("record.viewed", f"acme {VISITOR_ID}")]

    def test_by_the_api_are_recorded_too(self, agent, looks):
        agent.get(f"/api/v1/users/{USER_ID}/")
        agent.get(f"/api/v1/visitors/{VISITOR_ID}/")
        agent.get("/api/v1/visitors/", {"q": "nadia"})
        assert [target for _action, target in looks()] == [f"acme {USER_ID}", f"acme {VISITOR_ID}", "nadia"]

    def test_and_searches_name_what_was_searched_for(self, lead, looks):
        lead.get("/", {"q": EMAIL})
        assert looks() == [("record.searched", EMAIL)]

    def test_are_not_recorded_by_themselves(self, agent):
        agent.get(reverse("user", args=[USER_ID]))
        agent.get("/", {"q": EMAIL})
        assert not AuditEvent.objects.filter(action__startswith="record.").exists()
