"""What is wrong with a sync and what seems to have changed at Zendesk, each with the page where it is mended."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from linking.dashboard.shell.connection_words import explain_lost
from linking.models import (
    AlarmChannel,
    AlarmMessage,
    ConnectionState,
    Incident,
    Integration,
    ZendeskConnection,
)
from linking.monitoring import drift
from linking.sync import connections
from linking.tokens.clock_reading import ClockReading

ENDS_SOON = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One sentence; `url` and `to` lead to where it is mended, "" for somebody who may not go there."""

    tone: str
    icon: str
    sentence: str
    url: str = ""
    to: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """An incident under way: since when, and who was told."""

    began_at: datetime
    told: str


def findings(*, drifts: Iterable[drift.Drift], integration: Integration, is_admin: bool) -> tuple[Finding, ...]:
    """Return a finding for each drift of an integration."""
    return tuple(_finding(change, integration=integration, is_admin=is_admin) for change in drifts)


def clock_findings(reading: ClockReading | None) -> tuple[Finding, ...]:
    """Return what the tokens of the last hour say of this server's clock, as one finding or none."""
    if reading is None or not reading.is_telling:
        return ()
    values = {"number": reading.tokens, "median": reading.median_s, "largest": reading.largest_s}
    sentence = _(
        "This server's clock is about %(median)s s behind Login's: %(number)s tokens of the last hour were not valid "
        "yet, by up to %(largest)s s. Set it by NTP (timedatectl shows whether it is). If it is right, set the clock "
        "of whoever signs those tokens; “Check both sides” in the admin compares it with the vendors' answers."
    )
    return (Finding(tone="warn", icon="clock", sentence=sentence % values),)


def connections_to_mend(*, is_admin: bool, now: datetime) -> dict[int, Finding]:
    """Return a finding for each integration whose connection with Zendesk was lost or is about to end, by its key."""
    is_ending = Q(refresh_sealed="", expires_at__lt=now + ENDS_SOON)
    rows = ZendeskConnection.objects.filter(is_ending | Q(state=ConnectionState.LOST)).select_related("integration")
    return {one.integration_id: _to_mend(one, is_admin=is_admin) for one in rows if connections.is_in_force(one)}


def troubles_by_integration() -> dict[int, Trouble]:
    """Return the oldest incident under way of each integration, by its key; two queries."""
    incidents = list(Incident.objects.filter(over_at__isnull=True).order_by("-pk"))
    sent = AlarmMessage.objects.filter(incident__in=incidents, is_over=False).order_by("pk")
    messages: dict[int, list[AlarmMessage]] = {}
    for message in sent:
        messages.setdefault(message.incident_id, []).append(message)
    return {
        one.integration_id: Trouble(began_at=one.began_at, told=_describe_messages(messages.get(one.pk, [])))
        for one in incidents
    }


def _to_mend(one: ZendeskConnection, *, is_admin: bool) -> Finding:
    is_lost = one.state == ConnectionState.LOST
    ending = _("The access token ends within a day or has ended, and nothing renews it. Connect with Zendesk again.")
    return Finding(
        tone="bad" if is_lost else "warn",
        icon="plug-connected",
        sentence=explain_lost(one.flaw) if is_lost else ending,
        url=reverse("setup_connect", args=[one.integration.slug]) if is_admin else "",
        to=_("Connect"),
    )


def _describe_messages(messages: list[AlarmMessage]) -> str:
    if not messages:
        return _("Nobody is told: no alarm is set in the admin.")
    words = []
    for message in messages:
        channel = AlarmChannel(message.channel).label
        if message.sent_at:
            words.append(_("%s sent.") % channel)
        elif message.next_try_at:
            words.append(_("%s on its way.") % channel if not message.attempts else _("%s failed so far.") % channel)
        else:
            words.append(_("%s could not be sent.") % channel)
        if message.failure:
            words.append(message.failure)
    return " ".join(words)


def _finding(change: drift.Drift, *, integration: Integration, is_admin: bool) -> Finding:
    settings = reverse("admin:linking_integration_change", args=[integration.pk]) if is_admin else ""
    doctor = f"{reverse('setup_integration', args=[integration.slug])}#doctor"
    return {
        drift.Drift.ACCESS_REVOKED: Finding(
            tone="bad", icon="key",
            sentence=_("The access token worked and is refused now: it was probably revoked in Zendesk. Make a new one "
                       "there and put it into the settings."),
            url=settings, to=_("Open the settings"),
        ),
        drift.Drift.SCOPE_LOST: Finding(
            tone="bad", icon="lock",
            sentence=_("The access token is known but may not read any more: its agent lost the administrator role, or "
                       "the plan no longer includes the API. Check both in Zendesk, then the settings."),
            url=settings, to=_("Open the settings"),
        ),
        drift.Drift.SIGNATURE_UNKNOWN: Finding(
            tone="warn", icon="shield-check",
            sentence=_("Several people signed in lately and yet chat as nobody, under their own e-mail addresses: "
                       "Zendesk seems not to accept our tokens. Was the shared secret made anew there? Check one with "
                       "the token doctor."),
            url=doctor, to=_("To the token doctor"),
        ),
        drift.Drift.HOST_RETIRED: Finding(
            tone="warn", icon="alert-triangle",
            sentence=_("The API address is at www.zopim.com, which Zendesk retires. The account's own host is called "
                       "instead; empty the address in the settings."),
            url=settings, to=_("Open the settings"),
        ),
    }[change]  # fmt: skip
