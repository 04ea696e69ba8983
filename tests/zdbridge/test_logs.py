"""Log lines: what is cut out of them, and that each event stays one line of JSON."""

import json
import logging
import sys

import pytest

from zdbridge.logs import JSONFormatter, RedactingFilter, redact


def record(message: str, *arguments: object, exc_info: object = None) -> logging.LogRecord:
    return logging.LogRecord("linking", logging.ERROR, __file__, 1, message, arguments, exc_info)


class TestRedact:
    @pytest.mark.parametrize(
        ("text", "redacted"),
        [
            ("given eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl here", "given [token] here"),
            ("Authorization: Bearer abcdef123456", "Authorization: [cut]"),
            ('{"password": "correct-horse"}', '{"password": "[cut]"}'),
            ("redis://user:hunter22@cache:6379/0", "redis://[credentials]@cache:6379/0"),
            ("mail for nadia@player.example", "mail for [e-mail]"),
            ("42 visitors read in 3 s", "42 visitors read in 3 s"),
        ],
    )
    def test_cuts_out_tokens_credentials_and_addresses(self, text: str, redacted: str) -> None:
        assert redact(text) == redacted


class TestRedactingFilter:
    def test_redacts_the_arguments_too(self) -> None:
        written = record("mail for %s", "nadia@player.example")

        assert RedactingFilter().filter(written)

        assert written.getMessage() == "mail for [e-mail]"


class TestJSONFormatter:
    def test_keeps_an_event_on_one_line(self) -> None:
        line = JSONFormatter().format(record("two\nlines"))

        assert "\n" not in line
        assert json.loads(line)["message"] == "two\nlines"

    def test_redacts_the_traceback(self) -> None:
        try:
            raise ValueError("nadia@player.example")
        except ValueError:
            line = JSONFormatter().format(record("failed", exc_info=sys.exc_info()))

        assert json.loads(line)["traceback"].endswith("ValueError: [e-mail]")
