"""The chats of a page: a row each, what they are now, nothing of what was said."""

import json

import pytest

from linking.clients.zendesk_records import parse_chat
from linking.models import VisitorAlias, VisitorChat
from tests.factories import NOW, make_visitor
from tests.linking.sync.store.test_pages import Keeper

pytestmark = pytest.mark.django_db
FACTS = {"duration": 372, "rating": "good", "department_name": "Billing", "tags": ["vip"], "zendesk_ticket_id": 4711}


@pytest.fixture
def keeper():
    return Keeper("acme")


def chat(chat_id="c1", visitor_id="7.a", **facts):
    at = NOW.isoformat()
    raw = {"id": chat_id, "update_timestamp": at, "timestamp": at, "visitor": {"id": visitor_id}} | facts
    return parse_chat(raw, fallback_at=NOW)


def rows():
    return list(VisitorChat.objects.order_by("chat_id").values())


class TestStoreChats:
    def test_keeps_a_line_of_each(self, keeper):
        keeper.store([chat(**FACTS)])
        found = VisitorChat.objects.get()
        assert (found.visitor.visitor_id, found.started_at, found.length_s, found.rating) == ("7.a", NOW, 372, "good")
        assert (found.kind, found.department, found.tags, found.ticket_id) == ("chat", "Billing", ["vip"], 4711)

    def test_keeps_every_chat_of_one_visitor_in_one_page(self, keeper):
        keeper.store([chat("c1"), chat("c2"), chat("c3", "7.b")])
        assert list(VisitorChat.objects.order_by("chat_id").values_list("chat_id", "visitor__visitor_id")) == [
            ("c1", "7.a"), ("c2", "7.a"), ("c3", "7.b"),
        ]  # fmt: skip

    def test_changes_nothing_the_second_time(self, keeper):
        feed = [chat("c1", **FACTS), chat("c2", type="offline_msg")]
        keeper.store(feed)
        before = rows()
        keeper.store(feed[::-1])
        assert rows() == before

    def test_takes_over_what_changed_after_the_chat(self, keeper):
        keeper.store([chat(rating=None, tags=[])])
        keeper.store([chat(rating="bad", tags=["refund"])])
        assert VisitorChat.objects.values_list("rating", "tags").get() == ("bad", ["refund"])

    def test_takes_the_last_of_one_that_comes_twice_in_a_page(self, keeper):
        keeper.store([chat(rating=None), chat(rating="good")])
        assert VisitorChat.objects.get().rating == "good"

    def test_drops_one_that_zendesk_deleted(self, keeper):
        keeper.store([chat("c1"), chat("c2")])
        keeper.store([chat("c1", deleted=True)])
        assert VisitorChat.objects.get().chat_id == "c2"

    def test_drops_no_chat_of_another_integration(self, keeper):
        keeper.store([chat()])
        Keeper("other").store([chat(deleted=True)])
        assert VisitorChat.objects.get().integration == keeper.integration

    def test_gives_a_chat_to_the_visitor_that_its_id_leads_to(self, keeper):
        kept = make_visitor(integration=keeper.integration, visitor_id="7.kept")
        VisitorAlias.objects.create(integration=keeper.integration, alias_id="7.a", visitor=kept, first_seen_at=NOW)
        keeper.store([chat(visitor_id="7.a")])
        assert VisitorChat.objects.get().visitor == kept

    def test_lets_a_chat_follow_when_it_names_another_visitor(self, keeper):
        keeper.store([chat(visitor_id="7.a")])
        keeper.store([chat(visitor_id="7.b")])
        assert VisitorChat.objects.get().visitor.visitor_id == "7.b"

    def test_leaves_out_a_chat_without_visitor(self, keeper):
        keeper.store([chat(visitor=None)])
        assert not VisitorChat.objects.exists()

    def test_begins_a_chat_without_a_start_at_its_last_change(self, keeper):
        keeper.store([chat(timestamp=None)])
        assert VisitorChat.objects.get().started_at == NOW

    def test_keeps_nothing_that_was_said(self, keeper):
        said = {"history": [{"msg": "s3cret"}], "message": "s3cret", "comment": "s3cret", "agent_names": ["s3cret"]}
        keeper.store([chat(**said, session={"ip": "s3cret"})])
        assert "s3cret" not in json.dumps(rows(), default=str)
