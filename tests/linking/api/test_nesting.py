"""Whatever is nested, however deeply, wherever a stranger can send it: never an accident of ours."""

import base64
import json
from datetime import UTC, datetime

import jwt
import pytest
from django.test import Client

from linking import registry
from linking.clients.zendesk_records import parse_chat, parse_visitor
from linking.core.strict_json import NESTING_MAX, NotStrictJSON, read_object
from linking.models import Integration
from tests.factories import LOGIN_SECRET_KEY, login_claims, make_integration
from tests.linking.signing import SECRET, signature, stamp

# Around what orjson writes (254) and reads (1,024), what Python's reader can (about a thousand), and far beyond.
DEPTHS = (1, 2, 100, 252, 253, 254, 255, 256, 500, 900, 960, 990, 1000, 1022, 1023, 1024, 1025, 1500, 2000)
MOST = NESTING_MAX


def nested(depth, *, opening="[", closing="]"):
    return opening * depth + closing * depth


def b64(text):
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def signed(payload, *, header='{"alg":"HS256"}'):
    segments = f"{b64(header)}.{b64(payload)}"
    key = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    made = key.sign(segments.encode(), LOGIN_SECRET_KEY.encode())
    return f"{segments}.{base64.urlsafe_b64encode(made).rstrip(b'=').decode()}"


def claims_with(depth):
    return json.dumps(login_claims())[:-1] + f',"partner_data":{nested(depth)}}}'


@pytest.fixture
def acme(db):
    made = make_integration(secrets={"zendesk_webhook_secret": SECRET})
    registry.refresh()
    return made


def ask(token):
    answer = Client().get("/generate/token/acme", headers={"Authorization": f"Bearer {token}"})
    return answer.status_code, answer.json().get("reason")


class TestTokens:
    @pytest.mark.parametrize("depth", DEPTHS)
    def test_with_a_nested_header_are_malformed(self, acme, depth):
        header = f'{{"alg":"HS256","x":{nested(depth)}}}'
        # One object stands around it. What is shallow enough has a name that no header may have.
        reason = "malformed" if depth + 1 > MOST else "header"
        assert ask(signed(json.dumps(login_claims()), header=header)) == (401, reason)

    @pytest.mark.parametrize("spelling", ["{}", " {}", "{}\n"])
    @pytest.mark.parametrize("depth", DEPTHS)
    def test_with_a_nested_claim_are_taken_as_far_as_they_can_be_written(self, acme, depth, spelling):
        wanted = (401, "malformed") if depth + 1 > MOST else (200, None)
        assert ask(signed(spelling.format(claims_with(depth)))) == wanted

    @pytest.mark.parametrize("depth", DEPTHS)
    def test_of_nested_objects_are_no_other_matter(self, acme, depth):
        text = nested(depth, opening='{"a":', closing="}").replace('"a":}', '"a":1}')
        status, _ = ask(signed(text))
        assert status in (401, 422)

    @pytest.mark.parametrize("depth", DEPTHS)
    def test_that_are_nothing_but_brackets_are_malformed(self, acme, depth):
        answer = Client().get("/generate/token/acme", headers={"Cookie": f"token={nested(depth)}"})
        assert (answer.status_code, answer.json()["reason"]) == (401, "malformed")

    @pytest.mark.parametrize("depth", DEPTHS)
    def test_to_an_integration_that_is_only_observed(self, acme, depth):
        Integration.objects.update(mode="observe")
        registry.refresh()
        token = signed(claims_with(depth), header=f'{{"alg":"HS256","x":{nested(depth)}}}')
        assert ask(token)[0] in (200, 401)


class TestReadObject:
    @pytest.mark.parametrize("text", ["[%s]", '{"a":%s,"b":"\\ud800"}', '{"a":%s,"b":1e5}', '{"a": %s}'])
    @pytest.mark.parametrize("depth", range(1, 2001, 97))
    def test_gives_what_can_be_written_or_nothing(self, text, depth):
        try:
            value = read_object((text % nested(depth)).encode())
        except NotStrictJSON:
            value = None
        assert value is None or (depth < MOST and json.dumps(value))


class TestOtherReaders:
    @pytest.mark.parametrize("depth", DEPTHS)
    def test_of_webhooks_refuse_or_take(self, acme, depth):
        body = f'{{"ticket_id":"1","x":{nested(depth)}}}'.encode()
        at = stamp(datetime.now(tz=UTC))
        answer = Client().post(
            "/api/v1/hooks/zendesk/acme",
            body,
            content_type="application/json",
            headers={
                "X-Zendesk-Webhook-Signature": signature(timestamp=at, body=body, secret=SECRET),
                "X-Zendesk-Webhook-Signature-Timestamp": at,
            },
        )
        assert answer.status_code == (400 if depth + 1 > MOST else 202)

    @pytest.mark.parametrize("depth", DEPTHS)
    def test_of_records_keep_or_set_aside_what_could_be_read(self, depth):
        value = json.loads(nested(min(depth, 900)))
        assert parse_visitor({"id": "7700123.abc", "external_id": value}) is not None
        assert parse_visitor({"id": value}) is not None
        assert parse_chat({"id": value, "visitor": value}, fallback_at=datetime.now(tz=UTC)) is not None

    def test_of_records_keep_what_is_too_deep_to_be_written(self):
        value = []
        for _ in range(100_000):
            value = [value]
        found = parse_visitor({"id": "7700123.abc", "external_id": value})
        assert "nested too deeply" in str(found)


class TestPages:
    @pytest.fixture
    def lead(self, signed_in):
        client = signed_in("leads")
        client.raise_request_exception = False
        return client

    @pytest.mark.parametrize("depth", [*DEPTHS, 100_000])
    def test_of_the_api_refuse_in_words(self, acme, lead, depth):
        text = f'{{"text":{nested(depth)}}}'
        answer = lead.post("/api/v1/diagnose/", text, content_type="application/json")
        assert (answer.status_code, type(answer.json()["detail"])) == (400, str)

    @pytest.mark.parametrize("depth", DEPTHS)
    def test_of_the_doctor_look_at_anything(self, acme, lead, depth):
        for token in (signed(claims_with(depth)), signed("{}", header=f'{{"alg":"HS256","x":{nested(depth)}}}')):
            assert lead.post("/api/v1/diagnose/", {"text": token}, format="json").status_code == 200

    def test_of_forms_refuse_what_is_too_deep_to_be_read(self, acme, lead):
        answer = lead.post("/accounts/2fa/webauthn/add/", f"credential={nested(100_000)}", content_type=FORM)
        assert answer.status_code < 500


FORM = "application/x-www-form-urlencoded"
