from datetime import timedelta

import pytest
from django.utils import timezone

from linking import queue
from linking.models import Visitor, VisitorRefresh
from tests.factories import NOW, make_integration, make_visitor
from tests.linking.dashboard.reading import read

pytestmark = pytest.mark.django_db
PAGE = "/visitors/7700123.ab3XkQ9zLm2Rt7/"
NEVER_LOOKED_UP = {"state": "pending", "checked_at": None}


class TestLastRefresh:
    def told(self, client, *, attempts=0, **kept):
        visitor = make_visitor(integration=make_integration(), lookup_attempts=attempts)
        VisitorRefresh.objects.create(visitor=visitor, at=kept.pop("at", NOW), **kept)
        return read(client.get(f"{PAGE}?integration=acme")).one(class_="refreshed").text

    @pytest.mark.parametrize(
        ("kept", "words"),
        [
            ({"changed": ["name", "is_banned"]}, "Changed: name, ban."),
            ({"changed": []}, "Nothing changed."),
            (
                {"queued_because": "A pause of 12 s is needed."},
                "A pause of 12 s is needed. The visitor has been updated since.",
            ),
            (
                {"queued_because": "A pause of 12 s is needed.", "at": NOW + timedelta(minutes=1)},
                "Not possible at once: A pause of 12 s is needed. Queued, next in line.",
            ),
        ],
    )
    def test_is_told_to_everybody(self, agent, kept, words):
        assert words in self.told(agent, **kept)

    def test_of_a_record_nobody_can_read_says_that_it_is_tried_again(self, agent):
        kept = {"queued_because": "The visitor's id cannot be read.", "at": NOW + timedelta(minutes=1)}
        words = "Not possible at once: The visitor's id cannot be read. It is retried automatically."
        assert words in self.told(agent, attempts=1, **kept)

    def test_is_told_again_after_a_reload(self, agent):
        first = self.told(agent, changed=["notes"])
        assert read(agent.get(f"{PAGE}?integration=acme")).one(class_="refreshed").text == first

    def test_is_not_there_where_nobody_asked(self, lead):
        make_visitor(integration=make_integration())
        assert read(lead.get(f"{PAGE}?integration=acme")).all(class_="refreshed") == []


class TestRefresh:
    @pytest.fixture
    def queued(self, monkeypatch):
        calls = []
        monkeypatch.setattr(queue, "put", lambda task, **arguments: calls.append(arguments))
        return calls

    def test_queues_one_task_and_says_that_it_is_under_way(self, agent, queued):
        visitor = make_visitor(integration=make_integration())
        answer = agent.post(f"{PAGE}refresh/", follow=True)
        assert queued == [{"visitor_pk": visitor.pk}]
        assert "Refreshing from Zendesk." in read(answer).one(id="refreshing").text

    def test_is_not_queued_twice_while_under_way(self, agent, queued):
        make_visitor(integration=make_integration())
        agent.post(f"{PAGE}refresh/")
        agent.post(f"{PAGE}refresh/")
        assert len(queued) == 1

    def test_says_what_has_changed(self, agent, queued):
        make_visitor(integration=make_integration(), name="Old")
        agent.post(f"{PAGE}refresh/")
        Visitor.objects.update(name="New", checked_at=timezone.now())
        assert "Changed: name." in read(agent.get(PAGE)).one(id="refreshing").text

    def test_says_that_nothing_has_changed_once(self, agent, queued):
        make_visitor(integration=make_integration())
        agent.post(f"{PAGE}refresh/")
        Visitor.objects.update(checked_at=timezone.now())
        assert "Nothing has changed" in read(agent.get(PAGE)).one(id="refreshing").text
        assert read(agent.get(PAGE)).all(id="refreshing") == []

    def test_the_waiting_page_asks_to_be_loaded_again_when_it_is_over(self, agent, queued):
        make_visitor(integration=make_integration())
        agent.post(f"{PAGE}refresh/")
        Visitor.objects.update(checked_at=timezone.now())
        assert agent.get(PAGE, headers={"HX-Request": "true"})["HX-Refresh"] == "true"

    def test_says_so_when_the_broker_is_mute(self, agent, monkeypatch):
        def refuse(**_arguments):
            raise queue.BrokerUnavailable

        monkeypatch.setattr(queue, "put", refuse)
        make_visitor(integration=make_integration())
        answer = agent.post(f"{PAGE}refresh/", follow=True)
        assert "the broker is not responding" in read(answer).one(id="toasts").text

    def test_is_asked_for_by_opening_the_page_of_one_that_was_never_looked_up(self, agent, queued):
        visitor = make_visitor(integration=make_integration(), **NEVER_LOOKED_UP)
        assert "Refreshing from Zendesk." in read(agent.get(PAGE)).one(id="refreshing").text
        agent.get(PAGE)
        assert queued == [{"visitor_pk": visitor.pk}]

    @pytest.mark.parametrize("integration", [{"enabled": False}, {"blocked_reason": "credentials"}])
    def test_is_not_asked_for_where_zendesk_cannot_be_asked(self, agent, queued, integration):
        make_visitor(integration=make_integration(**integration), **NEVER_LOOKED_UP)
        agent.get(PAGE)
        assert queued == []

    def test_is_not_asked_for_by_opening_the_page_of_one_that_is_known(self, agent, queued):
        make_visitor(integration=make_integration())
        agent.get(PAGE)
        assert queued == []

    def test_keeps_no_contact_data_in_the_session(self, agent, queued):
        make_visitor(integration=make_integration(), email="nadia@player.example")
        agent.post(f"{PAGE}refresh/")
        assert "nadia" not in str(dict(agent.session))
