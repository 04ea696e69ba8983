"""One user of Zendesk Support, read again because a person asked for it."""

import pytest

from linking.models import Visitor, VisitorLink
from linking.sync import refresh
from tests.linking.sync.fake_chat import FakeTime, patience
from tests.linking.sync.messaging.fake_support import FakeSupport, make_support, run, use, uuid

pytestmark = pytest.mark.django_db


@pytest.fixture
def support(monkeypatch):
    return use(FakeSupport(), monkeypatch)


def read_again(time):
    visitor = Visitor.objects.get()
    return refresh.refresh_visitor(
        visitor_pk=visitor.pk, clock=time.clock, patience=patience(longest_wait_s=2.0), allow_loopback=False
    )


class TestStoreVisitor:
    def test_an_answer_that_says_nothing_new_confirms_the_link(self, support):
        """The page waits for the time of the lookup to move, and a token issued before it proves the link."""
        time = FakeTime()
        support.put(7, external_id=uuid(1))
        run(make_support(), time)
        before = VisitorLink.objects.get().last_confirmed_at
        time.sleep(60)
        assert read_again(time).changed == ()
        assert VisitorLink.objects.get().last_confirmed_at > before
        assert Visitor.objects.get().checked_at > before
