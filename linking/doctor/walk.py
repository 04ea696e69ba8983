"""Why a player is linked or not: one walk from the token to the link, a step at a time, by what the tables know.

Steps differ by product, because Chat and Support learn of a player at different moments. The functions are plain:
facts in, steps out.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial
from types import MappingProxyType

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from linking.models import EndReason, ZendeskProduct
from linking.monitoring import freshness


class StepState(StrEnum):
    """What is known of a step; `STOPPED` needs a person, `UNKNOWN` may come by itself or cannot be seen from here."""

    DONE = "done"
    UNKNOWN = "unknown"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkStep:
    """One step: what is known, when (`at_label` says what the time `at` is of), and what to check if it stays so."""

    name: str
    title: str
    state: StepState
    sentence: str
    at: datetime | None = None
    at_label: str = ""
    checks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayerFacts:
    """What the tables know of a player in one integration; a time is None where that never happened.

    `asks`: how often Zendesk was asked for the player's ID since the token, `next_ask_at` when it is asked next.
    `linked_at`: since when a link is open; `is_proven`: a token came before it. `ended_at` and `end_reason`: of the
    newest link that ended. `has_lookups_left`: visitors of the integration wait for lookup.
    """

    product: str
    standing: freshness.SyncStanding
    is_blocked: bool = False
    tokens_issued: int = 0
    last_token_at: datetime | None = None
    last_sync_at: datetime | None = None
    asks: int = 0
    next_ask_at: datetime | None = None
    linked_at: datetime | None = None
    is_proven: bool = False
    ended_at: datetime | None = None
    end_reason: str = ""
    has_lookups_left: bool = False


def build_walk(facts: PlayerFacts) -> tuple[WalkStep, ...]:
    """Return the steps of the player's product, first to last."""
    return tuple(build_step(facts) for build_step in _STEPS[facts.product])


_SYNC_STOPS: Mapping[freshness.SyncStanding, object] = MappingProxyType(
    {
        freshness.SyncStanding.DISABLED: gettext_lazy("This integration is switched off, so Zendesk is not read."),
        freshness.SyncStanding.INCOMPLETE: gettext_lazy("The set-up is incomplete, so Zendesk is not read."),
        freshness.SyncStanding.BLOCKED: gettext_lazy("Sync stopped and needs a person. The sync page says what to do."),
        freshness.SyncStanding.SYNC_OFF: gettext_lazy("Sync is off, so Zendesk is not read."),
        freshness.SyncStanding.PAUSED: gettext_lazy("Sync is paused, so Zendesk is not read."),
        freshness.SyncStanding.STALE: gettext_lazy("Sync is late. The sync page says why."),
    }
)
_ENDS: Mapping[str, object] = MappingProxyType(
    {
        EndReason.RELINKED: gettext_lazy("The link ended: the record in Zendesk now has another player's ID."),
        EndReason.CLEARED: gettext_lazy("The link ended: the record in Zendesk no longer has the player's ID."),
        EndReason.MERGED: gettext_lazy("The link ended: Zendesk merged the record into another one."),
        EndReason.GONE: gettext_lazy(
            "The link ended: the record was deleted in Zendesk, or an agent merged it into another one."
        ),
        EndReason.UNLINKED: gettext_lazy(
            "The link ended: someone in support decided that they are not the same person. The conflict can be undone."
        ),
    }
)


def _build_issued(facts: PlayerFacts) -> WalkStep:
    step = partial(WalkStep, name="issued", title=_("zdbridge issued a token"))
    if facts.is_blocked:
        sentence = _(
            "An administrator blocked this player, so no token is issued. The block can be lifted in the admin."
        )
        return step(state=StepState.STOPPED, sentence=sentence)
    if facts.tokens_issued:
        sentence = ngettext("One token.", "%(number)d tokens.", facts.tokens_issued) % {"number": facts.tokens_issued}
        return step(state=StepState.DONE, sentence=sentence, at=facts.last_token_at, at_label=_("Last token:"))
    if facts.linked_at:
        sentence = _("No token was issued: the ID reached Zendesk in another way.")
        return step(state=StepState.UNKNOWN, sentence=sentence)
    checks = (
        _("Did the player sign in on a page with the widget? The token is requested there."),
        _("The set-up page lists the refused requests of the last day with their reasons."),
        _("Paste the player's Login token into the token doctor on the set-up page."),
    )
    return step(state=StepState.STOPPED, sentence=_("No token was issued to this player."), checks=checks)


def _build_signed_in(facts: PlayerFacts, *, checks: tuple[str, ...]) -> WalkStep:
    step = partial(WalkStep, name="signed_in", title=_("The widget signed the player in"))
    if facts.linked_at and facts.is_proven:
        return step(state=StepState.DONE, sentence=_("Zendesk has the ID that the token carries."))
    if facts.linked_at or not facts.tokens_issued:
        return step(state=StepState.UNKNOWN, sentence=_("Nothing shows that Zendesk accepted a token."))
    sentence = _("zdbridge cannot see whether Zendesk accepted the token.")
    return step(state=StepState.UNKNOWN, sentence=sentence, checks=checks)


def _build_chat_sign_in(facts: PlayerFacts) -> WalkStep:
    checks = (
        _("Zendesk refuses tokens that another shared secret signed. Compare the secrets."),
        _("Does the page use the snippet of the set-up page? The browser's console shows errors."),
    )
    return _build_signed_in(facts, checks=checks)


