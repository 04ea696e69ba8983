import pytest

from linking.core.addresses import WAS_FORWARDED
from zdbridge.serving.proxies import TrustedProxies


def seen(*, networks=("10.0.0.0/8",), **environ):
    """What the application is given."""
    given = {"REMOTE_ADDR": "10.0.0.1", "wsgi.url_scheme": "http"} | environ
    TrustedProxies(networks=networks).resolve_client(given)
    return given


class TestTrustedProxies:
    def test_believe_a_configured_proxy(self):
        given = seen(HTTP_X_FORWARDED_FOR="192.0.2.7", HTTP_X_FORWARDED_PROTO="https")
        assert (given["REMOTE_ADDR"], given["wsgi.url_scheme"]) == ("192.0.2.7", "https")

    @pytest.mark.parametrize("networks", [(), ("10.9.0.0/16",)])
    def test_believe_nobody_else(self, networks):
        given = seen(networks=networks, HTTP_X_FORWARDED_FOR="192.0.2.7", HTTP_X_FORWARDED_PROTO="https")
        assert (given["REMOTE_ADDR"], given["wsgi.url_scheme"]) == ("10.0.0.1", "http")

    def test_believe_a_proxy_no_further_than_its_own_hop(self):
        given = seen(HTTP_X_FORWARDED_FOR="6.6.6.6, 192.0.2.7")
        assert given["REMOTE_ADDR"] == "192.0.2.7"

    @pytest.mark.parametrize(("hop", "address"), [
        ("192.0.2.7:51234", "192.0.2.7"), ("[2001:db8::1]:443", "2001:db8::1"), ("[2001:db8::1]", "2001:db8::1"),
        ("6.6.6.6, 192.0.2.7:1", "192.0.2.7"), ("192.0.2.7, 10.0.0.9:80", "192.0.2.7"),
    ])  # fmt: skip
    def test_read_a_hop_that_a_gateway_wrote_with_its_port(self, hop, address):
        assert seen(HTTP_X_FORWARDED_FOR=hop)["REMOTE_ADDR"] == address

    @pytest.mark.parametrize(
        "hop", ["192.0.2.7:", "192.0.2.7:123456", "[192.0.2.7", "999.0.2.7:1", ":1", "[]:1", "x:1"]
    )
    def test_end_at_a_hop_that_is_no_address(self, hop):
        assert seen(HTTP_X_FORWARDED_FOR=f"6.6.6.6, {hop}")["REMOTE_ADDR"] == "10.0.0.1"

    @pytest.mark.parametrize("networks", [(), ("10.0.0.0/8",)])
    def test_leave_no_forwarded_header_behind(self, networks):
        given = seen(networks=networks, HTTP_X_FORWARDED_FOR="192.0.2.7", HTTP_X_FORWARDED_PROTO="https")
        assert not [name for name in given if name.startswith("HTTP_") and "FORWARDED" in name]

    @pytest.mark.parametrize("name", ["HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_FORWARDED"])
    def test_leave_a_mark_that_a_proxy_sent_it(self, name):
        assert seen(networks=(), **{name: "192.0.2.7"})[WAS_FORWARDED] is True

    def test_leave_no_mark_on_a_direct_request(self):
        assert seen()[WAS_FORWARDED] is False

    @pytest.mark.parametrize("scheme", ["", "HTTPS", "javascript", "https, http"])
    def test_take_no_scheme_but_the_two(self, scheme):
        assert seen(HTTP_X_FORWARDED_PROTO=scheme)["wsgi.url_scheme"] == "http"

    def test_keep_the_proxy_where_it_names_nobody(self):
        assert seen()["REMOTE_ADDR"] == "10.0.0.1"

    def test_refuse_a_network_that_is_none(self):
        with pytest.raises(ValueError, match="does not appear"):
            TrustedProxies(networks=("proxy",))
