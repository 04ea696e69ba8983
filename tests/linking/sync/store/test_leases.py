"""One worker at a time, and a fence for the late one."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from linking.models import Lease
from linking.sync.store import leases

pytestmark = pytest.mark.django_db


def lapse():
    Lease.objects.update(expires_at=Now() - timedelta(seconds=1))


class TestTake:
    def test_gives_a_free_lease(self):
        assert leases.take(name="x").token == 1

    def test_keeps_a_second_worker_out(self):
        leases.take(name="x")
        assert leases.take(name="x") is None

    def test_gives_different_names_independently(self):
        leases.take(name="x")
        assert leases.take(name="y") is not None

    def test_gives_a_lapsed_lease_with_a_higher_token(self):
        leases.take(name="x")
        lapse()
        assert leases.take(name="x").token == 2

    def test_gives_a_lease_that_ends_farther_off_than_any_can(self):
        """The clock was set back since it was given; its holder may be long gone."""
        leases.take(name="x")
        Lease.objects.update(expires_at=Now() + timedelta(hours=1))
        assert (leases.list_held_names(), leases.take(name="x").token) == (frozenset(), 2)

    def test_lapses_within_a_minute(self):
        leases.take(name="x")
        assert not Lease.objects.filter(expires_at__gt=Now() + timedelta(seconds=60)).exists()


class TestRenew:
    def test_lets_a_lapsed_lease_live_on_while_nobody_took_it(self):
        held = leases.take(name="x")
        lapse()
        leases.renew(held=held)
        assert leases.take(name="x") is None

    def test_tells_a_late_worker_that_it_lost_the_lease(self):
        held = leases.take(name="x")
        lapse()
        leases.take(name="x")
        with pytest.raises(leases.LeaseLost):
            leases.renew(held=held)


class TestRelease:
    def test_frees_the_lease(self):
        leases.release(held=leases.take(name="x"))
        assert leases.take(name="x").token == 2

    def test_leaves_the_lease_of_another_alone(self):
        held = leases.take(name="x")
        lapse()
        leases.take(name="x")
        leases.release(held=held)
        assert leases.take(name="x") is None


class TestTakenNames:
    def test_lists_what_is_held(self):
        leases.take(name="x")
        leases.release(held=leases.take(name="y"))
        assert leases.list_held_names() == {"x"}

    def test_leaves_lapsed_ones_out(self):
        leases.take(name="x")
        lapse()
        assert leases.list_held_names() == frozenset()
