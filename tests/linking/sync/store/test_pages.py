"""Pages of the export, stored: the same rows whatever the order, and no write where there is no news."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from linking.clients.zendesk_chat import ExportPage
from linking.clients.zendesk_records import parse_chat
from linking.models import LoginUser, Visitor
from linking.sync.plans.facts import LookupPriority
from linking.sync.store import leases, pages, runs
from linking.sync.store.runs import Cursor
from tests.factories import NOW, make_integration, make_login_user

pytestmark = pytest.mark.django_db
PAGE = 7
COUNTS = {"visitors_found": 0, "quarantined": 0}


def chat(number):
    at = (NOW - timedelta(days=1) + timedelta(seconds=number // 3)).isoformat()
    visitor = {"id": f"7.v{number % 11}", "name": f"n{number}", "email": f"u{number % 11}@player.example"}
    return parse_chat({"id": f"c{number:03}", "update_timestamp": at, "visitor": visitor}, fallback_at=NOW)


FEED = tuple(chat(number) for number in range(60))


class Keeper:
    """Stores chats in pages, as a pass does."""

    def __init__(self, slug):
        self.integration = make_integration(slug=slug, login_project_id=slug)
        make_login_user(
            integration=self.integration, user_id="u", email="u3@player.example", first_authenticated_at=NOW,
            last_authenticated_at=NOW, tokens_issued=1,
        )  # fmt: skip
        self.held = leases.take(name=slug)
        self.run = runs.start_run(integration_id=self.integration.pk, trigger="command", is_full=False, now=NOW)

    def store(self, chats):
        for first in range(0, len(chats), PAGE):
            page = pages.ParsedPage(chats=tuple(chats[first : first + PAGE]), unreadable=(), start=Cursor(epoch_s=0))
            pages.store_page(
                held=self.held, run=self.run, page=page, cursor=None, is_caught_up=False, counts=COUNTS, now=NOW
            )

    def rows(self):
        left_out = {"id", "integration_id"}
        mine = Visitor.objects.filter(integration=self.integration).order_by("visitor_id")
        return [{key: value for key, value in row.items() if key not in left_out} for row in mine.values()]


class TestOrder:
    @pytest.mark.parametrize("seed", range(5))
    def test_of_the_feed_makes_no_difference(self, seed):
        ordered, shuffled = Keeper("ordered"), Keeper("shuffled")
        ordered.store(FEED)
        shuffled.store(random.Random(seed).sample(FEED, len(FEED)))
        assert shuffled.rows() == ordered.rows()

    def test_of_a_feed_replayed_ten_times_writes_no_visitor(self):
        keeper = Keeper("acme")
        keeper.store(FEED)
        Visitor.objects.update(checked_at=NOW, checked_activity_at=datetime(2100, 1, 1, tzinfo=UTC), state="anonymous")
        with CaptureQueriesContext(connection) as asked:
            for seed in range(10):
                keeper.store(random.Random(seed).sample(FEED, len(FEED)))
        written = [one["sql"] for one in asked if one["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]
        assert {sql.split('"')[1] for sql in written} == {
            "linking_lease", "linking_integration", "linking_syncrun", "linking_visitorchat",
        }  # fmt: skip


class TestLastPlace:
    def page(self, *ids, **changes):
        at = (NOW - timedelta(days=1)).isoformat()
        records = tuple({"id": one, "update_timestamp": at} for one in ids)
        return ExportPage(**{"records": records, "end_epoch_s": None, "end_id": "", "is_short": False} | changes)

    def place(self, page):
        return pages.find_last_place(page=page, start=Cursor(epoch_s=0), now=NOW)

    @pytest.mark.parametrize("end_id", ["", "c9"])
    def test_is_behind_the_last_record_whose_id_can_be_read(self, end_id):
        page = self.page("c1", "c2", ["spoiled"], end_epoch_s=int(NOW.timestamp()) - 86_400, end_id=end_id)
        assert self.place(page).chat_id == "c2"

    def test_takes_the_vendors_word_where_no_id_can_be_read(self):
        page = self.page(["spoiled"], end_epoch_s=int(NOW.timestamp()) - 86_400, end_id="c9")
        assert self.place(page).chat_id == "c9"


class TestNamesakes:
    """A name that many carry is no sign of one person, neither in the queue nor on a page."""

    def rank_of_a_newcomer(self, *, waiting, **contact):
        keeper = Keeper("acme")
        LoginUser.objects.update(name="Ann Smith")
        queued = {"integration": keeper.integration, "name": "ann smith", "lookup_due_at": NOW}
        seen = {"first_seen_at": NOW, "last_seen_at": NOW}
        Visitor.objects.bulk_create(Visitor(visitor_id=f"7.w{n}", **queued, **seen) for n in range(waiting))
        visitor = {"id": "7.new", "name": "Ann Smith"} | contact
        keeper.store(
            [parse_chat({"id": "c", "update_timestamp": NOW.isoformat(), "visitor": visitor}, fallback_at=NOW)]
        )
        return Visitor.objects.get(visitor_id="7.new").lookup_rank

    @pytest.mark.parametrize(("waiting", "rank"), [(50, LookupPriority.IDENTIFIED), (51, LookupPriority.NEW)])
    def test_put_a_newcomer_first_while_they_are_few(self, waiting, rank):
        assert self.rank_of_a_newcomer(waiting=waiting) == rank

    def test_that_are_many_do_not_outweigh_an_address(self):
        assert self.rank_of_a_newcomer(waiting=51, email="u3@player.example") == LookupPriority.IDENTIFIED
