"""The HTTP face of the webhook: sizes, methods, statuses, and no session asked for."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.test import Client

from linking import registry
from linking.api import webhooks as edge
from linking.models import Visitor
from linking.sync import webhook as webhooks
from linking.sync.webhook_calls import BODY_MAX_BYTES, WebhookReason, WebhookRefused
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


def head(*, url=URL, method="POST", length="60000", **headers):
    """What a server knows of a call before its body comes; signed for now unless told otherwise."""
    signed = {
        "HTTP_X_ZENDESK_WEBHOOK_SIGNATURE": "x",
        "HTTP_X_ZENDESK_WEBHOOK_SIGNATURE_TIMESTAMP": stamp(datetime.now(tz=UTC)),
    }
    return {"REQUEST_METHOD": method, "PATH_INFO": url, "CONTENT_LENGTH": length} | signed | headers


class TestRefuseByHead:
    @pytest.fixture(autouse=True)
    def _configuration(self, acme):
        registry.refresh()

    @pytest.mark.parametrize("url", [URL, f"{URL}/"])
    def test_lets_in_what_may_be_signed(self, url):
        assert edge.refuse_by_head(head(url=url)) is None

    @pytest.mark.parametrize(
        ("said", "status", "reason"),
        [
            ({"HTTP_X_ZENDESK_WEBHOOK_SIGNATURE": ""}, 401, "unsigned"),
            ({"HTTP_X_ZENDESK_WEBHOOK_SIGNATURE_TIMESTAMP": ""}, 401, "unsigned"),
            ({"HTTP_X_ZENDESK_WEBHOOK_SIGNATURE_TIMESTAMP": "yesterday"}, 401, "unsigned"),
            ({"HTTP_X_ZENDESK_WEBHOOK_SIGNATURE_TIMESTAMP": "2020-01-01T00:00:00Z"}, 401, "stale"),
            ({"url": "/api/v1/hooks/zendesk/nobody"}, 401, "signature"),
            ({"length": str(BODY_MAX_BYTES + 1)}, 413, "too_large"),
        ],
    )
    def test_refuses_the_others_as_the_view_would(self, said, status, reason):
        given = edge.refuse_by_head(head(**said))
        assert (given[0], json.loads(given[2])["reason"]) == (status, reason)
        assert set(json.loads(given[2])) == {"detail", "reason"}

    @pytest.mark.parametrize("change", [{"enabled": False}, {"slug": "other"}])
    def test_refuses_a_call_for_an_integration_that_takes_none(self, acme, change):
        for name, value in change.items():
            setattr(acme, name, value)
        acme.save()
        registry.refresh()
        assert edge.refuse_by_head(head())[0] == 401

    def test_refuses_a_call_where_no_secret_is_set(self):
        make_integration(slug="bare", login_project_id="00000000-0000-4000-8000-000000000009")
        registry.refresh()
        assert edge.refuse_by_head(head(url="/api/v1/hooks/zendesk/bare"))[0] == 401

    def test_does_not_ask_the_database(self, django_assert_num_queries):
        with django_assert_num_queries(0):
            edge.refuse_by_head(head())

    def test_leaves_the_judgement_to_the_view_before_anything_is_known(self):
        registry.forget()
        assert edge.refuse_by_head(head(url="/api/v1/hooks/zendesk/nobody")) is None

    @pytest.mark.parametrize("said", [{"method": "GET"}, {"url": "/api/v1/hooks/zendesk/"}, {"url": "/"}])
    def test_has_no_say_in_other_requests(self, said):
        assert edge.refuse_by_head(head(**said)) is None
