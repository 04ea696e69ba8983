"""The HTTP face of the webhook: sizes, methods, statuses, and no session asked for."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.test import Client

from linking import webhooks
from linking.api import webhooks as edge
from linking.core.webhooks import BODY_MAX_BYTES, WebhookReason, WebhookRefused
from linking.models import Visitor
from tests.factories import make_integration
from tests.linking.signing import SECRET, signature, stamp

pytestmark = pytest.mark.django_db
URL = "/api/v1/hooks/zendesk/acme"


@pytest.fixture(autouse=True)
def acme():
    return make_integration(secrets={"zendesk_webhook_secret": SECRET})


def post(body, *, url=URL, secret=SECRET, content_type="application/json", **headers):
    timestamp = stamp(datetime.now(tz=UTC))
    signed = {
        "HTTP_X_ZENDESK_WEBHOOK_SIGNATURE": signature(timestamp=timestamp, body=body, secret=secret),
        "HTTP_X_ZENDESK_WEBHOOK_SIGNATURE_TIMESTAMP": timestamp,
    }
    return Client(enforce_csrf_checks=True).post(url, body, content_type=content_type, **signed | headers)


def told(response):
    return response.status_code, response.json().get("reason")


class TestChatTicket:
    @pytest.mark.parametrize("url", [URL, f"{URL}/"])
    def test_takes_a_signed_call(self, url):
        response = post(b'{"visitor_id":"7700123.new"}', url=url)
        assert (response.status_code, response.json()) == (202, {"queued": "visitor"})
        assert Visitor.objects.get().visitor_id == "7700123.new"

    def test_says_that_it_will_look_for_the_chat(self):
        assert post(b'{"email":"n@player.example"}').json() == {"queued": "sync"}

    def test_does_not_mind_the_content_type(self):
        assert post(b'{"ticket_id":"1"}', content_type="text/plain").status_code == 202

    def test_refuses_a_call_that_was_received(self):
        signed = {
            "HTTP_X_ZENDESK_WEBHOOK_SIGNATURE_TIMESTAMP": (at := stamp(datetime.now(tz=UTC))),
            "HTTP_X_ZENDESK_WEBHOOK_SIGNATURE": signature(timestamp=at, body=b'{"ticket_id":"1"}'),
        }
        answers = [post(b'{"ticket_id":"1"}', **signed) for _ in range(2)]
        assert [one.status_code for one in answers] == [202, 403]

    @pytest.mark.parametrize(
        ("body", "answer"),
        [(b"[]", (400, "not_json")), (b"{}", (422, "nobody_named"))],
    )
    def test_tells_what_is_wrong_with_a_signed_body(self, body, answer):
        assert told(post(body)) == answer

    def test_refuses_a_body_that_is_too_long_before_reading_it(self):
        body = json.dumps({"ticket_id": "1", "x": "y" * BODY_MAX_BYTES}).encode()
        assert told(post(body)) == (413, "too_large")

    def test_takes_a_body_of_the_greatest_length(self):
        body = json.dumps({"ticket_id": "1", "x": ""}).encode()
        body = body.replace(b'""', b'"' + b"y" * (BODY_MAX_BYTES - len(body)) + b'"')
        assert (len(body), post(body).status_code) == (BODY_MAX_BYTES, 202)

    @pytest.mark.parametrize("announced", ["-1", "abc", "", "1e9", "9" * 400])
    def test_survives_a_senseless_length(self, announced):
        assert told(post(b'{"ticket_id":"1"}', CONTENT_LENGTH=announced))[0] in (401, 413)

    def test_answers_strangers_alike_whether_there_is_an_integration_or_not(self):
        answers = [post(b'{"ticket_id":"1"}', url=URL.replace("acme", slug), secret="x" * 20) for slug in ("acme", "b")]
        assert {(one.status_code, one.content) for one in answers} == {(401, answers[0].content)}
        assert answers[0].json()["reason"] == "signature"

    def test_is_unsigned_without_headers(self):
        assert told(Client().post(URL, b"{}", content_type="application/json")) == (401, "unsigned")

    @pytest.mark.parametrize("method", ["get", "put", "delete", "head"])
    def test_takes_nothing_but_posts(self, method):
        assert getattr(Client(), method)(URL).status_code == 405

    def test_may_not_be_kept_by_a_cache(self):
        assert {post(b"{}")["Cache-Control"], post(b'{"ticket_id":"1"}')["Cache-Control"]} == {"no-store"}

    @pytest.mark.parametrize(("reason", "status"), [(WebhookReason.TOO_MANY, 429), (WebhookReason.UNAVAILABLE, 503)])
    def test_says_when_a_call_may_come_again(self, monkeypatch, reason, status):
        def refuse(**_options):
            raise WebhookRefused(reason)

        monkeypatch.setattr(webhooks, "receive", refuse)
        response = post(b'{"ticket_id":"1"}')
        assert (told(response), response["Retry-After"]) == ((status, reason.value), "60")


class TestDocs:
    def test_tell_every_refusal_with_its_status(self):
        page = (Path(__file__).parents[3] / "docs" / "webhook.md").read_text(encoding="utf-8")
        rows = re.findall(r"^\| (\d{3}) \| `([a-z_]+)` \|", page, re.MULTILINE)
        assert {word: int(status) for status, word in rows} == {
            reason.value: status for reason, (status, _sentence) in edge.REFUSALS.items()
        }
        assert set(edge.REFUSALS) == set(WebhookReason)
