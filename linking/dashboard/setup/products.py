"""What setting up takes for each Zendesk product: the words of the set-up pages, and the snippets."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from django.utils.translation import gettext_lazy as _

from linking.dashboard.shell.parts import Text
from linking.models import SecretName, ZendeskProduct


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupWords:
    """The words of one product.

    `widget` says which widget takes the tokens. Of the key that signs tokens, of the access to Zendesk and of the first
    visitor: the checklist's title, and `…_todo` what to do. `access_secret` is the secret that gives access,
    `access_refused` what to do when Zendesk refuses it, "" where the reason of the stop says it. `needs` are the names
    of settings that belong to the key or the access. `key_place` is the path at the account's own
    address where the key is made, "" where no published one leads there.
    `is_connected_in_browser`: a person can get the access token with “Connect with Zendesk”. `webhook` says how to make
    Zendesk report at once.
    """

    product: Text
    snippet_files: tuple[str, ...]
    widget: Text
    key: Text
    key_todo: Text
    key_needs: str
    key_place: str
    access: Text
    access_todo: Text
    access_secret: SecretName
    access_needs: str
    access_refused: Text
    visitor: Text
    visitor_todo: Text
    linked_todo: Text
    is_connected_in_browser: bool
    webhook: Text


_EVERYWHERE = ("express.js", "server.php", "django.py", "fetch.js", "curl.txt")
_CHAT_SNIPPETS = (
    "web-widget.js", "web-sdk.js", "react-chat.js", "vue-chat.js", "ios-chat.swift", "android-chat.kt", "unity-chat.cs",
    *_EVERYWHERE,
)  # fmt: skip
_MESSAGING_SNIPPETS = (
    "messaging.js", "react-messaging.js", "vue-messaging.js", "ios-messaging.swift", "android-messaging.kt",
    "unity-messaging.cs", *_EVERYWHERE,
)  # fmt: skip
_CHAT = SetupWords(
    product=_("Chat"),
    snippet_files=_CHAT_SNIPPETS,
    widget=_(
        "This account is on Chat. A page needs Web Widget (Classic), or the Chat Web SDK (zChat) if you built your own "
        "chat window. The Messaging widget does not take these tokens."
    ),
    key=_("Zendesk's shared secret"),
    key_todo=_(
        "In Zendesk Chat, open Settings, Widget, Widget security, Visitor authentication. Generate it and copy it."
    ),
    key_needs="",
    key_place="/chat/agent#widget/widget_security",
    access=_("Zendesk's access token"),
    access_todo=_("An administrator can connect with Zendesk on this page, or enter a Chat token with the scope read."),
    access_secret=SecretName.ZENDESK_ACCESS_TOKEN,
    access_needs="",
    access_refused="",
    visitor=_("First visitor read from Zendesk"),
    visitor_todo=_("Write a message in the chat and end it. The sync page shows when zdbridge last asked Zendesk."),
    linked_todo=_(
        "If visitors stay anonymous, the chat widget gets no token. Look at the browser console of the page."
    ),
    is_connected_in_browser=True,
    webhook=_(
        "In Admin Center, open Apps and integrations, Webhooks, and create a webhook connected to a trigger with this "
        "address. Then create a trigger for tickets that are created in the channel Chat, which notifies the webhook."
    ),
)
_MESSAGING = SetupWords(
    product=_("Messaging"),
    snippet_files=_MESSAGING_SNIPPETS,
    widget=_(
        "This account is on Messaging. A page needs the Messaging widget. Web Widget (Classic) and the Chat Web SDK "
        "(zChat) do not take these tokens."
    ),
    key=_("Zendesk's signing key"),
    key_todo=_(
        "In Admin Center, open Account, Security, End user authentication, Messaging, and create a key. Copy its ID "
        "and its secret, which is shown once, into the integration's settings: Zendesk key ID, Zendesk shared secret."
    ),
    key_needs="zendesk_key_id",
    key_place="",
    access=_("Zendesk's OAuth client"),
    access_todo=_(
        "In Admin Center, open Apps and integrations, APIs, OAuth clients. An admin creates a confidential client "
        "there. Copy its ID and secret into the integration's settings."
    ),
    access_secret=SecretName.ZENDESK_CLIENT_SECRET,
    access_needs="zendesk_client_id",
    access_refused=_("Check the client's ID and secret, and that an admin created it."),
    visitor=_("First user found in Zendesk"),
    visitor_todo=_(
        "Write to support as a signed-in player until there is a ticket: Zendesk makes a user with the first ticket. "
        "The sync page shows when zdbridge last asked Zendesk."
    ),
    linked_todo=_("Open the player's page here: it says what is missing between the token and the external ID."),
    is_connected_in_browser=False,
    webhook=_(
        "In Admin Center, open Apps and integrations, Webhooks, and create a webhook connected to Zendesk events with "
        "this address and the user events: created, external ID changed, merged, deleted, active, suspended, role, "
        "name and identity changed."
    ),
)
_WORDS: Mapping[str, SetupWords] = MappingProxyType({ZendeskProduct.CHAT: _CHAT, ZendeskProduct.MESSAGING: _MESSAGING})


def find_setup_words(product: str) -> SetupWords:
    """Return the words of an integration by its `zendesk_product`."""
    return _WORDS[product]