def _build_messaging_sign_in(facts: PlayerFacts) -> WalkStep:
    checks = (
        _(
            "Zendesk refuses tokens that another key signed. Compare key ID and secret with Admin Center, Account, "
            "Security, End user authentication, Messaging."
        ),
        _(
            "Zendesk also refuses a token (409 in the browser's network log) when its e-mail address belongs to a user "
            "with another external ID. Find that user in Zendesk by the address, and correct or merge it."
        ),
        _("Does the page use the snippet of the set-up page? The browser's console shows errors."),
    )
    return _build_signed_in(facts, checks=checks)


def _build_chat(facts: PlayerFacts) -> WalkStep:
    step = partial(WalkStep, name="chat", title=_("The player chatted, and the chat ended"))
    if facts.linked_at or facts.ended_at:
        return step(state=StepState.DONE, sentence=_("Zendesk has a record of the player."))
    return step(
        state=StepState.UNKNOWN,
        sentence=_("Zendesk reports a visitor only after the first chat has ended."),
        checks=(_("During a chat, paste the visitor ID from Zendesk into the search box."),),
    )


def _build_ticket(facts: PlayerFacts) -> WalkStep:
    step = partial(WalkStep, name="ticket", title=_("The player's conversation made a ticket"), state=StepState.UNKNOWN)
    if facts.linked_at or facts.ended_at:
        # Imports and single sign-on make users as well.
        return step(sentence=_("Zendesk has a user for the player, made by a ticket or in another way."))
    return step(
        sentence=_(
            "Zendesk makes a user for the player with the first ticket. Until then it shows nobody, and zdbridge "
            "cannot see the conversation."
        ),
        checks=(
            _("Is there a ticket? A conversation that only a bot answered usually makes none."),
            _("Search Zendesk for the player's e-mail address."),
        ),
    )


def _build_read(facts: PlayerFacts, *, name: str, title: str, sentence: str) -> WalkStep:
    step = partial(WalkStep, name=name, title=title)
    if facts.linked_at or facts.ended_at:
        return step(state=StepState.DONE, sentence=_("Sync has read the record."))
    step = partial(step, at=facts.last_sync_at, at_label=_("Last complete sync:"))
    if stop := _SYNC_STOPS.get(facts.standing):
        return step(state=StepState.STOPPED, sentence=str(stop))
    return step(state=StepState.UNKNOWN, sentence=sentence if facts.last_sync_at else _("No sync has completed yet."))


def _build_visitor_read(facts: PlayerFacts) -> WalkStep:
    sentence = _("Sync has looked up every visitor that it knows.")
    if facts.has_lookups_left:
        sentence = _("Some visitors wait for lookup, those of players who signed in first.")
    return _build_read(facts, name="visitor_read", title=_("Sync looked the visitor up"), sentence=sentence)


def _build_person(facts: PlayerFacts) -> WalkStep:
    sentence = _("Sync reads every user that changes in Zendesk, and has found none with this ID.")
    if facts.next_ask_at is not None:
        asked = ngettext(
            "Sync asked Zendesk once for this ID since the token, and found nobody.",
            "Sync asked Zendesk %(number)d times for this ID since the token, and found nobody.",
            facts.asks,
        )
        sentence = asked % {"number": facts.asks} if facts.asks else _("Sync asks Zendesk for this ID within minutes.")
    return _build_read(facts, name="person", title=_("Sync found the user in Zendesk Support"), sentence=sentence)


def _build_id(facts: PlayerFacts, *, title: str, sentence: str, checks: tuple[str, ...]) -> WalkStep:
    step = partial(WalkStep, name="external_id", title=title)
    if facts.linked_at:
        sentence = _("The record has the player's ID.")
        return step(state=StepState.DONE, sentence=sentence, at=facts.linked_at, at_label=_("Linked:"))
    if facts.ended_at:
        end = str(_ENDS[facts.end_reason])
        return step(state=StepState.STOPPED, sentence=end, at=facts.ended_at, at_label=_("Ended:"))
    return step(state=StepState.UNKNOWN, sentence=sentence, checks=checks)


def _build_chat_id(facts: PlayerFacts) -> WalkStep:
    return _build_id(
        facts,
        title=_("The visitor has the player's ID"),
        sentence=_("No visitor that sync has looked up has this ID."),
        checks=(
            _(
                "The visitor may be anonymous: the player chatted before signing in, or the widget got no token. "
                "Search here for the player's e-mail address."
            ),
        ),
    )


def _build_messaging_id(facts: PlayerFacts) -> WalkStep:
    return _build_id(
        facts,
        title=_("The user has the player's ID as external ID"),
        sentence=_("zdbridge stores no user without a player's ID, so it cannot see the player there."),
        checks=(
            _(
                "Open the player's user in Zendesk. If the external ID is empty although the player signed in before "
                "writing, ask Zendesk support whether an old flag of the account stops matching by external ID. "
                "They remove it on request."
            ),
            _(
                "If another user there has the player's e-mail address, Zendesk may keep the two apart. Correct the "
                "address or merge the users."
            ),
            _(
                "If the account separates users by brand, the player may be another user in each brand. Look in the "
                "brand whose widget the player used."
            ),
        ),
    )


_STEPS: Mapping[str, tuple[Callable[[PlayerFacts], WalkStep], ...]] = MappingProxyType(
    {
        ZendeskProduct.CHAT: (_build_issued, _build_chat_sign_in, _build_chat, _build_visitor_read, _build_chat_id),
        ZendeskProduct.MESSAGING: (
            _build_issued, _build_messaging_sign_in, _build_ticket, _build_person, _build_messaging_id,
        ),
    }
)  # fmt: skip
