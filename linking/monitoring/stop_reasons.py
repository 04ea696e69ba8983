"""What each reason for which a pass stops means: what pages, checks and alarms say of it, and what the schedule does.

The short label of a reason is the one in `StopReason`. A sentence that a person sees is translated when it is shown.
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

    `sentence`: why the pass stopped and what that asks for; `command_sentence`: the same of a pass that a command ran
    in an environment of its own. `block_sentence`: what a person must do before the schedule can go on. `remedy`: what
    a check advises. `alarm`: what an alarm says.

    `is_fault`: counts for the back-off. `blocks`: the schedule waits for a person. `is_environmental`: a process
    without the right variables, files or switches finds it, however well the others work. `is_sound`: passes that end
    so go on by themselves where they were.
    """

    sentence: str | Promise
    command_sentence: str | Promise = ""
    block_sentence: str | Promise = ""
    remedy: str = ""
    alarm: str = ""
    is_fault: bool = False
    blocks: bool = False
    is_environmental: bool = False
    is_sound: bool = False


STOP_MEANINGS: Mapping[str, StopMeaning] = MappingProxyType(
    {
        StopReason.CREDENTIALS: StopMeaning(
            sentence=_("Zendesk refused the access token. An administrator must put in a new one."),
            command_sentence=_("Zendesk refused the access token that this command used. The schedule goes on."),
            block_sentence=_(
                "Zendesk refused the access token. Put a new one into the integration's settings. Until then it is "
                "tried again once an hour."
            ),
            remedy="Make a new access token: Connect with Zendesk on the set-up page, or set zendesk_access_token.",
            alarm="Zendesk refuses the access token, so an administrator must put in a new one",
            blocks=True,
            is_environmental=True,
        ),
        StopReason.HOST: StopMeaning(
            sentence=_("Zendesk's address could not be used. An administrator must check it in the settings."),
            command_sentence=_(
                "This command could not use Zendesk's address in its environment. The schedule goes on."
            ),
            block_sentence=_(
                "Zendesk's address could not be used. Check subdomain and API address in the settings. Until then it "
                "is tried again once an hour."
            ),
            remedy="Check zendesk_subdomain or zendesk_api_url.",
            alarm="Zendesk's address cannot be used, so an administrator must check it in the settings",
            blocks=True,
            is_environmental=True,
        ),
        StopReason.SETUP: StopMeaning(
            sentence=_("The set-up is incomplete. Its checklist says what is missing."),
            command_sentence=_("This command lacked a setting or a secret in its environment. The schedule goes on."),
            block_sentence=_("The set-up is incomplete. Its checklist says what is missing."),
            is_fault=True,
            is_environmental=True,
        ),
        StopReason.BUDGET: StopMeaning(
            sentence=_("The budget of calls was used up. Nothing to do: the rest follows by itself."), is_sound=True
        ),
        StopReason.VENDOR_PAUSE: StopMeaning(
            sentence=_("Zendesk asked for a pause. Nothing to do: the rest follows by itself."), is_sound=True
        ),
        StopReason.VENDOR_FAULT: StopMeaning(
            sentence=_("Zendesk did not answer properly. It is tried again by itself."), is_fault=True
        ),
        StopReason.ANOTHER_PASS: StopMeaning(sentence=_("Another pass was running already. Nothing to do.")),
        StopReason.LEASE_LOST: StopMeaning(sentence=_("Another worker took over. Nothing to do.")),
        StopReason.DEADLINE: StopMeaning(
            sentence=_("Time for one task was up. Nothing to do: the next pass goes on from here."), is_sound=True
        ),
        StopReason.KILLED: StopMeaning(
            sentence=_("The worker ended in the middle. Nothing was lost; the next pass went on from here.")
        ),
        StopReason.CRASHED: StopMeaning(
            sentence=_("An unexpected error. An administrator should look at the log of that time."), is_fault=True
        ),
        StopReason.BY_HAND: StopMeaning(
            sentence=_("Somebody stopped it on this page. The next pass goes on from here."), is_sound=True
        ),
    }
)
FAULTS = tuple(reason for reason, meaning in STOP_MEANINGS.items() if meaning.is_fault)
BLOCKS = tuple(reason for reason, meaning in STOP_MEANINGS.items() if meaning.blocks)
ENVIRONMENTAL = tuple(reason for reason, meaning in STOP_MEANINGS.items() if meaning.is_environmental)
SOUND = tuple(reason for reason, meaning in STOP_MEANINGS.items() if meaning.is_sound)
