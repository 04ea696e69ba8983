"""Problems of a sync and likely changes in Zendesk, each with the page where it can be fixed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from linking.dashboard.shell.connection_words import explain_lost
from linking.models import (
    AlarmChannel,
    AlarmMessage,
    ConnectionState,
    Integration,
    ZendeskConnection,
)
from linking.monitoring import alarms, drift
from linking.sync import connections
from linking.tokens.clock_reading import ClockReading


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One sentence; `url` and `to` are the link to the page that fixes it, "" for a reader who may not open it."""

    tone: str
    icon: str
    sentence: str
    url: str = ""
    to: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """An open incident: since when, and which alerts were sent."""

    began_at: datetime
    alerts: str


def list_drift_findings(
    *, drifts: Iterable[drift.Drift], integration: Integration, is_admin: bool
) -> tuple[Finding, ...]:
    """Return a finding for each drift of an integration."""
    return tuple(_build_finding(change, integration=integration, is_admin=is_admin) for change in drifts)


def find_clock_findings(reading: ClockReading | None) -> tuple[Finding, ...]:
    """Return what the tokens of the last hour say of this server's clock, as one finding or none."""
    if reading is None or not reading.is_telling:
        return ()
    values = {"number": reading.tokens, "median": reading.median_s, "largest": reading.largest_s}
    sentence = _(
        "This server's clock is about %(median)s s behind Login's: %(number)s tokens of the last hour were not valid "
        "yet, by up to %(largest)s s. Synchronize it with NTP (timedatectl shows its state). If it is right, correct "
        "the clock of the server that signs those tokens. “Check both sides” in the admin compares the clocks."
    )
    return (Finding(tone="warn", icon="clock", sentence=sentence % values),)


def find_connections_to_mend(*, is_admin: bool, now: datetime) -> dict[int, Finding]:
    """Return a finding for each integration whose Zendesk connection is lost or about to end, by its key."""
    rows = connections.list_to_mend(now=now)
    return {row.integration_id: _describe_connection(row, is_admin=is_admin) for row in rows}


def find_troubles() -> dict[int, Trouble]:
    """Return the oldest open incident of each integration, by its key; two queries."""
    return {
        incident.integration_id: Trouble(began_at=incident.began_at, alerts=_describe_messages(messages))
        for incident, messages in alarms.list_open_incidents()
    }


def _describe_connection(row: ZendeskConnection, *, is_admin: bool) -> Finding:
    is_lost = row.state == ConnectionState.LOST
    ending = _(
        "The access token expires within a day or has expired, and it cannot be renewed. Connect with Zendesk again."
    )
    return Finding(
        tone="bad" if is_lost else "warn",
        icon="plug-connected",
        sentence=explain_lost(row.flaw) if is_lost else ending,
        url=reverse("setup_connect", args=[row.integration.slug]) if is_admin else "",
        to=_("Connect"),
    )


def _describe_messages(messages: list[AlarmMessage]) -> str:
    if not messages:
        return _("No one is alerted: no alarm is set up in the admin.")
    words = []
    for message in messages:
        channel = AlarmChannel(message.channel).label
        if message.sent_at:
            words.append(_("%s sent.") % channel)
        elif message.next_try_at:
            words.append(_("%s has failed so far.") % channel if message.attempts else _("Sending %s.") % channel)
        else:
            words.append(_("%s could not be sent.") % channel)
        if message.failure:
            words.append(message.failure)
    return " ".join(words)


def _build_finding(change: drift.Drift, *, integration: Integration, is_admin: bool) -> Finding:
    settings = reverse("admin:linking_integration_change", args=[integration.pk]) if is_admin else ""
    doctor = f"{reverse('setup_integration', args=[integration.slug])}#doctor"
    return {
        drift.Drift.ACCESS_REVOKED: Finding(
            tone="bad", icon="key",
            sentence=_("Zendesk no longer accepts the access token. It was probably revoked there. Create a new one in "
                       "Zendesk and save it in the settings."),
            url=settings, to=_("Open the settings"),
        ),
        drift.Drift.SCOPE_LOST: Finding(
            tone="bad", icon="lock",
            sentence=_("Zendesk accepts the access token but no longer lets it read: its agent lost the administrator "
                       "role, or the plan no longer includes the API. Check both in Zendesk, then the settings."),
            url=settings, to=_("Open the settings"),
        ),
        drift.Drift.SIGNATURE_UNKNOWN: Finding(
            tone="warn", icon="shield-check",
            sentence=_("Several players signed in recently but chat anonymously under their own e-mail addresses: "
                       "Zendesk seems to refuse our tokens. Was the shared secret changed there? Check a token with "
                       "the token doctor."),
            url=doctor, to=_("Open the token doctor"),
        ),
        drift.Drift.HOST_RETIRED: Finding(
            tone="warn", icon="alert-triangle",
            sentence=_("The API address is www.zopim.com, which Zendesk is retiring. zdbridge uses the account's own "
                       "address instead; clear the API address in the settings."),
            url=settings, to=_("Open the settings"),
        ),
    }[change]  # fmt: skip
