import json
from urllib.parse import parse_qs, urlsplit

import pytest

from linking.clients.oauth_messages import (
    BadTokens,
    Tokens,
    authority_of,
    authorize_url,
    read_refusal,
    read_tokens,
    refusal,
    renew_in_s,
)

GOOD = {"access_token": "a.1", "token_type": "Bearer", "refresh_token": "r.1", "expires_in": 3600, "scope": "read"}


def read(**changes):
    answer = {name: value for name, value in (GOOD | changes).items() if value is not ...}
    return read_tokens(json.dumps(answer).encode())


class TestAuthorityOf:
    @pytest.mark.parametrize(
        ("api_url", "subdomain", "authority"),
        [
            ("https://acme.zendesk.com/api/v2/chat", "acme", "https://acme.zendesk.com"),
            ("https://acme.zendesk.com:443/api/v2/chat", "", "https://acme.zendesk.com"),
            ("https://www.zopim.com/api/v2", "acme", "https://acme.zendesk.com"),
            ("", "acme", "https://acme.zendesk.com"),
            ("http://127.0.0.1:9100/api/v2/chat", "sandbox", "http://127.0.0.1:9100"),
            ("https://www.zopim.com/api/v2", "", ""),
            ("", "", ""),
            ("https://evil.example/zendesk.com", "acme", ""),
            ("http://acme.zendesk.com/api/v2/chat", "", "https://acme.zendesk.com"),
        ],
    )
    def test_is_the_account_that_is_called(self, api_url, subdomain, authority):
        assert authority_of(api_url=api_url, subdomain=subdomain) == authority


class TestAuthorizeUrl:
    def test_asks_for_a_code_to_read_with(self):
        url = authorize_url(
            authority="https://acme.zendesk.com", client_id="c&d", redirect_url="https://b.example/cb/", state="s"
        )
        place = urlsplit(url)
        assert (place.netloc, place.path) == ("acme.zendesk.com", "/oauth2/chat/authorizations/new")
        assert parse_qs(place.query) == {
            "response_type": ["code"], "client_id": ["c&d"], "redirect_uri": ["https://b.example/cb/"],
            "scope": ["read"], "state": ["s"],
        }  # fmt: skip


class TestReadTokens:
    def test_takes_what_is_given(self):
        assert read() == Tokens(access_token="a.1", refresh_token="r.1", scope="read", life_s=3600)

    def test_does_without_refresh_token_and_end(self):
        found = read(refresh_token=..., expires_in=..., scope=..., token_type=...)
        assert (found.refresh_token, found.life_s, found.scope) == ("", None, "")

    @pytest.mark.parametrize(
        ("told", "life_s"), [("60", 60), (0, None), (-1, None), (True, None), (1e9, None), (10**12, None)]
    )
    def test_believes_a_life_that_can_be(self, told, life_s):
        assert read(expires_in=told).life_s == life_s

    def test_joins_a_list_of_scopes(self):
        assert read(scope=["read", "chat\u202e"]).scope == "read chat"

    @pytest.mark.parametrize(
        "changes",
        [
            {"access_token": ...}, {"access_token": ""}, {"access_token": 5}, {"access_token": "a b"},
            {"access_token": "a\r\nX: y"}, {"access_token": "é"}, {"access_token": "x" * 5000},
            {"refresh_token": ["r"]}, {"token_type": "mac"},
        ],
    )  # fmt: skip
    def test_refuses_what_could_not_be_sent(self, changes):
        with pytest.raises(BadTokens):
            read(**changes)

    @pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"null", b"\xff", b"[" * 100_000, b" " * 70_000])
    def test_refuses_what_is_no_answer(self, body):
        with pytest.raises(BadTokens):
            read_tokens(body)

    def test_shows_no_token(self):
        assert "a.1" not in repr(read()) and "r.1" not in repr(read())


class TestReadRefusal:
    def test_takes_the_vendors_words(self):
        found = read_refusal(b'{"error":"invalid_client","error_description":"Wrong type."}')
        assert (found.code, found.description) == ("invalid_client", "Wrong type.")

    @pytest.mark.parametrize("body", [b"", b"<html>", b'{"error":["x"]}', b'{"error":null}'])
    def test_is_empty_where_there_are_none(self, body):
        assert read_refusal(body).code == ""


class TestRefusal:
    def test_cleans_and_clips_what_strangers_wrote(self):
        found = refusal(code="x" * 500, description="\u202eone\ntwo\x00" + "y" * 500)
        assert (len(found.code), found.description[:7], len(found.description)) == (60, "one two", 200)


class TestRenewIn:
    @pytest.mark.parametrize(("life_s", "after_s"), [(3600, 3000), (600, 480), (5, 4), (1, 1), (86_400, 85_800)])
    def test_leaves_a_fifth_of_the_life_or_ten_minutes(self, life_s, after_s):
        assert renew_in_s(life_s) == after_s
