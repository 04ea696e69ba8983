import pytest

from linking.accounts.browser_words import name_device, name_network

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
EDGE = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36 Edg/142.0"
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1"


class TestNameDevice:
    @pytest.mark.parametrize(
        ("text", "device"),
        [
            (FIREFOX, "Firefox|Linux"),
            (EDGE, "Edge|Windows"),
            (SAFARI, "Safari|iPhone"),
            ("curl/8.0", "|"),
            ("", "|"),
            ("<script>alert(1)</script>" * 500 + "Firefox", "|"),
        ],
        ids=["firefox", "edge", "safari", "program", "nothing", "hostile"],
    )
    def test_is_one_of_the_known_words_or_none(self, text, device):
        assert name_device(text) == device


class TestNameNetwork:
    @pytest.mark.parametrize(
        ("address", "network"),
        [
            ("192.0.2.77", "192.0.2.x"),
            ("::ffff:192.0.2.77", "192.0.2.x"),
            ("2001:db8:7:9::1", "2001:db8:7::x"),
            ("", ""),
            ("<b>", ""),
        ],
    )
    def test_names_no_single_client(self, address, network):
        assert name_network(address) == network
