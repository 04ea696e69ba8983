"""One ID from the proxy through the page to the task and its log lines."""

import json
import logging

import pytest
from django.test import Client

from linking.core import request_ids as current
from zdbridge.logs import JSONFormatter
from zdbridge.watching import request_ids

SENT = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture(autouse=True)
def no_request():
    current.set_current("")
    yield
    current.set_current("")


def ask(path="/healthz", **headers):
    return Client().get(path, headers=headers)


class TestAnswer:
    def test_carries_the_id_of_the_proxy(self):
        assert ask(x_request_id=SENT).headers["X-Request-ID"] == SENT

    @pytest.mark.parametrize("sent", ["", "short", "x" * 65, "a b c d e f", "id-with-ü-in-it", 'abcdefgh"}'])
    def test_carries_our_own_where_that_is_none(self, sent):
        answered = ask(x_request_id=sent).headers["X-Request-ID"]
        assert answered != sent and current.is_usual(answered)

    def test_differs_from_request_to_request(self):
        assert ask().headers["X-Request-ID"] != ask().headers["X-Request-ID"]


class TestLogLine:
    def test_has_the_id_of_the_work_at_hand(self):
        current.set_current(SENT)
        record = logging.LogRecord("linking", logging.INFO, __file__, 1, "read", (), None)
        assert json.loads(JSONFormatter().format(record))["request"] == SENT

    def test_has_none_where_there_is_none(self):
        record = logging.LogRecord("linking", logging.INFO, __file__, 1, "read", (), None)
        assert "request" not in json.loads(JSONFormatter().format(record))


class TestTask:
    class Task:
        def __init__(self, **headers):
            self.request = type("Request", (), headers)()

    def test_gets_the_id_of_the_request_that_queued_it(self):
        current.set_current(SENT)
        headers = {}
        request_ids._put_into_message(headers=headers)
        current.set_current("")
        request_ids._take_from_message(task=self.Task(**headers), task_id="x")
        assert current.read_current() == SENT

    def test_of_the_scheduler_gets_its_own(self):
        request_ids._take_from_message(task=self.Task(), task_id="5c0f9a51-7f6a-4a51-9f0e-1c2d3e4f5a6b")
        assert current.read_current() == "5c0f9a517f6a4a51"

    def test_leaves_none_behind(self):
        request_ids._take_from_message(task=self.Task(), task_id="5c0f9a51-7f6a-4a51-9f0e-1c2d3e4f5a6b")
        request_ids._forget()
        assert current.read_current() == ""
