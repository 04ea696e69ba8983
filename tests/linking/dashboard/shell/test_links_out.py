import pytest

from linking.dashboard.shell.links_out import build_agent_address, build_chat_address, build_publisher_address
from linking.integrations.rules import TEMPLATE_WORDS
from linking.models.integration import PUBLISHER_URL_TEMPLATE


def publisher(**changes):
    values = {
        "template": PUBLISHER_URL_TEMPLATE, "merchant_id": "77001", "project_id": "44056",
        "login_project_id": "b7a1-d0e2", "user_id": "abc",
    }  # fmt: skip
    return build_publisher_address(**(values | changes))


class TestZendeskAddress:
    def test_turns_the_dot_into_a_dash(self):
        address = build_chat_address(subdomain="acme", visitor_id="77.ab")
        assert address == "https://acme.zendesk.com/chat/agent#visitors/visitor_list/state#!77-ab"

    @pytest.mark.parametrize("visitor_id", ["", "77", "77.a/b", "77.a#b", "x.ab", "77.ab\n"])
    def test_is_not_made_of_another_id(self, visitor_id):
        assert build_chat_address(subdomain="acme", visitor_id=visitor_id) == ""

    @pytest.mark.parametrize("subdomain", ["", "acme.evil", "acme/", "acme@x", "-acme", "a\n"])
    def test_is_not_made_of_another_host(self, subdomain):
        assert build_chat_address(subdomain=subdomain, visitor_id="77.ab") == ""


class TestAgentAddress:
    def test_is_the_page_of_the_user(self):
        address = build_agent_address(subdomain="acme", visitor_id="21478836475")
        assert address == "https://acme.zendesk.com/agent/users/21478836475"

    @pytest.mark.parametrize(
        ("subdomain", "visitor_id"),
        [("", "7"), ("acme/", "7"), ("acme", ""), ("acme", "77.ab"), ("acme", "7/8"), ("acme", "7\n")],
    )
    def test_is_not_made_of_anything_else(self, subdomain, visitor_id):
        assert build_agent_address(subdomain=subdomain, visitor_id=visitor_id) == ""


class TestPublisherAddress:
    def test_fills_the_template(self):
        assert publisher() == "https://publisher.xsolla.com/77001/projects/44056/login/users/abc"

    @pytest.mark.parametrize("word", TEMPLATE_WORDS)
    def test_fills_every_word_that_a_template_may_use(self, word):
        filled = publisher(template=f"https://x.example/{{{word}}}/")
        assert (filled.startswith("https://x.example/"), "{" in filled) == (True, False)

    @pytest.mark.parametrize(
        ("user_id", "written"), [("a/b", "a%2Fb"), ("a?b", "a%3Fb"), ("a#b", "a%23b"), ("@x", "%40x"), ("é", "%C3%A9")]
    )
    def test_encodes_values_whole(self, user_id, written):
        assert publisher(user_id=user_id).endswith(f"/users/{written}")

    @pytest.mark.parametrize("user_id", [".", "..", "..."])
    def test_is_not_made_of_a_climbing_value(self, user_id):
        assert publisher(user_id=user_id) == ""

    @pytest.mark.parametrize(
        "template",
        [
            "", "javascript:alert({user_id})", "http://publisher.xsolla.com/{user_id}", "//x/{user_id}", "https://{user_id}/",
            "https://x@evil.example/{user_id}", "https://x.example/{unknown}", "https://[x/{user_id}",
        ],
    )  # fmt: skip
    def test_is_not_made_of_another_template(self, template):
        assert publisher(template=template) == ""

    def test_is_not_made_while_a_value_is_missing(self):
        assert publisher(merchant_id="") == ""

    def test_needs_only_what_the_template_names(self):
        assert publisher(template="https://x.example/{user_id}", merchant_id="") == "https://x.example/abc"
