"""Addresses judged by their text."""

import pytest

from linking.clients.vendor_urls import (
    ZENDESK_HOSTS,
    account_of,
    address_flaw,
    current_address,
    is_loopback_address,
    is_public_address,
)

GOOD = "https://acme.zendesk.com/api/v2/chat"


def flaw(url, *, allow_loopback=False, hosts=ZENDESK_HOSTS):
    return address_flaw(url, allow_loopback=allow_loopback, hosts=hosts)


class TestAddressFlaw:
    @pytest.mark.parametrize(
        "url", [GOOD, GOOD + "/", "https://acme.zendesk.com:443/api/v2/chat", "https://www.zopim.com/api/v2"]
    )
    def test_lets_a_vendor_address_pass(self, url):
        assert flaw(url) == ""

    @pytest.mark.parametrize(
        "url",
        [
            "",
            "acme.zendesk.com",
            "ftp://acme.zendesk.com/",
            "http://acme.zendesk.com/api/v2/chat",
            "https://zendesk.com/api",
            "https://.zendesk.com/api",
            "https://a.b.zendesk.com/api",
            "https://-a.zendesk.com/api",
            "https://acme.zendesk.com.evil.tld/api",
            "https://evilzendesk.com/api",
            "https://acme.zendesk.com:8443/api",
            "https://acme.zendesk.com:99999/api",
            "https://user:password@acme.zendesk.com/api",
            "https://evil.tld@acme.zendesk.com/api",
            "https://acme.zendesk.com/api?x=1",
            "https://acme.zendesk.com/api#x",
            "https://acme.zendesk.com/api/../x",
            "https://acme.zendesk.com/api/%2e%2E/x",
            "https://acme.zendesk.com\\@evil.tld/",
            "https://acme.zendesk.com/\napi",
            "https://аcme.zendesk.com/api",
            "https://127.0.0.1/api",
            "https://169.254.169.254/latest",
            "https://[::1]/api",
            "https://[::1",
            "http://127.0.0.1:9100/api",
            "https://acme.zendesk.com/" + "x" * 300,
        ],
    )
    def test_names_what_is_wrong(self, url):
        assert flaw(url).startswith("The ")

    @pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "localhost", "[::1]"])
    def test_lets_this_machine_pass_where_it_is_allowed(self, host):
        assert flaw(f"http://{host}:9100/api/v2/chat", allow_loopback=True) == ""

    @pytest.mark.parametrize("host", ["10.0.0.1", "0.0.0.0", "127.0.0.1.evil.tld", "2130706433", "acme.zendesk.com"])
    def test_keeps_plain_http_to_this_machine(self, host):
        assert flaw(f"http://{host}:9100/", allow_loopback=True) == "The address must begin with https://."

    def test_matches_an_exact_host_name(self):
        assert flaw("https://login.xsolla.com/api", hosts=("login.xsolla.com",)) == ""


class TestCurrentAddress:
    @pytest.mark.parametrize(
        "old", ["https://www.zopim.com/api/v2", "https://www.zopim.com/api/v2/", "https://WWW.ZOPIM.COM"]
    )
    def test_moves_the_retired_host(self, old):
        assert current_address(old, subdomain="acme") == GOOD

    def test_leaves_it_where_no_subdomain_is_known(self):
        assert current_address("https://www.zopim.com/api/v2", subdomain="") == "https://www.zopim.com/api/v2"

    @pytest.mark.parametrize(
        "other", [GOOD, "", "http://127.0.0.1:9100/api/v2", "https://www.zopim.com.evil.tld/api/v2"]
    )
    def test_leaves_every_other_address_alone(self, other):
        assert current_address(other, subdomain="acme") == other


class TestAccountOf:
    @pytest.mark.parametrize(
        "url",
        [
            "https://acme.zendesk.com/api/v2/chat",
            "https://acme.zendesk.com/api/v2/chat/",
            "https://ACME.zendesk.com/api/v2/chat",
            "HTTPS://acme.zendesk.com:443/api/v2/chat",
            "https://acme.zendesk.com./api/v2",
        ],
    )
    def test_is_one_however_the_address_is_written(self, url):
        assert account_of(url) == "acme.zendesk.com"

    @pytest.mark.parametrize(
        ("url", "name"),
        [("http://127.0.0.1:9100/api/v2/chat", "127.0.0.1:9100"), ("", ""), ("https://[broken", "https://[broken")],
    )
    def test_tells_other_places_apart(self, url, name):
        assert account_of(url) == name


class TestIsPublicAddress:
    @pytest.mark.parametrize("address", ["104.16.53.111", "2606:4700::6810:356f", "::ffff:104.16.53.111"])
    def test_knows_the_public_internet(self, address):
        assert is_public_address(address)

    @pytest.mark.parametrize(
        "address",
        [
            "127.0.0.1", "10.1.2.3", "192.168.0.1", "172.16.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
            "224.0.0.1", "255.255.255.255", "::1", "fe80::1%eth0", "fc00::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1",
            "2002:7f00:1::", "", "nonsense",
        ],
    )  # fmt: skip
    def test_refuses_everything_inward(self, address):
        assert not is_public_address(address)


class TestIsLoopbackAddress:
    @pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
    def test_knows_this_machine(self, address):
        assert is_loopback_address(address)

    def test_refuses_a_neighbour(self):
        assert not is_loopback_address("192.168.0.1")
