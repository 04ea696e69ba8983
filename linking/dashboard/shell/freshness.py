"""How fresh what is shown is, in a sentence."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from linking.core.config import SecretName
from linking.models import Integration, RunState
from linking.models.sync_run import COMMAND_TRIGGER
from linking.monitoring import freshness, status, stop_reasons

# An integration that was never read hides nothing; one that is stale or stopped does.
_WORST_FIRST = ("bad", "warn", "good", "quiet")


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """A sentence, a time that belongs at its end (or None), a tone and a symbol."""

    sentence: str
    at: datetime | None = None
    tone: str = "quiet"
    icon: str = "clock"


def describe_freshness(
    *, standing: freshness.SyncStanding, last_success_at: datetime | None, of: str = ""
) -> Freshness:
    """Return how fresh the visitors of an integration that stands so are; `of` is its name where it must be said."""
    words, tone, icon = _describe_standing(standing)
    sentence = f"{of}: {words}" if of else words
    if standing is freshness.SyncStanding.CATCHING_UP:
        ending = f" {_('Last complete pass')}" if last_success_at else ""
        return Freshness(sentence=f"{sentence}{ending}", at=last_success_at, tone=tone, icon=icon)
    if last_success_at is None and standing is not freshness.SyncStanding.NEVER_SYNCED:
        return Freshness(sentence=f"{sentence} {_('No sync has completed yet.')}", tone=tone, icon=icon)
    if last_success_at is not None and standing not in (freshness.SyncStanding.FRESH, freshness.SyncStanding.STALE):
        sentence = f"{sentence} {_('Last read from Zendesk')}"
    return Freshness(sentence=sentence, at=last_success_at, tone=tone, icon=icon)


def find_worst_freshness(*, integrations: list[Integration], now: datetime) -> Freshness | None:
    """Return the freshness that deserves attention most, or None when no integration is enabled.

    Whether secrets are missing is left to the pages that show one integration: it would cost each page a query.
    """
    enabled = [integration for integration in integrations if integration.enabled]
    candidates = [
        describe_freshness(
            standing=_find_standing(integration, now=now),
            last_success_at=integration.last_success_at,
            of=integration.name if len(enabled) > 1 else "",
        )
        for integration in enabled
    ]
    return min(candidates, key=lambda candidate: _WORST_FIRST.index(candidate.tone), default=None)


def _find_standing(integration: Integration, *, now: datetime) -> freshness.SyncStanding:
    return freshness.standing_of(
        is_enabled=integration.enabled,
        is_complete=True,
        is_sync_enabled=integration.sync_enabled,
        blocked_reason=integration.blocked_reason,
        last_success_at=integration.last_success_at,
        now=now,
        is_paused=status.is_paused(integration),
        is_catching_up=status.is_catching_up(integration),
    )


def _describe_standing(standing: freshness.SyncStanding) -> tuple[str, str, str]:
    return {
        freshness.SyncStanding.DISABLED: (_("The integration is switched off."), "quiet", "player-pause"),
        freshness.SyncStanding.INCOMPLETE: (_("The set-up is incomplete."), "warn", "alert-triangle"),
        freshness.SyncStanding.BLOCKED: (_("Sync is stopped and needs a person."), "bad", "alert-circle"),
        freshness.SyncStanding.SYNC_OFF: (_("Sync is off."), "quiet", "player-pause"),
        freshness.SyncStanding.PAUSED: (_("Sync is paused by a person."), "quiet", "player-pause"),
        freshness.SyncStanding.CATCHING_UP: (
            _("Catching up: not everything that is there was read yet."),
            "good",
            "refresh",
        ),
        freshness.SyncStanding.NEVER_SYNCED: (_("Nothing was read from Zendesk yet."), "quiet", "clock"),
        freshness.SyncStanding.STALE: (_("Stale: last read from Zendesk"), "warn", "alert-triangle"),
        freshness.SyncStanding.FRESH: (_("Read from Zendesk"), "good", "circle-check"),
    }[standing]


def explain_block(reason: str) -> str:
    """Return what a person must do before the sync can go on; "" when nothing is needed."""
    if not reason:
        return ""
    meaning = stop_reasons.STOP_MEANINGS.get(reason)
    if meaning is None or not meaning.block_sentence:
        return _("The sync needs a person. Run the integration's check and save its settings again.")
    return str(meaning.block_sentence)


def describe_missing(missing: Sequence[str]) -> str:
    """Return what an unfinished integration lacks, by the keys of its settings; "" when it lacks nothing."""
    names: dict[str, str] = {
        SecretName.LOGIN_SECRET_KEY: _("the Login project's secret key"),
        SecretName.ZENDESK_SHARED_SECRET: _("Zendesk's shared secret"),
        SecretName.ZENDESK_ACCESS_TOKEN: _("Zendesk's access token"),
        "zendesk_subdomain": _("Zendesk's subdomain"),
    }
    if not missing:
        return ""
    names_text = ", ".join(names.get(key, key) for key in missing)
    return _("Nothing is read from Zendesk before the set-up is complete. Missing: %s.") % names_text


def explain_stop(*, state: str, reason: str, trigger: str = "") -> str:
    """Return why a pass stopped early and what that asks for; "" for a pass that did not."""
    if state != RunState.STOPPED:
        return ""
    meaning = stop_reasons.STOP_MEANINGS.get(reason)
    if meaning is None:
        return _("It stopped for a reason this page does not know.")
    return str((trigger == COMMAND_TRIGGER and meaning.command_sentence) or meaning.sentence)
