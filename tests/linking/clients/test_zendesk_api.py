"""What every client of Zendesk does with an answer and with its set-up."""

import pytest

from linking.clients.zendesk_api import AnswerOverLimit, ZendeskBroken, ZendeskClient, ZendeskRefused
from tests.linking.scripted_server import answer, scripted


class Probe(ZendeskClient):
    """The plainest client there can be."""

    api_name = "Probe API"

    def read(self):
        return self._object(self._get(path="/probe"), what="probe")


def probe(script):
    with scripted(script) as server:
        return Probe(base_url=server.url, access_token="a-token", allow_loopback=True).read()


class TestStatus:
    def test_says_which_api_is_not_at_the_address(self):
        with pytest.raises(ZendeskRefused, match="no Zendesk Probe API") as caught:
            probe(answer(b"{}", status="404 Not Found"))
        assert caught.value.reason == "host"

    def test_knows_an_answer_that_is_too_large(self, monkeypatch):
        monkeypatch.setattr("linking.clients.outbound.MAX_BODY_BYTES", 10)
        with pytest.raises(AnswerOverLimit):
            probe(answer(b'{"a":"0123456789"}'))


class TestBody:
    @pytest.mark.parametrize(
        "body",
        [
            b"", b"{", b"nonsense", b"\xff\xfe{\x00}\x00", b"\xef\xbb\xbf{}", b'{"chats":[NaN]}',
            b'{"chats":[Infinity]}', b'{"chats":[],"chats":[]}', b'{"chats":' + b"[" * 100_000,
            b'{"chats":[' + b"9" * 5_000 + b"]}",
            '{"chats":["ä"]}'.encode("latin-1"),
        ],
    )  # fmt: skip
    def test_refuses_what_is_not_strict_json(self, body):
        with pytest.raises(ZendeskBroken):
            probe(answer(body))

    def test_refuses_a_page_of_another_type(self):
        with pytest.raises(ZendeskBroken, match="not JSON"):
            probe(answer(b'{"chats":[]}', headers="Content-Type: text/html"))

    def test_never_repeats_the_body_in_its_message(self):
        with pytest.raises(ZendeskBroken) as caught:
            probe(answer(b"secret-in-body"))
        assert "secret-in-body" not in str(caught.value)


class TestSetUp:
    @pytest.mark.parametrize("token", ["", "a b", "a\nb", "ä"])
    def test_refuses_a_token_that_cannot_be_one(self, token):
        with pytest.raises(ZendeskRefused) as caught:
            Probe(base_url="https://acme.zendesk.com/api/v2/chat", access_token=token, allow_loopback=False)
        assert caught.value.reason == "credentials"

    @pytest.mark.parametrize("url", ["http://127.0.0.1:9400", "https://evil.tld", ""])
    def test_refuses_an_address_that_is_not_the_vendors(self, url):
        with pytest.raises(ZendeskRefused) as caught:
            Probe(base_url=url, access_token="t", allow_loopback=False)
        assert caught.value.reason == "host"

    @pytest.mark.parametrize("url", ["https://www.zopim.com/api/v2", "https://acme.zendesk.com/api/v2/chat"])
    def test_accepts_both_addresses_of_the_vendor(self, url):
        Probe(base_url=url, access_token="t", allow_loopback=False).close()
