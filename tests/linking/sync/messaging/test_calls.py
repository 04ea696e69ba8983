"""Calls to Support are counted in their class, and Zendesk's word that none are left holds for every worker."""

from datetime import timedelta

import pytest

from linking.models import RequestSlot
from tests.linking.sync.fake_chat import NOW, patience
from tests.linking.sync.messaging.fake_support import make_issued, make_support, run, uuid

pytestmark = pytest.mark.django_db
ACCOUNT, EXPORT = "support:acme.zendesk.com", "support:acme.zendesk.com export"


def test_each_class_has_a_row_of_its_own(support, time):
    acme = make_support()
    make_issued(acme, uuid(1), at=NOW)
    time.now += timedelta(seconds=61)
    run(acme, time)
    assert set(RequestSlot.objects.values_list("account", flat=True)) == {ACCOUNT, EXPORT}


def test_the_export_leaves_evenly_spaced(support, time):
    support.limit = 1
    for number in range(5):
        support.put(number + 1, external_id=uuid(number))
    run(make_support(export_requests_per_minute=20), time)
    assert (time.now - NOW).total_seconds() >= 4 * 3


def test_a_class_that_is_used_up_rests_for_everybody(support, time):
    support.limit = 1
    for number in range(2):
        support.put(number + 1, external_id=uuid(number))
    support.used_up_s = 47
    report = run(make_support(), time, patience=patience(longest_wait_s=10))
    assert (report.reason, len(support.calls)) == ("vendor_pause", 1)
    assert RequestSlot.objects.get(account=EXPORT).paused_until_epoch_s == pytest.approx(NOW.timestamp() + 47)
