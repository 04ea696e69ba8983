import json

import pytest

from linking.tokens.http import TooMany, bearer_token, cookie_token, headers, refusal_response
from linking.tokens.refusals import REFUSALS, Reason, Refused

ORIGIN = "https://shop.example"


class TestBearerToken:
    @pytest.mark.parametrize(("header", "token"), [
        ("Bearer a.b.c", "a.b.c"), ("bearer a.b.c", "a.b.c"), ("Bearer  a", "a"), ("Bearer", ""), ("Bearer ", ""),
        ("Bearer a b", "a b"), ("Basic a", None), ("", None), ("Bearera", None),
    ])  # fmt: skip
    def test_is_what_follows_the_scheme(self, header, token):
        assert bearer_token(header) == token


class TestCookieToken:
    @pytest.mark.parametrize(("header", "reason"), [
        ("", Reason.NOT_PASSED), ("other=1", Reason.NOT_PASSED), ("token=", Reason.EMPTY),
        ("token=a; token=b", Reason.AMBIGUOUS_COOKIE),
    ])  # fmt: skip
    def test_is_refused_where_there_is_not_one(self, header, reason):
        with pytest.raises(Refused) as caught:
            cookie_token(header, names=("token",))
        assert caught.value.reason is reason

    def test_comes_from_the_first_name_that_has_one(self):
        assert cookie_token("b=2; a=1", names=("a", "b")) == "1"


class TestTold:
    @pytest.mark.parametrize("reason", Reason)
    def test_is_the_row_of_the_table(self, reason):
        status, body, _headers = refusal_response(Refused(reason))
        row = REFUSALS[reason]
        assert (status, json.loads(body)) == (
            row.status, {"code": row.code.value, "description": row.description, "reason": reason.value},
        )  # fmt: skip

    @pytest.mark.parametrize(("wait_s", "told_s"), [(0.1, "1"), (1.2, "2"), (60.0, "60")])
    def test_says_when_to_come_back_in_whole_seconds(self, wait_s, told_s):
        assert refusal_response(TooMany(Reason.USER_LIMIT, wait_s=wait_s))[2] == (("Retry-After", told_s),)

    @pytest.mark.parametrize(("reason", "name"), [
        (Reason.EXPIRED, "WWW-Authenticate"), (Reason.METHOD, "Allow"), (Reason.RS256_KEYS, "Retry-After"),
    ])  # fmt: skip
    def test_adds_the_header_that_goes_with_the_status(self, reason, name):
        assert [header for header, _value in refusal_response(Refused(reason))[2]] == [name]


class TestHeaders:
    def test_have_neither_type_nor_length_without_content(self):
        assert {"Content-Type", "Content-Length"}.isdisjoint(dict(headers(length=None, reader=None, more=())))

    def test_let_only_the_reader_read(self):
        assert dict(headers(length=2, reader=ORIGIN, more=()))["Access-Control-Allow-Origin"] == ORIGIN
        assert "Access-Control-Allow-Origin" not in dict(headers(length=2, reader=None, more=()))

    def test_always_say_that_nobody_keeps_the_answer(self):
        found = dict(headers(length=2, reader=None, more=()))
        assert (found["Cache-Control"], found["Vary"]) == ("no-store", "Origin")
