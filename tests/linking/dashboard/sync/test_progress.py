"""How far a running sync is, in words of its product."""

import pytest

from linking.dashboard.sync.progress import describe_progress
from linking.sync.history import EarlierPasses
from tests.factories import NOW, make_integration, make_run
from tests.linking.sync.messaging.fake_support import make_support

pytestmark = pytest.mark.django_db


def describe(integration, **counts):
    run = make_run(integration=integration, state="running", finished_at=None, **counts)
    return describe_progress(run, before=EarlierPasses(), now=NOW)


class TestDescribeProgress:
    def test_of_chat_tells_of_chats(self):
        assert "Reading chats: 7 on 2 pages" in describe(make_integration(), chats=7, pages=2).sentence

    def test_of_messaging_tells_of_users(self):
        progress = describe(make_support(), pages=1234, calls=1240, visitors_found=9, lookups=3)
        assert progress.sentence == "Reading users: 1,234 pages, 1,240 calls, 9 new visitors"
        assert progress.total == 0
