"""The export as a feed: pages of every filling, ties over pages, order, and servers that keep to their own rules."""

import random

import pytest

from linking.models import Integration, Visitor
from tests.faults.conftest import Site, mapping

pytestmark = pytest.mark.django_db


def seeded(sandbox, **plan):
    sandbox.control("seed", **{"visitors": 10, "seed": 6} | plan)
    return Site(sandbox=sandbox)


class TestPages:
    @pytest.mark.parametrize(("chats", "pages"), [(0, 1), (1, 1), (999, 1), (1000, 2), (1001, 2), (25_000, 26)])
    def test_of_every_filling_are_read_to_the_end(self, sandbox, chats, pages):
        site = seeded(sandbox, chats=chats)
        report = site.run()
        assert (report.is_complete, report.run.pages, report.run.chats) == (True, pages, chats)
        assert mapping() == sandbox.truth()

    def test_of_five_thousand_chats_in_one_second_are_read_to_the_end(self, sandbox):
        site = seeded(sandbox, chats=5_200, ties=5_000)
        report = site.run()
        assert (report.is_complete, report.run.pages, mapping()) == (True, 6, sandbox.truth())

    def test_that_repeat_the_record_at_the_cursor_are_read_to_the_end(self, sandbox):
        site = seeded(sandbox, chats=2_500, ties=1_500)
        sandbox.control("faults", repeat_cursor=True)
        report = site.run()
        sandbox.control("faults", repeat_cursor=False)
        assert (report.is_complete, report.run.pages, mapping()) == (True, 3, sandbox.truth())

    def test_come_to_an_end_where_the_server_ignores_start_id(self, sandbox):
        site = seeded(sandbox, chats=2_500, ties=900)
        sandbox.control("faults", ignore_start_id=True)
        report = site.run()
        sandbox.control("faults", ignore_start_id=False)
        assert (report.is_complete, report.run.pages <= 6, mapping()) == (True, True, sandbox.truth())


class TestOrder:
    def test_of_the_feed_ten_times_over_and_shuffled_changes_nothing(self, sandbox):
        site = seeded(sandbox, visitors=12, chats=40)
        site.run()
        before = rows()
        for seed in range(10):
            random.Random(seed).shuffle(site.feed)
            items = [{"id": one["id"], "update_timestamp": 1_767_312_000 + n} for n, one in enumerate(site.feed)]
            sandbox.control("chats", items=[item | {"visitor_id": one["visitor"]["id"]}
                                            for item, one in zip(items, site.feed, strict=True)])  # fmt: skip
            site.run(is_full=True)
        assert (rows(), mapping()) == (before, sandbox.truth())


def rows():
    columns = ("visitor_id", "state", "name", "email", "external_id", "is_banned", "last_seen_at")
    return list(Visitor.objects.order_by("pk").values(*columns))


class TestCursor:
    def test_stays_where_it_is_on_an_empty_page(self, sandbox):
        site = seeded(sandbox, chats=50)
        site.run()
        before = Integration.objects.values_list("cursor_epoch_s", "cursor_id").get()
        sandbox.control("reset", empty=True)
        site.feed = []
        site.run()
        assert Integration.objects.values_list("cursor_epoch_s", "cursor_id").get() == before
