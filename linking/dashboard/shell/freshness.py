"""How current the data of an integration is, and what keeps it from being updated, in sentences."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType

from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from linking.core.config import SecretName
from linking.dashboard.shell.parts import Notice
from linking.dashboard.shell.times import render_time
from linking.models import RunState
from linking.models.sync.sync_run import COMMAND_TRIGGER
from linking.monitoring import freshness, stop_reasons

# With so much to look up, what a page shows may be older than the last sync says.
MANY_WAIT = timedelta(minutes=5)
_STANDINGS: Mapping[freshness.SyncStanding, Notice] = MappingProxyType(
    {
        freshness.SyncStanding.DISABLED: Notice(
            text=gettext_lazy("This integration is switched off."), tone="quiet", icon="player-pause"
        ),
        freshness.SyncStanding.INCOMPLETE: Notice(
            text=gettext_lazy("The set-up is incomplete."), tone="warn", icon="alert-triangle"
        ),
        freshness.SyncStanding.BLOCKED: Notice(
            text=gettext_lazy("Sync stopped: action needed."), tone="bad", icon="alert-circle"
        ),
        freshness.SyncStanding.SYNC_OFF: Notice(text=gettext_lazy("Sync is off."), tone="quiet", icon="player-pause"),
        freshness.SyncStanding.PAUSED: Notice(text=gettext_lazy("Sync is paused."), tone="quiet", icon="player-pause"),
        freshness.SyncStanding.CATCHING_UP: Notice(
            text=gettext_lazy("Catching up: not all chats have been read yet."), tone="good", icon="refresh"
        ),
        freshness.SyncStanding.NEVER_SYNCED: Notice(
            text=gettext_lazy("No sync has completed yet."), tone="quiet", icon="clock"
        ),
        freshness.SyncStanding.STALE: Notice(
            text=gettext_lazy("Out of date: last updated {at}"), tone="warn", icon="alert-triangle"
        ),
        freshness.SyncStanding.FRESH: Notice(text=gettext_lazy("Updated {at}"), tone="good", icon="circle-check"),
    }
)
_WITH_OWN_TIME = (freshness.SyncStanding.NEVER_SYNCED, freshness.SyncStanding.STALE, freshness.SyncStanding.FRESH)


def describe_freshness(*, standing: freshness.SyncStanding, last_success_at: datetime | None) -> Notice:
    """Return how current the data of an integration is."""
    notice, at = _STANDINGS[standing], render_time(last_success_at)
    sentences = [format_html(str(notice.text), at=at)]
    if standing not in _WITH_OWN_TIME:
        is_running = standing is freshness.SyncStanding.CATCHING_UP
        last_sync = _("The last complete sync was {at}.") if is_running else _("Last updated {at}.")
        sentences.append(format_html(last_sync if at else _("No sync has completed yet."), at=at))
    text = format_html_join(" ", "{}", ((sentence,) for sentence in sentences))
    return Notice(text=text, tone=notice.tone, icon=notice.icon)


def do_many_wait(number: int, *, per_minute: int) -> bool:
    """Return whether looking up those who wait takes longer than `MANY_WAIT` at the pace of the budget."""
    return timedelta(minutes=number / max(1, per_minute)) > MANY_WAIT


def show_backlog(notice: Notice) -> Notice:
    """Return a freshness that is not green: the last sync is recent, but what it found is not looked up yet."""
    return Notice(text=notice.text, tone="warn", icon="clock") if notice.tone == "good" else notice


def explain_block(reason: str) -> str:
    """Return what a person must do before the sync can continue; "" when nothing is needed."""
    if not reason:
        return ""
    meaning = stop_reasons.STOP_MEANINGS.get(reason)
    if meaning is None or not meaning.block_sentence:
        return _("Sync stopped: action needed. Check the integration's settings in the admin and save them again.")
    return str(meaning.block_sentence)


def describe_missing(missing: Sequence[str]) -> str:
    """Return what the set-up of an integration lacks, by the keys of its settings; "" when it lacks nothing."""
    names: dict[str, str] = {
        SecretName.LOGIN_SECRET_KEY: _("the Login project's secret key"),
        SecretName.ZENDESK_SHARED_SECRET: _("Zendesk's shared secret"),
        SecretName.ZENDESK_ACCESS_TOKEN: _("Zendesk's access token"),
        "zendesk_subdomain": _("Zendesk's subdomain"),
    }
    if not missing:
        return ""
    names_text = ", ".join(names.get(key, key) for key in missing)
    return _("The set-up is incomplete, so sync cannot start. Missing: %s.") % names_text


def explain_stop(*, state: str, reason: str, trigger: str = "") -> str:
    """Return why a sync stopped early and what to do; "" for one that did not."""
    if state != RunState.STOPPED:
        return ""
    meaning = stop_reasons.STOP_MEANINGS.get(reason)
    if meaning is None:
        return _("This sync stopped for a reason that this version does not know.")
    return str((trigger == COMMAND_TRIGGER and meaning.command_sentence) or meaning.sentence)
