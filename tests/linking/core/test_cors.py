import pytest

from linking.core.cors import cors_headers, is_listed

ORIGINS = frozenset({"https://shop.example"})


class TestIsListed:
    def test_takes_the_very_origin(self):
        assert is_listed("https://shop.example", origins=ORIGINS)

    @pytest.mark.parametrize("origin", [
        "", "null", "*", "https://shop.example/", "https://shop.example:443", "http://shop.example", "https://SHOP.example",
        "https://shop.example.evil.example", "https://shop.example\n", "https://a.shop.example", "shop.example",
    ])  # fmt: skip
    def test_refuses_every_neighbour(self, origin):
        assert not is_listed(origin, origins=ORIGINS)

    @pytest.mark.parametrize("origin", ["null", "*"])
    def test_refuses_null_and_star_even_when_listed(self, origin):
        assert not is_listed(origin, origins={origin})


class TestCorsHeaders:
    def test_name_the_origin_and_allow_credentials(self):
        headers = dict(cors_headers(origin="https://shop.example", origins=ORIGINS))
        assert headers["Access-Control-Allow-Origin"] == "https://shop.example"
        assert headers["Access-Control-Allow-Credentials"] == "true"

    @pytest.mark.parametrize("origin", [None, "https://other.example"])
    def test_are_absent_for_everybody_else(self, origin):
        assert cors_headers(origin=origin, origins=ORIGINS) == ()
