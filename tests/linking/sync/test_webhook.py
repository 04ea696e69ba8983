"""A chat's ticket told by webhook: believed once, and whoever it names is asked about first."""

import json
from datetime import timedelta

import pytest
from django.db import OperationalError

from linking import registry
from linking.models import Integration, Visitor, VisitorAlias, WebhookDelivery
from linking.sync import schedule, webhook
from linking.sync.plans.facts import LookupPriority
from linking.sync.store import lookups
from linking.sync.store import webhook_deliveries as deliveries
from linking.sync.webhook import Queued, SignedCall
from linking.sync.webhook_calls import WebhookReason, WebhookRefused
from tests.factories import NOW, make_integration, make_visitor
from tests.linking.signing import SECRET, signature, stamp

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=2)


@pytest.fixture
def acme():
    return make_integration(secrets={"zendesk_webhook_secret": SECRET})


def call(*, at=LATER, secret=SECRET, **fields):
    body = json.dumps(fields).encode()
    timestamp = stamp(at)
    return SignedCall(
        timestamp=timestamp, signature=signature(timestamp=timestamp, body=body, secret=secret), body=body
    )


def receive(*, slug="acme", now=LATER, **fields):
    return webhook.receive(slug=slug, call=call(at=now, **fields), now=now)


def refusal(**options):
    with pytest.raises(WebhookRefused) as caught:
        webhook.receive(**{"slug": "acme", "now": LATER} | options)
    return caught.value.reason


def front(acme):
    found = lookups.list_next_lookups(integration_id=acme.pk, now=LATER, is_eager=False, limit=9)
    return [question.visitor_id for question in found]


class TestReceive:
    def test_puts_a_known_visitor_before_everybody(self, acme):
        long_ago = NOW - timedelta(days=9)
        make_visitor(integration=acme, visitor_id="7.old", first_seen_at=long_ago, last_seen_at=long_ago)
        waiting = {
            "lookup_due_at": NOW,
            "lookup_rank": LookupPriority.IDENTIFIED,
            "checked_at": None,
            "state": "pending",
        }
        make_visitor(integration=acme, visitor_id="7.urgent", **waiting)
        assert receive(visitor_id="7-old") is Queued.VISITOR
        assert front(acme) == ["7.old", "7.urgent"]

    def test_adds_one_that_the_export_has_not_named_yet(self, acme):
        receive(visitor_id="7700123.new", chat_id="2611.7700123.Xy")
        row = Visitor.objects.get()
        assert (row.state, row.last_seen_at, row.last_chat_id, front(acme)) == (
            "pending", LATER, "2611.7700123.Xy", ["7700123.new"],
        )  # fmt: skip

    def test_does_not_add_one_whose_id_zendesk_never_made(self, acme):
        assert receive(visitor_id="null") is Queued.SYNC
        assert not Visitor.objects.exists()

    def test_follows_an_alias(self, acme):
        row = make_visitor(integration=acme, visitor_id="7.a")
        VisitorAlias.objects.create(integration=acme, alias_id="7.b", visitor=row, first_seen_at=NOW)
        receive(visitor_id="7.b")
        assert (front(acme), Visitor.objects.count()) == (["7.a"], 1)

    def test_asks_nothing_about_one_that_was_read_since(self, acme):
        make_visitor(integration=acme, visitor_id="7.a", checked_at=LATER + timedelta(seconds=1))
        assert receive(visitor_id="7.a") is Queued.SYNC
        assert front(acme) == []

    def test_makes_the_sync_due_for_a_chat_without_visitor(self, acme):
        Integration.objects.update(last_success_at=NOW, next_sync_at=NOW + schedule.EVERY)
        now = NOW + schedule.EVERY_POKED
        assert schedule.list_due(now=now) == []
        assert receive(now=now, email="n@player.example") is Queued.SYNC
        assert schedule.list_due(now=now) == [acme.pk]

    def test_believes_a_call_once(self, acme):
        one = call(visitor_id="7.a")
        webhook.receive(slug="acme", call=one, now=LATER)
        assert refusal(call=one) is WebhookReason.REPLAYED
        assert refusal(call=one, now=LATER + timedelta(minutes=5)) is WebhookReason.REPLAYED

    def test_believes_two_integrations_with_one_secret_each_once(self, acme):
        make_integration(slug="beta", secrets={"zendesk_webhook_secret": SECRET})
        one = call(visitor_id="7.a")
        for slug in ("acme", "beta"):
            assert webhook.receive(slug=slug, call=one, now=LATER) is Queued.VISITOR

    def test_forgets_calls_that_would_be_stale_by_now(self, acme):
        receive(ticket_id="1")
        receive(now=LATER + deliveries.KEPT + timedelta(seconds=1), ticket_id="2")
        assert WebhookDelivery.objects.count() == 1

    def test_never_forgets_a_call_that_would_still_be_believed(self, acme):
        one = call(at=LATER + timedelta(minutes=5), ticket_id="1")
        webhook.receive(slug="acme", call=one, now=LATER)
        last = LATER + timedelta(minutes=10)
        receive(now=last, ticket_id="2")
        assert refusal(call=one, now=last) is WebhookReason.REPLAYED

    def test_tells_a_trigger_gone_wild_to_come_later(self, acme, monkeypatch):
        monkeypatch.setattr(deliveries, "MOST_KEPT", 2)
        receive(ticket_id="1")
        receive(ticket_id="2")
        assert refusal(call=call(ticket_id="3")) is WebhookReason.TOO_MANY

    def test_a_call_that_could_not_be_acted_on_may_come_again(self, acme, monkeypatch):
        one = call(visitor_id="7.a")
        with monkeypatch.context() as broken:
            broken.setattr(schedule, "poke", lambda **_: (_ for _ in ()).throw(OperationalError("away")))
            assert refusal(call=one) is WebhookReason.UNAVAILABLE
        assert webhook.receive(slug="acme", call=one, now=LATER) is Queued.VISITOR


