"""What the pages say about a connection with Zendesk: how it stands, and why there is none."""

from collections.abc import Mapping
from types import MappingProxyType

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from linking.dashboard.shell.parts import Text
from linking.integrations import ConnectFlaw
from linking.models import ConnectionFlaw

_LOST: Mapping[str, Text] = MappingProxyType(
    {
        ConnectionFlaw.REFUSED: gettext_lazy("Zendesk did not take the refresh token any more."),
        ConnectionFlaw.CLIENT: gettext_lazy(
            "Zendesk did not take the client ID or client secret. Correct them in the settings first."
        ),
        ConnectionFlaw.ANSWER_LOST: gettext_lazy(
            "The answer to a renewal was lost on the way, and a refresh token works only once."
        ),
        ConnectionFlaw.ADDRESS: gettext_lazy("The Zendesk account in the settings is another one now."),
        ConnectionFlaw.SEALED: gettext_lazy("The refresh token cannot be opened with the keys in ZDBRIDGE_SEAL_KEYS."),
    }
)
_NONE: Mapping[ConnectFlaw, Text] = MappingProxyType(
    {
        ConnectFlaw.CLIENT_UNSET: gettext_lazy("Put the client ID and the client secret into the settings first."),
        ConnectFlaw.ADDRESS: gettext_lazy(
            "No Zendesk account answers at the address in the settings. Check subdomain and API address."
        ),
        ConnectFlaw.STATE: gettext_lazy(
            "This answer belongs to no attempt of yours. It was used already, is older than ten minutes, or was begun "
            "in another browser or before you signed in. Press the button again."
        ),
        ConnectFlaw.DENIED: gettext_lazy("Consent was refused in Zendesk. Nothing was changed."),
        ConnectFlaw.VENDOR: gettext_lazy("Zendesk did not connect. Nothing was changed."),
        ConnectFlaw.NO_CODE: gettext_lazy("Zendesk sent no code along. Press the button again."),
        ConnectFlaw.CLIENT: gettext_lazy(
            "Zendesk does not take this client (invalid_client): the client ID or client secret is wrong, or the "
            "client is of another type. Compare both with Zendesk, and see the client's type below."
        ),
        ConnectFlaw.CODE: gettext_lazy(
            "Zendesk did not take the code (invalid_grant): it is too old, or the redirect URL registered there is "
            "another one. Compare the redirect URL, then press the button again."
        ),
        ConnectFlaw.LATER: gettext_lazy("Zendesk cannot be reached just now. Press the button again in a minute."),
        ConnectFlaw.LOST: gettext_lazy("Zendesk's answer was lost on the way or broken. Press the button again."),
        ConnectFlaw.ACCOUNT: gettext_lazy(
            "The token belongs to another account than the account key in the settings, so it was not kept. Sign in to "
            "the right account in Zendesk, or correct the account key."
        ),
        ConnectFlaw.UNUSABLE: gettext_lazy(
            "Zendesk gave a token and then refused it, so it was not kept. Whoever consents must be an administrator "
            "of Zendesk Chat, and the plan must include the API."
        ),
    }
)


def explain_lost(flaw: str) -> str:
    """Return why a connection has to be made anew, and what that asks for."""
    why = _LOST.get(flaw, _LOST[ConnectionFlaw.REFUSED])
    return f"{_('The connection with Zendesk was lost.')} {why} {_('Connect with Zendesk again.')}"


def explain_failed(flaw: str) -> str:
    """Return why an attempt brought no connection, and what to do."""
    failure = ConnectFlaw(flaw) if flaw in set(ConnectFlaw) else ConnectFlaw.VENDOR
    return str(_NONE[failure])
