import pytest

from linking.doctor.cookie_reach import Cookie, SameSite, Sent, UnreadableAddress, preview

ENDPOINT = "https://chat.shop.example/generate/token/acme"
PAGE = "https://www.shop.example/support"


def cookie(**changes):
    values = {
        "name": "token",
        "domain": "shop.example",
        "same_site": SameSite.LAX,
        "is_secure": True,
        "is_http_only": True,
    }
    return Cookie(**(values | {"is_http_only": True} | changes))


def reach(*, page=PAGE, endpoint=ENDPOINT, origins=("https://www.shop.example",), **changes):
    return preview(page=page, endpoint=endpoint, cookie=cookie(**changes), origins=origins)


def states(found):
    return {one.rule: one.state for one in found.findings}


class TestPreview:
    @pytest.mark.parametrize("changes", [
        {}, {"same_site": SameSite.STRICT}, {"same_site": SameSite.ABSENT}, {"domain": ".shop.example"},
        {"is_http_only": False}, {"page": "https://shop.example/"}, {"page": "https://www.shop.example:8443/"},
        {"domain": "", "page": "https://chat.shop.example/x"}, {"page": "https://WWW.Shop.Example/"},
        {"same_site": SameSite.NONE, "is_partitioned": True},
        {"page": "http://127.0.0.1:9100/shop/", "endpoint": "http://127.0.0.1:8000/x", "domain": "",
          "is_secure": False},
        {"page": "http://localhost:9100/", "endpoint": "http://localhost:8000/x", "domain": "", "is_secure": True},
        {"page": "https://shop.co.uk/", "endpoint": "https://chat.shop.co.uk/", "domain": "shop.co.uk"},
        {"page": "https://a.k12.ma.us/", "endpoint": "https://chat.a.k12.ma.us/", "domain": "a.k12.ma.us"},
        {"page": "https://a.xn--55qx5d.cn/", "endpoint": "https://chat.a.xn--55qx5d.cn/", "domain": "a.xn--55qx5d.cn"},
    ])  # fmt: skip
    def test_says_that_all_browsers_send_it(self, changes):
        assert reach(**changes).sent is Sent.YES

    @pytest.mark.parametrize(("rule", "changes"), [
        ("host", {"domain": ""}),
        ("host", {"domain": "www.shop.example"}),
        ("host", {"page": "http://localhost:9100/", "endpoint": "http://127.0.0.1:8000/", "domain": ""}),
        ("set", {"domain": "other.example"}),
        ("set", {"domain": "example"}),
        ("set", {"domain": "co.uk", "page": "https://shop.co.uk/", "endpoint": "https://x.co.uk/"}),
        ("set", {"domain": "k12.ma.us", "page": "https://a.k12.ma.us/", "endpoint": "https://b.k12.ma.us/"}),
        ("set", {"page": "https://10.0.0.1/", "endpoint": "https://10.0.0.2/", "domain": "0.0.1"}),
        ("set", {"same_site": SameSite.NONE, "is_secure": False}),
        ("set", {"page": "http://www.shop.example/"}),
        ("set", {"name": "__Host-token"}),
        ("set", {"name": "__host-token"}),
        ("set", {"is_partitioned": True, "is_secure": False}),
        ("site", {"page": "https://game.example/", "same_site": SameSite.NONE, "is_partitioned": True}),
        ("set", {"name": "__Secure-token", "is_secure": False}),
        ("secure", {"endpoint": "http://chat.shop.example/", "page": PAGE}),
        ("mixed", {"endpoint": "http://chat.shop.example/", "is_secure": False}),
        ("site", {"page": "http://www.shop.example/", "is_secure": False}),
        ("site", {"page": "https://game.github.io/", "endpoint": "https://bridge.github.io/", "domain": ""}),
        ("site", {"page": "https://a.kawasaki.jp/", "endpoint": "https://b.kawasaki.jp/", "domain": ""}),
    ])  # fmt: skip
    def test_says_why_none_sends_it(self, rule, changes):
        found = reach(**changes)
        assert (found.sent, states(found)[rule]) == (Sent.NO, "bad")

    def test_says_that_some_send_a_third_partys_cookie(self):
        found = reach(page="https://game.example/", same_site=SameSite.NONE)
        assert (found.sent, states(found)["set"], states(found)["site"]) == (Sent.SOME, "note", "note")

    def test_says_that_none_sends_a_third_partys_cookie_without_same_site_none(self):
        assert reach(page="https://game.example/", same_site=SameSite.LAX).sent is Sent.NO

    def test_says_first_what_stands_in_the_way(self):
        assert reach(same_site=SameSite.LAX).first_problem is None
        assert (
            reach(domain="other.example").first_problem.to_text().startswith("Browsers drop the cookie: Domain must be")
        )

    @pytest.mark.parametrize(("origins", "is_readable"), [(("https://www.shop.example",), True), ((), False)])
    def test_says_whether_the_page_gets_the_answer(self, origins, is_readable):
        assert reach(origins=origins).is_readable is is_readable

    def test_names_the_domain_that_would_help(self):
        told = {one.rule: one.sentence.to_text() for one in reach(domain="").findings}
        assert told["host"].endswith("Set Domain=shop.example.")

    def test_counts_the_port_for_the_origin_only(self):
        found = reach(page="https://www.shop.example:8443/")
        assert (found.sent, states(found)["origin"]) == (Sent.YES, "bad")

    @pytest.mark.parametrize("page", [
        "", "www.shop.example", "ftp://x.example", "https://", "https://[::1", "https://x:99999", "javascript:alert(1)",
        "https://" + "a" * 300 + ".example", "https://exa mple\x00/", "https://<b>/",
        "https://www.shop.example./",
    ])  # fmt: skip
    def test_refuses_what_is_no_address(self, page):
        with pytest.raises(UnreadableAddress):
            reach(page=page)
