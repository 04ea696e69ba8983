import ipaddress

import pytest

from linking.core.addresses import client_address, is_within, limit_key

PROXIES = (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd00::/8"))


class TestIsWithin:
    @pytest.mark.parametrize("address", ["10.1.2.3", " 10.1.2.3 ", "fd00::1", "::ffff:10.1.2.3"])
    def test_knows_a_member(self, address):
        assert is_within(address, networks=PROXIES)

    @pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1", "", "proxy", "10.1.2.3:80"])
    def test_knows_a_stranger(self, address):
        assert not is_within(address, networks=PROXIES)


class TestClientAddress:
    @pytest.mark.parametrize(("forwarded_for", "client"), [
        ("192.0.2.7", "192.0.2.7"),
        ("192.0.2.7, 10.0.0.5", "192.0.2.7"),
        ("6.6.6.6, 192.0.2.7, 10.0.0.5", "192.0.2.7"),
        ("10.0.0.9, 10.0.0.5", "10.0.0.9"),
        ("192.0.2.7, nonsense, 10.0.0.5", "10.0.0.5"),
        ("", "10.0.0.1"),
        ("nonsense", "10.0.0.1"),
        ("2001:DB8:0::1", "2001:db8::1"),
    ])  # fmt: skip
    def test_is_the_nearest_hop_that_is_no_proxy(self, forwarded_for, client):
        assert client_address(peer="10.0.0.1", forwarded_for=forwarded_for, networks=PROXIES) == client


class TestLimitKey:
    @pytest.mark.parametrize(("address", "key"), [
        ("192.0.2.1", "192.0.2.1"), ("", ""), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"), ("::ffff:192.0.2.1", "192.0.2.1"), ("fe80::1%eth0", "fe80::/64"),
        ("no:address", "no:address"),
    ])  # fmt: skip
    def test_is_what_one_customer_holds(self, address, key):
        assert limit_key(address) == key
