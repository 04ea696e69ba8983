"""Players who just got a token are asked for, a few times, many in a call."""

from datetime import timedelta

import pytest

from linking.models import AwaitedUser, LoginUser, VisitorLink
from tests.linking.sync.fake_chat import NOW
from tests.linking.sync.messaging.fake_support import make_issued, make_support, run, uuid

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme():
    return make_support()


def issue(acme, number, *, at=NOW, user_id=None):
    return make_issued(acme, user_id or uuid(number), at=at)


def shown(support):
    return [ids for call, ids in support.calls if call == "show"]


def test_asks_after_a_minute_five_an_hour_and_a_day(acme, support, time):
    issue(acme, 1)
    asked_after = []
    for minutes in (0, 0.9, 1, 2, 5, 7, 60, 90, 1440, 1450, 3000):
        time.now = NOW + timedelta(minutes=minutes)
        support.calls.clear()
        run(acme, time)
        if shown(support):
            asked_after.append(minutes)
    assert asked_after == [1, 5, 60, 1440]
    assert AwaitedUser.objects.count() == 0


def test_links_whom_the_feed_does_not_tell_yet(acme, support, time):
    issue(acme, 1)
    support.put(7, external_id=uuid(1).upper())
    support.log.clear()
    time.now += timedelta(minutes=1)
    run(acme, time)
    link = VisitorLink.objects.get()
    assert (link.login_user.user_id, link.visitor.visitor_id, LoginUser.objects.count()) == (uuid(1), "7", 1)
    support.calls.clear()
    time.now += timedelta(minutes=5)
    run(acme, time)
    assert (shown(support), AwaitedUser.objects.count()) == ([], 0)


def test_asks_for_a_hundred_at_once(acme, support, time):
    for number in range(250):
        issue(acme, number)
    time.now += timedelta(minutes=1)
    run(acme, time)
    assert [len(ids) for ids in shown(support)] == [100, 100, 50]


def test_uses_at_most_half_of_the_account(support, time):
    acme = make_support(requests_per_minute=4)
    for number in range(350):
        issue(acme, number)
    time.now += timedelta(minutes=1)
    run(acme, time)
    assert [len(ids) for ids in shown(support)] == [100, 100]


def test_leaves_ids_with_a_comma_to_the_feed(acme, support, time):
    issue(acme, 1, user_id="a,b")
    issue(acme, 2)
    time.now += timedelta(minutes=1)
    run(acme, time)
    assert shown(support) == [(uuid(2),)]
    assert AwaitedUser.objects.filter(asks=1).count() == 2


def test_a_second_token_of_one_who_is_awaited_changes_nothing(acme, support, time):
    user = issue(acme, 1)
    time.now += timedelta(minutes=1)
    run(acme, time)
    LoginUser.objects.filter(pk=user.pk).update(last_authenticated_at=time.now, tokens_issued=2)
    time.now += timedelta(minutes=1)
    support.calls.clear()
    run(acme, time)
    assert shown(support) == []


def test_a_token_after_the_last_question_begins_anew(acme, support, time):
    user = issue(acme, 1, at=NOW - timedelta(days=3))
    run(acme, time)
    assert (shown(support), AwaitedUser.objects.count()) == ([], 0)
    LoginUser.objects.filter(pk=user.pk).update(last_authenticated_at=NOW, tokens_issued=2)
    time.now += timedelta(minutes=1)
    run(acme, time)
    assert shown(support) == [(uuid(1),)]
