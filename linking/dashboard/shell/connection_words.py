"""What the pages say about a connection with Zendesk: why it was lost, and why an attempt failed."""

from collections.abc import Mapping
from types import MappingProxyType

from django.utils.translation import gettext_lazy

from linking.dashboard.shell.parts import Text
from linking.integrations import ConnectFlaw
from linking.models import ConnectionFlaw

_LOST: Mapping[str, Text] = MappingProxyType(
    {
        ConnectionFlaw.REFUSED: gettext_lazy(
            "The connection with Zendesk was lost: Zendesk no longer accepts the refresh token. Connect with Zendesk "
            "again."
        ),
        ConnectionFlaw.CLIENT: gettext_lazy(
            "The connection with Zendesk was lost: Zendesk does not accept the client ID or client secret. Correct "
            "them in the settings, then connect with Zendesk again."
        ),
        ConnectionFlaw.ANSWER_LOST: gettext_lazy(
            "The connection with Zendesk was lost: Zendesk's answer to a renewal did not arrive, and a refresh token "
            "works only once. Connect with Zendesk again."
        ),
        ConnectionFlaw.ADDRESS: gettext_lazy(
            "The connection with Zendesk was lost: the settings name a different Zendesk account now. Connect with "
            "Zendesk again."
        ),
        ConnectionFlaw.SEALED: gettext_lazy(
            "The connection with Zendesk was lost: the refresh token cannot be opened with the keys in "
            "ZDBRIDGE_SEAL_KEYS. Connect with Zendesk again."
        ),
    }
)
_FAILED: Mapping[ConnectFlaw, Text] = MappingProxyType(
    {
        ConnectFlaw.CLIENT_UNSET: gettext_lazy("Enter the client ID and the client secret in the settings first."),
        ConnectFlaw.ADDRESS: gettext_lazy(
            "No Zendesk account answers at the address in the settings. Check the subdomain and the API address."
        ),
        ConnectFlaw.STATE: gettext_lazy(
            "Zendesk's answer does not match your attempt: it was already used, is older than ten minutes, or was "
            "started in another browser or before you signed in. Press the button again."
        ),
        ConnectFlaw.DENIED: gettext_lazy("Access was denied in Zendesk. Nothing was changed."),
        ConnectFlaw.VENDOR: gettext_lazy("Zendesk refused to connect. Nothing was changed."),
        ConnectFlaw.NO_CODE: gettext_lazy("Zendesk's answer contained no code. Press the button again."),
        ConnectFlaw.CLIENT: gettext_lazy(
            "Zendesk does not accept this client (invalid_client): the client ID or the client secret is wrong, or the "
            "client has a different type. Compare both with Zendesk, and read about the client type below."
        ),
        ConnectFlaw.CODE: gettext_lazy(
            "Zendesk did not accept the code (invalid_grant): it is too old, or a different redirect URL is registered "
            "there. Compare the redirect URL, then press the button again."
        ),
        ConnectFlaw.LATER: gettext_lazy("Zendesk cannot be reached at the moment. Press the button again in a minute."),
        ConnectFlaw.LOST: gettext_lazy("Zendesk's answer did not arrive or is damaged. Press the button again."),
        ConnectFlaw.ACCOUNT: gettext_lazy(
            "The token belongs to a different account than the account key in the settings, so it was not saved. Sign "
            "in to the right account in Zendesk, or correct the account key."
        ),
        ConnectFlaw.UNUSABLE: gettext_lazy(
            "Zendesk issued a token and then refused it, so it was not saved. The person who consents must be an "
            "administrator of Zendesk Chat, and the plan must include the API."
        ),
    }
)


def explain_lost(flaw: str) -> str:
    """Return why the connection was lost, and what to do."""
    return str(_LOST.get(flaw, _LOST[ConnectionFlaw.REFUSED]))


def explain_failed(flaw: str) -> str:
    """Return why an attempt to connect failed, and what to do."""
    failure = ConnectFlaw(flaw) if flaw in set(ConnectFlaw) else ConnectFlaw.VENDOR
    return str(_FAILED[failure])
