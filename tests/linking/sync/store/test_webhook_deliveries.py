"""A webhook call counts once, whoever of several processes takes it."""

import threading

import pytest
from django.db import connection, transaction

from linking.models import WebhookDelivery
from linking.sync.store import webhook_deliveries
from linking.sync.webhook_calls import WebhookReason, WebhookRefused
from tests.factories import NOW, make_integration


@pytest.mark.django_db(transaction=True)
class TestManyProcesses:
    def test_believe_one_call_once(self):
        acme, outcomes = make_integration(), []

        def take():
            try:
                with transaction.atomic():
                    webhook_deliveries.take_once(integration_id=acme.pk, signature="A" * 44, now=NOW)
                outcomes.append("believed")
            except WebhookRefused as refused:
                outcomes.append(refused.reason)
            connection.close()

        threads = [threading.Thread(target=take) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(outcomes) == ["believed", *[WebhookReason.REPLAYED] * 5]
        assert WebhookDelivery.objects.count() == 1
