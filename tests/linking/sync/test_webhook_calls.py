"""What is believed of a webhook call, and what is read from it."""

import json
from datetime import timedelta

import pytest

from linking.sync.webhook_calls import (
    LEEWAY,
    WebhookNotice,
    WebhookReason,
    WebhookRefused,
    check_signature,
    parse_notice,
    parse_signed_at,
)
from tests.factories import NOW
from tests.linking.signing import SECRET, signature, stamp

BODY = b'{"visitor_id":"7700123.ab3X"}'
AT = stamp(NOW)


def reason_of(call, **arguments):
    with pytest.raises(WebhookRefused) as caught:
        call(**arguments)
    return caught.value.reason


class TestSignedAt:
    @pytest.mark.parametrize("timestamp", [AT, str(int(NOW.timestamp())), "2026-11-22T13:00:00+01:00"])
    def test_reads_iso_8601_and_epoch_seconds(self, timestamp):
        assert parse_signed_at(timestamp=timestamp, now=NOW) == NOW

    @pytest.mark.parametrize("away", [LEEWAY, -LEEWAY])
    def test_takes_what_lies_five_minutes_away(self, away):
        assert parse_signed_at(timestamp=stamp(NOW + away), now=NOW) == min(NOW, NOW + away)

    @pytest.mark.parametrize("away", [LEEWAY + timedelta(seconds=1), -LEEWAY - timedelta(seconds=1)])
    def test_refuses_what_lies_farther_away(self, away):
        assert reason_of(parse_signed_at, timestamp=stamp(NOW + away), now=NOW) is WebhookReason.STALE

    @pytest.mark.parametrize("timestamp", ["", "soon", "9" * 5000, "NaN", "2026-13-01T00:00:00Z", "\x00", "\ud800"])
    def test_refuses_what_is_no_time(self, timestamp):
        assert reason_of(parse_signed_at, timestamp=timestamp, now=NOW) is WebhookReason.UNSIGNED


class TestCheckSignature:
    def test_takes_zendesks(self):
        good = signature(timestamp=AT, body=BODY)
        check_signature(secret=SECRET.encode(), timestamp=AT, body=BODY, signature=good)

    def test_takes_the_one_worked_out_by_another_program(self):
        """`printf '%s' "$timestamp$body" | openssl dgst -sha256 -hmac "$secret" -binary | base64`, OpenSSL 3.0."""
        told = {"timestamp": "2026-11-22T12:00:00Z", "body": b'{"ticket_id":"7"}', "secret": b"sixteen-bytes-ok"}
        check_signature(**told, signature="PhSV7GtdCHLAMQ41pnBz5IemJ2CiScSiqnRq7J1i+lY=")

    @pytest.mark.parametrize(
        "change",
        [
            {"body": BODY + b" "},
            {"timestamp": stamp(NOW + timedelta(seconds=1))},
            {"secret": b"another secret of somebody"},
            {"signature": ""},
            {"signature": signature(timestamp=AT, body=BODY) + "\n"},
            {"signature": signature(timestamp=AT, body=BODY).rstrip("=")},
            {"signature": signature(timestamp=AT, body=BODY).swapcase()},
            {"signature": "\udcff" * 44},
        ],
    )
    def test_refuses_any_other(self, change):
        call = {"secret": SECRET.encode(), "timestamp": AT, "body": BODY}
        call |= {"signature": signature(timestamp=AT, body=BODY)} | change
        assert reason_of(check_signature, **call) is WebhookReason.SIGNATURE

    def test_without_a_secret_nothing_fits(self):
        for secret in ("", "no integration has this one"):
            forged = signature(timestamp=AT, body=BODY, secret=secret)
            call = {"secret": b"", "timestamp": AT, "body": BODY, "signature": forged}
            assert reason_of(check_signature, **call) is WebhookReason.SIGNATURE


class TestReadTold:
    def read(self, **fields):
        return parse_notice(body=json.dumps(fields).encode(), at=NOW)

    def test_reads_visitor_and_chat(self):
        told = self.read(visitor_id="7700123-ab3X", chat_id="2611.7700123.Xy", extra=[1])
        assert told == WebhookNotice(at=NOW, visitor_id="7700123.ab3X", chat_id="2611.7700123.Xy")

    @pytest.mark.parametrize("fields", [{"email": "n@player.example"}, {"ticket_id": 7}, {"chat_id": "2611.7.Xy"}])
    def test_needs_no_visitor(self, fields):
        assert self.read(**fields).visitor_id == ""

    @pytest.mark.parametrize("visitor_id", ["", None, "a b", "../x", "x" * 256, "7.\x00", {"id": "7.a"}, ["7.a"], True])
    def test_takes_an_impossible_visitor_for_none(self, visitor_id):
        assert self.read(visitor_id=visitor_id, ticket_id="1").visitor_id == ""

    @pytest.mark.parametrize("fields", [{}, {"visitor_id": ""}, {"email": ""}, {"ticket_id": None}, {"other": "7.a"}])
    def test_refuses_what_names_nobody(self, fields):
        assert reason_of(self.read, **fields) is WebhookReason.NOBODY_NAMED

    @pytest.mark.parametrize(
        "body",
        [
            b"", b"null", b"[]", b'"7.a"', b"{", b'{"visitor_id":"7.a"', b'{"a":NaN}', b'{"a":-Infinity}',
            b'{"visitor_id":"7.a","visitor_id":"7.b"}', b"\xff\xfe{}", '{"visitor_id":"7.a"}'.encode("utf-16"),
            b"[" * 60_000, b'{"a":' * 10_000 + b"1" + b"}" * 10_000, b'{"a":' + b"9" * 60_000 + b"}",
            b'\xef\xbb\xbf{"visitor_id":"7.a"}', b"visitor_id=7.a",
        ],
    )  # fmt: skip
    def test_refuses_what_is_no_plain_json_object(self, body):
        assert reason_of(parse_notice, body=body, at=NOW) is WebhookReason.NOT_JSON
