"""When an address is looked for again, and by whom."""

from datetime import timedelta

import pytest

from linking.models import ChatHost
from linking.sync.store import hosts
from tests.factories import NOW, make_integration

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme():
    return make_integration()


def claim(acme, *, after=timedelta(0), subdomain="acme", **options):
    return hosts.claim_look(integration_id=acme.pk, subdomain=subdomain, now=NOW + after, **options)


class TestClaimLook:
    def test_is_given_to_one(self, acme):
        assert [claim(acme) for _ in range(3)] == [True, False, False]

    def test_is_due_a_day_later(self, acme):
        claim(acme)
        assert [claim(acme, after=timedelta(hours=h)) for h in (23, 24, 25)] == [False, True, False]

    def test_is_due_sooner_in_doubt(self, acme):
        claim(acme)
        hosts.doubt(integration_id=acme.pk, now=NOW)
        assert [claim(acme, after=timedelta(minutes=m)) for m in (14, 15, 16, 30)] == [False, True, False, True]

    def test_is_due_for_another_subdomain(self, acme):
        claim(acme)
        hosts.keep(integration_id=acme.pk, subdomain="acme", url="https://acme.zendesk.com/api/v2/chat")
        assert (claim(acme, subdomain="other"), ChatHost.objects.get().url) == (True, "")

    def test_is_given_at_once_to_whom_it_is_urgent(self, acme):
        assert [claim(acme), claim(acme, after=timedelta(seconds=1), is_urgent=True)] == [True, True]

    def test_is_not_fooled_by_a_clock_that_ran_ahead(self, acme):
        claim(acme, after=timedelta(days=400))
        assert claim(acme)


class TestKeep:
    def test_ends_the_doubt(self, acme):
        claim(acme)
        hosts.doubt(integration_id=acme.pk, now=NOW)
        hosts.keep(integration_id=acme.pk, subdomain="acme", url="https://www.zopim.com/api/v2")
        assert ChatHost.objects.values_list("url", "doubted_at").get() == ("https://www.zopim.com/api/v2", None)

    def test_comes_too_late_for_a_subdomain_that_was_changed(self, acme):
        claim(acme)
        claim(acme, subdomain="other")
        hosts.keep(integration_id=acme.pk, subdomain="acme", url="https://acme.zendesk.com/api/v2/chat")
        assert ChatHost.objects.get().url == ""
