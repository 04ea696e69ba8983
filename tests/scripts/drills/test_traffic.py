"""How answers to requests for tokens are judged and counted."""

import http.client
import json
import socket

import jwt
import pytest

from scripts.drills.traffic import Answer, Players, Verdict, close_if_ended, count_answers, find_quantile, judge

pytestmark = pytest.mark.storeless
SECRET, USER_ID = "a-shared-secret-of-nobody-0000000000", "3f0d2c54-7a1e-4c7b-9a55-0e6b6f1d9c01"


def token_body(*, user_id=USER_ID, secret=SECRET):
    return json.dumps({"token": jwt.encode({"external_id": user_id}, secret, algorithm="HS256")}).encode()


def refusal_body():
    return json.dumps({"code": "00-07", "description": "…", "reason": "unavailable"}).encode()


def answer(verdict, *, latency_s=0.001, reason=""):
    return Answer(due_at_s=0.0, latency_s=latency_s, verdict=verdict, reason=reason)


class TestJudge:
    @pytest.mark.parametrize(
        ("status", "body", "expected"),
        [
            (200, token_body(), (Verdict.RIGHT, "")),
            (503, refusal_body(), (Verdict.REFUSED, "503 00-07 unavailable")),
            (200, token_body(user_id="somebody else"), (Verdict.WRONG, "the token of another player")),
            (200, token_body(secret="x" * 40), (Verdict.WRONG, "200 InvalidSignatureError")),
            (200, refusal_body(), (Verdict.WRONG, "200 KeyError")),
            (502, b"<html>", (Verdict.WRONG, "502 JSONDecodeError")),
            (500, b'{"detail": "no code"}', (Verdict.WRONG, "500 KeyError")),
            (200, b"[]", (Verdict.WRONG, "200 TypeError")),
        ],
        ids=["right", "refused", "another", "signature", "no-token", "page", "no-code", "list"],
    )
    def test_tells_what_an_answer_is(self, status, body, expected):
        assert judge(status=status, body=body, user_id=USER_ID, shared_secret=SECRET) == expected


class TestCountAnswers:
    def test_is_spotless_when_all_are_right(self):
        assert count_answers([answer(Verdict.RIGHT)] * 3).is_spotless

    @pytest.mark.parametrize("verdict", [Verdict.REFUSED, Verdict.WRONG, Verdict.LOST])
    def test_is_not_spotless_with_one_that_is_not(self, verdict):
        assert not count_answers([answer(Verdict.RIGHT), answer(verdict)]).is_spotless

    def test_is_not_spotless_without_any(self):
        assert not count_answers([]).is_spotless

    def test_says_counts_reasons_and_times(self):
        found = count_answers([answer(Verdict.RIGHT), answer(Verdict.LOST, latency_s=2.0, reason="TimeoutError")])
        assert str(found) == (
            "1 of 2 right, 0 refused, 0 wrong, 1 lost (TimeoutError ×1); p50 1.0, p99 2000.0, max 2000 ms"
        )


class TestFindQuantile:
    @pytest.mark.parametrize(
        ("share", "expected"), [(0.5, 50), (0.99, 99), (0.991, 100), (1.0, 100), (0.0, 1)], ids=str
    )
    def test_is_the_value_that_so_many_do_not_exceed(self, share, expected):
        assert find_quantile(list(range(100, 0, -1)), share=share) == expected

    def test_of_one_value_is_that_value(self):
        assert find_quantile([7.0], share=0.99) == 7.0


class TestPlayers:
    def test_take_turns_and_those_who_are_named_too(self):
        players = Players(project_id="p", login_secret="s" * 40, shared_secret=SECRET, more_user_ids=("named",))
        assert len({players.find_user_id(number) for number in range(100)}) == 41
        assert players.find_user_id(41) == "named"

    def test_sign_in_again_when_the_secret_changes(self):
        players = Players(project_id="p", login_secret="s" * 40, shared_secret=SECRET)
        before = players.find_token("somebody")
        players.login_secret = "t" * 40
        assert jwt.decode(players.find_token("somebody"), "t" * 40, algorithms=["HS256"])["sub"] == "somebody"
        assert players.find_token("somebody") != before


class TestCloseIfEnded:
    @pytest.fixture
    def ends(self):
        ours, theirs = socket.socketpair()
        with ours, theirs:
            connection = http.client.HTTPConnection("127.0.0.1", 1)
            connection.sock = ours
            yield connection, theirs

    def test_closes_a_connection_that_the_server_has_closed(self, ends):
        connection, theirs = ends
        theirs.close()
        close_if_ended(connection)
        assert connection.sock is None

    def test_keeps_one_that_is_open(self, ends):
        connection, _theirs = ends
        close_if_ended(connection)
        assert connection.sock is not None

    def test_has_nothing_to_close_before_the_first_request(self):
        close_if_ended(http.client.HTTPConnection("127.0.0.1", 1))
