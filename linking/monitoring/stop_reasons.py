"""What each reason to stop a sync means: the sentences for pages, checks and alarms, and what the schedule does.

`StopReason` has the short label of each reason. Every sentence here is translated when it is shown.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from linking.models import StopReason


@dataclass(frozen=True, slots=True, kw_only=True)
class StopMeaning:
    """One reason.

    `sentence`: why the sync stopped and what to do. `command_sentence`: the same for a sync that a command ran in an
    environment of its own. `block_sentence`: what a person must do before the schedule can continue. `remedy`: what a
    check advises.

    `is_fault`: counts for the back-off. `blocks`: the schedule waits for a person. `is_environmental`: a process
    without the right variables, files or options stops so, however well the others work. `is_sound`: such a sync needs
    nothing; the next one continues where it ended.
    """

    sentence: Promise
    command_sentence: str | Promise = ""
    block_sentence: str | Promise = ""
    remedy: str | Promise = ""
    is_fault: bool = False
    blocks: bool = False
    is_environmental: bool = False
    is_sound: bool = False


STOP_MEANINGS: Mapping[str, StopMeaning] = MappingProxyType(
    {
        StopReason.CREDENTIALS: StopMeaning(
            sentence=_(
                "Zendesk refused the access token. An administrator must enter a new one or, for Messaging, check the "
                "OAuth client."
            ),
            command_sentence=_(
                "Zendesk refused the access token that this command used. The scheduled sync is not affected."
            ),
            block_sentence=_(
                "Zendesk refused the access token. Enter a new one in the integration's settings. For Messaging, check "
                "the OAuth client there, and that the admin who made it still is one. Until then, zdbridge "
                "tries again once an hour."
            ),
            remedy=_(
                "Get a new access token: use “Connect with Zendesk” on the set-up page, or set zendesk_access_token. "
                "For Messaging, check zendesk_client_id and zendesk_client_secret."
            ),
            blocks=True,
            is_environmental=True,
        ),
        StopReason.HOST: StopMeaning(
            sentence=_("Zendesk's address could not be used. An administrator must check it in the settings."),
            command_sentence=_(
                "This command could not use Zendesk's address in its environment. The scheduled sync is not affected."
            ),
            block_sentence=_(
                "Zendesk's address could not be used. Check the subdomain and the API address in the settings. Until "
                "then, zdbridge tries again once an hour."
            ),
            remedy=_("Check zendesk_subdomain and zendesk_api_url."),
            blocks=True,
            is_environmental=True,
        ),
        StopReason.SETUP: StopMeaning(
            sentence=_("The set-up is incomplete. Its checklist says what is missing."),
            command_sentence=_(
                "This command lacked a setting or a secret in its environment. The scheduled sync is not affected."
            ),
            block_sentence=_("The set-up is incomplete. Its checklist says what is missing."),
            is_fault=True,
            is_environmental=True,
        ),
        StopReason.BUDGET: StopMeaning(
            sentence=_("Rate limit reached. Nothing to do: the sync continues shortly."), is_sound=True
        ),
        StopReason.VENDOR_PAUSE: StopMeaning(
            sentence=_("Zendesk asked for a pause. Nothing to do: the sync continues shortly."), is_sound=True
        ),
        StopReason.VENDOR_FAULT: StopMeaning(
            sentence=_("Zendesk did not answer properly. Nothing to do: zdbridge tries again."), is_fault=True
        ),
        StopReason.ANOTHER_PASS: StopMeaning(
            sentence=_("Another sync of this integration was running already. Nothing to do.")
        ),
        StopReason.LEASE_LOST: StopMeaning(sentence=_("Another worker took over. Nothing to do.")),
        StopReason.DEADLINE: StopMeaning(
            sentence=_("Time limit reached. Nothing to do: the next sync continues."), is_sound=True
        ),
        StopReason.KILLED: StopMeaning(
            sentence=_("The worker ended during the sync. Nothing was lost; the next sync continued.")
        ),
        StopReason.CRASHED: StopMeaning(
            sentence=_("Unexpected error. An administrator should look at the log of that time."), is_fault=True
        ),
        StopReason.BY_HAND: StopMeaning(
            sentence=_("A person stopped it on this page. The next sync continues."), is_sound=True
        ),
    }
)
FAULTS = tuple(reason for reason, meaning in STOP_MEANINGS.items() if meaning.is_fault)
BLOCKS = tuple(reason for reason, meaning in STOP_MEANINGS.items() if meaning.blocks)
ENVIRONMENTAL = tuple(reason for reason, meaning in STOP_MEANINGS.items() if meaning.is_environmental)
SOUND = tuple(reason for reason, meaning in STOP_MEANINGS.items() if meaning.is_sound)
