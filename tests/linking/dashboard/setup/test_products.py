import pytest

from linking.models import ZendeskProduct
from tests.factories import make_integration
from tests.linking.dashboard.reading import read

pytestmark = pytest.mark.django_db
PAGE = "/setup/acme/"


def make(product):
    return make_integration(zendesk_product=product, zendesk_key_id="key")


class TestSetupPage:
    @pytest.mark.parametrize(
        ("product", "channel"), [("chat", "in the channel Chat"), ("messaging", "connected to Zendesk events")]
    )
    def test_says_how_zendesk_reports_at_once(self, agent, product, channel):
        make(product)
        panel = read(agent.get(PAGE)).one("section", aria_labelledby="webhook")
        assert channel in panel.text
        assert panel.one("code").text == "http://testserver/api/v1/hooks/zendesk/acme"

    @pytest.mark.parametrize(("product", "is_offered"), [("chat", True), ("messaging", False)])
    def test_offers_consent_in_the_browser_for_chat_alone(self, sign_in, product, is_offered):
        make(product)
        admin = sign_in("admin")
        ways = [link.text for link in read(admin.get(PAGE)).one("section", aria_labelledby="elsewhere").all("a")]
        assert ("Connect with Zendesk" in ways) is is_offered
        assert (admin.get(f"{PAGE}connect/").status_code == 200) is is_offered

    @pytest.mark.parametrize(
        ("product", "words"),
        [
            ("chat", "A page needs Web Widget (Classic), or the Chat Web SDK (zChat)"),
            ("messaging", "A page needs the Messaging widget."),
        ],
    )
    def test_says_which_widget_the_account_needs(self, agent, product, words):
        make(product)
        assert words in read(agent.get(PAGE)).one("section", aria_labelledby="snippets").text

    @pytest.mark.parametrize("product", [product.value for product in ZendeskProduct])
    def test_names_the_product(self, agent, product):
        make(product)
        facts = read(agent.get(PAGE)).one("section", aria_labelledby="values").text
        assert f"Zendesk product {product.title()}" in facts


class TestForm:
    def test_asks_for_the_product_first_and_says_how_to_tell(self, sign_in):
        form = sign_in("admin").get("/admin/linking/integration/add/").content.decode()
        assert form.index("Chat or Messaging?") < form.index("Login project ID")
        assert "Channels lists Messaging for Messaging" in form
