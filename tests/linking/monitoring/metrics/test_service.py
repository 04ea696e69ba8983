"""The numbers of the service itself in `/metrics`, read as Prometheus reads them."""

import pytest
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from linking import queue
from linking.clients import traffic
from linking.clients.traffic import Service
from linking.models import Secret
from linking.monitoring import health
from linking.monitoring.metrics import collector, shared_counts, token_times
from linking.monitoring.metrics.shared_counts import CountKey
from linking.queue import BrokerUnavailable, QueueStanding
from linking.tokens.refusals import Reason
from tests.factories import make_integration

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def quiet_queue(monkeypatch):
    shared_counts.forget()
    monkeypatch.setattr(queue, "measure_queues", lambda **_options: [QueueStanding("celery", 3, 12.5)])
    yield
    shared_counts.forget()


def read_families():
    shared_counts.flush()
    text = collector.build_metrics(now=timezone.now()).decode()
    return {family.name: family for family in text_string_to_metric_families(text)}


def read_samples():
    return {
        (sample.name, *(value for _name, value in sorted(sample.labels.items()))): sample.value
        for family in read_families().values()
        for sample in family.samples
    }


class TestFamilies:
    def test_have_help_a_type_and_a_name_by_convention(self):
        for name, family in read_families().items():
            assert name.startswith("zdbridge_") and family.documentation and family.type != "unknown"
            assert not name.endswith(("_ms", "_minutes", "_milliseconds"))

    def test_are_told_without_a_single_count(self):
        assert {"zdbridge_token_seconds", "zdbridge_vendor_calls", "zdbridge_alarms"} <= set(read_families())


class TestTokens:
    def test_have_a_histogram_whose_last_bucket_is_the_count(self):
        for took_s in (0.001, 3.0):
            token_times.note(took_s=took_s, status=200, reason=None, now_s=0.0)
        samples = read_samples()
        assert samples["zdbridge_token_seconds_bucket", "0.001"] == 1
        assert samples["zdbridge_token_seconds_bucket", "+Inf"] == samples["zdbridge_token_seconds_count",] == 2
        assert samples["zdbridge_token_seconds_sum",] == pytest.approx(3.001)

    def test_are_counted_by_class_of_status(self):
        token_times.note(took_s=0.0, status=503, reason=Reason.UNAVAILABLE, now_s=0.0)
        assert read_samples()["zdbridge_http_responses_total", "token", "5xx"] == 1


class TestOthers:
    def test_calls_to_vendors_and_their_429s(self):
        traffic.note_answer(Service.ZENDESK, status=429)
        assert read_samples()["zdbridge_vendor_calls_total", "429", "zendesk"] == 1

    def test_alarms_by_outcome(self):
        shared_counts.add(CountKey("alarms", "webhook,failed"), now_s=0.0)
        assert read_samples()["zdbridge_alarms_total", "webhook", "failed"] == 1

    def test_the_queue_and_its_oldest_message(self):
        samples = read_samples()
        assert samples["zdbridge_queue_messages", "celery"] == 3
        assert samples["zdbridge_queue_oldest_age_seconds", "celery"] == 12.5
        assert samples["zdbridge_broker_up",] == 1

    def test_a_broker_that_is_away_costs_the_others_nothing(self, monkeypatch):
        def fail(**_options):
            raise BrokerUnavailable

        monkeypatch.setattr(queue, "measure_queues", fail)
        samples = read_samples()
        assert samples["zdbridge_broker_up",] == 0 and ("zdbridge_sightings_dropped_total",) in samples

    def test_the_age_of_each_secret(self):
        make_integration()
        Secret.objects.update(set_at=timezone.now() - timezone.timedelta(days=2))
        ages = {key: value for key, value in read_samples().items() if key[0] == "zdbridge_secret_age_seconds"}
        assert ages["zdbridge_secret_age_seconds", "acme", "login_secret_key"] == pytest.approx(172_800, abs=600)

    @pytest.mark.parametrize("number", [0, 3])
    def test_what_rests_under_an_older_seal_key(self, monkeypatch, number):
        monkeypatch.setattr(health.sealing.standing, "count_to_move", lambda: number)
        assert read_samples()["zdbridge_old_seals",] == number

    def test_the_version(self, settings):
        settings.LINKING = settings.LINKING | {"VERSION": "9.8.7"}
        assert read_samples()["zdbridge_info", "9.8.7"] == 1

    @pytest.mark.parametrize("is_stale", [True, False])
    def test_settings_that_some_process_could_not_read(self, monkeypatch, is_stale):
        monkeypatch.setattr(shared_counts.registry, "is_stale", lambda: is_stale)
        assert read_samples()["zdbridge_configuration_stale",] == is_stale