class TestStrangers:
    """Whoever cannot sign learns nothing: every answer is the one they would get without any integration."""

    @pytest.mark.parametrize("slug", ["acme", "off", "bare", "nobody", "", "a/b", "\x00"])
    def test_get_the_same_answer_everywhere(self, acme, slug):
        make_integration(slug="bare")
        make_integration(slug="off", enabled=False, secrets={"zendesk_webhook_secret": SECRET})
        forged = call(secret="a secret that nobody here has", visitor_id="7.a")
        assert refusal(slug=slug, call=forged) is WebhookReason.SIGNATURE

    @pytest.mark.parametrize("slug", ["off", "bare", "nobody"])
    def test_a_good_signature_helps_only_where_it_belongs(self, acme, slug):
        make_integration(slug="bare")
        make_integration(slug="off", enabled=False, secrets={"zendesk_webhook_secret": SECRET})
        assert refusal(slug=slug, call=call(visitor_id="7.a")) is WebhookReason.SIGNATURE

    def test_cost_no_question_to_the_database(self, acme, django_assert_num_queries):
        forged = call(secret="a secret that nobody here has", visitor_id="7.a")
        registry.refresh()
        with django_assert_num_queries(0):
            refusal(call=forged)

    @pytest.mark.parametrize("empty", ["timestamp", "signature"])
    def test_without_a_header_are_told_so(self, acme, empty):
        good = call(visitor_id="7.a")
        bare = SignedCall(**{"timestamp": good.timestamp, "signature": good.signature, "body": good.body} | {empty: ""})
        assert refusal(call=bare) is WebhookReason.UNSIGNED

    def test_with_an_old_call_are_told_so(self, acme):
        assert refusal(call=call(at=LATER - timedelta(minutes=6), ticket_id="1")) is WebhookReason.STALE
