"""Alarms: a message when the sync of an integration stops working, and one when it works again, by mail and webhook.

`watch` reads rows and writes rows. Every message to be sent is a row too, so a restart loses none and two schedulers
send none twice. A problem that is over within a minute causes no message. Scheduler and worker do this; a serving
process does it while one of them is silent, so that their failure is reported as well.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from linking.accounts import mail
from linking.clients.outbound import Outbound, OutboundError
from linking.clients.traffic import Service
from linking.clients.vendor_urls import address_flaw, is_inward, is_loopback_name
from linking.core.config import ZendeskProduct
from linking.core.secretbox import SealBroken
from linking.core.text import clean_line
from linking.fields import key_ring
from linking.models import (
    AlarmChannel,
    AlarmMessage,
    AlarmSettings,
    Heartbeat,
    Incident,
    IncidentKind,
    Integration,
)
from linking.models.alarm import WEBHOOK_PLACE
from linking.monitoring import secret_ages
from linking.monitoring.freshness import HEARTBEAT_STALE_AFTER
from linking.monitoring.heartbeats import TICK
from linking.monitoring.metrics import shared_counts
from linking.monitoring.status import annotate_catching_up, is_catching_up, is_paused

PATIENCE = timedelta(seconds=60)  # a problem that is over by then causes no message
RETRY_FIRST, RETRY_LONGEST = timedelta(minutes=1), timedelta(hours=1)
TRIES = 12
SUBJECT_MAX_CHARACTERS = 200
CALL_DEADLINE_S = 10.0
_BEGAN = {
    IncidentKind.STALE: gettext_lazy(
        "%(name)s (%(slug)s): no sync with Zendesk was complete for too long. zdbridge noticed this on %(since)s. Open "
        "the sync page of zdbridge to see why."
    ),
    IncidentKind.CREDENTIALS: gettext_lazy(
        "%(name)s (%(slug)s): Zendesk refuses the access token since %(since)s. An administrator must enter a new one. "
        "The sync page of zdbridge has details."
    ),
    IncidentKind.HOST: gettext_lazy(
        "%(name)s (%(slug)s): Zendesk's address cannot be used since %(since)s. An administrator must check it in the "
        "settings. The sync page of zdbridge has details."
    ),
    IncidentKind.SECRETS: gettext_lazy(
        "%(name)s (%(slug)s): a secret is due for a change since %(since)s. The page Secrets of the integration in "
        "zdbridge says which one, and changes it."
    ),
}


class AlarmNotSent(Exception):
    """A message could not be sent; the text contains neither address nor secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmText:
    """The content of a message: for people `subject` and `sentence`, for machines `facts`."""

    subject: str
    sentence: str
    facts: Mapping[str, Any]


def watch(*, now: datetime) -> None:
    """Store which incidents began and which are over at `now`, and which messages are to be sent; four queries."""
    settings = AlarmSettings.objects.first() or AlarmSettings()
    channels = [channel.value for channel in list_channels(settings=settings)]
    open_incidents = {
        (incident.integration_id, incident.kind): incident for incident in Incident.objects.filter(over_at__isnull=True)
    }
    after = timedelta(minutes=settings.after_minutes)
    due = {secret.integration_id for secret in secret_ages.list_due(now=now)}
    for row in annotate_catching_up(Integration.objects.select_related("steering"), since=now - after):
        known = {kind for key, kind in open_incidents if key == row.pk}
        kinds = find_troubles(row, known=known, after=after, now=now)
        if row.pk in due:
            kinds.add(IncidentKind.SECRETS.value)
        for kind in kinds - known:
            Incident.objects.bulk_create([Incident(integration=row, kind=kind, began_at=now)], ignore_conflicts=True)
        for kind in known - kinds:
            _close(open_incidents[row.pk, kind], now=now)
    _ensure_messages(channels=channels, now=now)


def find_troubles(row: Integration, *, known: Iterable[str], after: timedelta, now: datetime) -> set[str]:
    """Return the kinds of incident that the sync of an integration has now; its `steering` is loaded.

    One cause has one alarm: a refused token also makes the data stale, which counts only if it was `known` before.
    """
    if not row.enabled or not row.sync_enabled or is_paused(row):
        return set()
    if row.zendesk_product == ZendeskProduct.MESSAGING and not row.zendesk_client_id and row.last_success_at is None:
        return set()  # an account that is not read yet: releases before this one read no account on Messaging
    found = {row.blocked_reason} & {IncidentKind.CREDENTIALS.value, IncidentKind.HOST.value}
    is_stale = now - (row.last_success_at or row.created_at) > after and not is_catching_up(row)
    if is_stale and (not found or IncidentKind.STALE in known):
        found.add(IncidentKind.STALE.value)
    return found


def list_due(*, now: datetime) -> list[int]:
    """Return the primary keys of the messages to be sent now, oldest first."""
    return list(AlarmMessage.objects.filter(next_try_at__lte=now).order_by("pk").values_list("pk", flat=True))


def send(*, message_id: int, allow_loopback: bool, now: datetime) -> None:
    """Send one message, unless another worker does. A failure is tried again later, up to twelve times."""
    rows = AlarmMessage.objects.filter(pk=message_id)
    row = rows.select_related("incident__integration__steering").first()
    if row is None or row.next_try_at is None or row.next_try_at > now:
        return
    later = compute_next_try(attempts=row.attempts, now=now)
    is_claimed = rows.filter(next_try_at=row.next_try_at).update(next_try_at=later, attempts=F("attempts") + 1)
    if not is_claimed:
        return
    settings = AlarmSettings.objects.first() or AlarmSettings()
    try:
        dispatch(settings, channel=AlarmChannel(row.channel), text=_build_text(row), allow_loopback=allow_loopback)
    except AlarmNotSent as error:
        rows.update(failure=str(error)[:200])
    else:
        rows.update(sent_at=now, next_try_at=None, failure="")


def send_test(*, settings: AlarmSettings, channel: AlarmChannel, allow_loopback: bool) -> None:
    """Send a test by one channel, at once and once.

    Raises: AlarmNotSent with the reason.
    """
    sentence = _("This is a test alarm from zdbridge. Nothing is wrong.")
    facts = {"text": sentence, "event": "test", "state": "test", "kind": "test", "integration": ""}
    text = AlarmText(subject=_("zdbridge: test alarm"), sentence=sentence, facts=facts)
    dispatch(settings, channel=channel, text=text, allow_loopback=allow_loopback)


def compute_next_try(*, attempts: int, now: datetime) -> datetime | None:
    """Return when a message that was tried `attempts` times before is tried again if this fails, None for never."""
    return None if attempts + 1 >= TRIES else now + min(RETRY_FIRST * 2**attempts, RETRY_LONGEST)


def dispatch(
    settings: AlarmSettings,
    *,
    channel: AlarmChannel,
    text: AlarmText,
    allow_loopback: bool,
    mail_to: Sequence[str] | None = None,
) -> None:
    """Send a text by one channel, once; by mail to `mail_to`, or else to the address of the alarms.

    Raises: AlarmNotSent with the reason.
    """
    outcome = "failed"
    try:
        if channel is AlarmChannel.MAIL:
            _mail(settings, text=text, to=[settings.mail_to] if mail_to is None else list(mail_to))
        else:
            _post(settings, text=text, allow_loopback=allow_loopback)
        outcome = "sent"
    finally:
        key = shared_counts.CountKey(shared_counts.ALARMS, f"{channel.value},{outcome}")
        shared_counts.add(key, now_s=time.time())


def list_channels(*, settings: AlarmSettings) -> list[AlarmChannel]:
    """Return the channels that have an address."""
    addresses = {AlarmChannel.MAIL: settings.mail_to, AlarmChannel.WEBHOOK: settings.webhook_sealed}
    return [channel for channel, address in addresses.items() if address]


def stand_in(*, allow_loopback: bool, now: datetime) -> bool:
    """Watch and send if no worker does, because no tick of the scheduler was carried out lately; return whether so.

    Raises: django.db.Error.
    """
    earliest, latest = now - HEARTBEAT_STALE_AFTER, now + HEARTBEAT_STALE_AFTER
    if Heartbeat.objects.filter(name=TICK, beat_at__gte=earliest, beat_at__lte=latest).exists():
        return False
    watch(now=now)
    for message_id in list_due(now=now):
        send(message_id=message_id, allow_loopback=allow_loopback, now=now)
    return True


def find_webhook_flaw(url: str, *, allow_loopback: bool) -> str:
    """Return a sentence on why `url` cannot be the address of a webhook, "" when it can."""
    base, _question_mark, _query = url.partition("?")
    flaw = address_flaw(base, allow_loopback=allow_loopback, hosts=[_parse_host(base)])
    if flaw or not is_inward(_parse_host(base)) or (allow_loopback and is_loopback_name(_parse_host(base))):
        return _(flaw)
    return _("The address must be public: this one leads into the local network.")


def keep_webhook(*, settings: AlarmSettings, url: str) -> None:
    """Put the address of a webhook into `settings`, sealed; "" removes it. The caller checks the address and saves."""
    settings.webhook_sealed = key_ring().seal(url, place=WEBHOOK_PLACE) if url else ""
    settings.webhook_host = _parse_host(url) if url else ""


def list_open_incidents() -> list[tuple[Incident, list[AlarmMessage]]]:
    """Return the open incidents of syncs, newest first, each with the messages that announced it; two queries."""
    open_ones = Incident.objects.filter(over_at__isnull=True).exclude(kind=IncidentKind.SECRETS)
    incidents = list(open_ones.order_by("-pk"))
    messages: dict[int, list[AlarmMessage]] = {}
    for message in AlarmMessage.objects.filter(incident__in=incidents, is_over=False).order_by("pk"):
        messages.setdefault(message.incident_id, []).append(message)
    return [(incident, messages.get(incident.pk, [])) for incident in incidents]


def _parse_host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


@transaction.atomic
def _close(incident: Incident, *, now: datetime) -> None:
    if not Incident.objects.filter(pk=incident.pk, over_at__isnull=True).update(over_at=now):
        return
    announcements = AlarmMessage.objects.filter(incident=incident, is_over=False)
    announcements.filter(sent_at__isnull=True).update(next_try_at=None)
    AlarmMessage.objects.bulk_create(
        [
            AlarmMessage(incident=incident, channel=channel, is_over=True, next_try_at=now)
            for channel in announcements.filter(sent_at__isnull=False).values_list("channel", flat=True)
        ]
    )


def _ensure_messages(*, channels: list[str], now: datetime) -> None:
    known = set(
        AlarmMessage.objects.filter(incident__over_at__isnull=True, is_over=False).values_list("incident_id", "channel")
    )
    incidents = Incident.objects.filter(over_at__isnull=True) if channels else ()
    AlarmMessage.objects.bulk_create(
        [
            AlarmMessage(incident=incident, channel=channel, next_try_at=max(now, incident.began_at + PATIENCE))
            for incident in incidents
            for channel in channels
            if (incident.pk, channel) not in known
        ],
        ignore_conflicts=True,
    )


def _build_text(row: AlarmMessage) -> AlarmText:
    incident, integration = row.incident, row.incident.integration
    facts = {
        "event": "secret_due" if incident.kind == IncidentKind.SECRETS else "sync_trouble",
        "state": "over" if row.is_over else "began",
        "kind": incident.kind,
        "integration": integration.slug,
        "began_at": incident.began_at.isoformat(),
    }
    subject, sentence = _choose_templates(row)
    values = {
        "name": integration.name,
        "slug": integration.slug,
        "since": f"{incident.began_at:%Y-%m-%d %H:%M} UTC",
    }
    sentence %= values
    return AlarmText(subject=subject % values, sentence=sentence, facts={"text": sentence, **facts})


def _choose_templates(row: AlarmMessage) -> tuple[str, str]:
    """Return subject and sentence, with places for `name`, `slug` and `since`."""
    integration = row.incident.integration
    if row.incident.kind == IncidentKind.SECRETS:
        if not row.is_over:
            return _("zdbridge: a secret of %(name)s is due for a change"), str(_BEGAN[IncidentKind.SECRETS])
        sentence = _("%(name)s (%(slug)s): no secret is due for a change any more.")
        return _("zdbridge: the secrets of %(name)s are changed"), sentence
    if not row.is_over:
        return _("zdbridge: the sync of %(name)s needs attention"), str(_BEGAN[IncidentKind(row.incident.kind)])
    if integration.enabled and integration.sync_enabled and not is_paused(integration):
        sentence = _("%(name)s (%(slug)s): the sync works again. The problem began on %(since)s.")
        return _("zdbridge: the sync of %(name)s works again"), sentence
    sentence = _("%(name)s (%(slug)s): the sync was switched off or paused. The problem began on %(since)s.")
    return _("zdbridge: the sync of %(name)s was switched off or paused"), sentence


def _mail(settings: AlarmSettings, *, text: AlarmText, to: list[str]) -> None:
    if not any(to):
        raise AlarmNotSent(_("The mail address was removed from the alarm settings."))
    # A line end in the name of an integration would end the header.
    subject = clean_line(text.subject, max_characters=SUBJECT_MAX_CHARACTERS)
    try:
        # Without a sender of its own the mail has the one that the operator set for all mail.
        mail.send(EmailMessage(subject, text.sentence, settings.mail_from or None, to))
    except mail.MailFailed as error:
        raise AlarmNotSent(str(error)) from error


def _post(settings: AlarmSettings, *, text: AlarmText, allow_loopback: bool) -> None:
    if not settings.webhook_sealed:
        raise AlarmNotSent(_("The webhook was removed from the alarm settings."))
    try:
        url = key_ring().unseal(settings.webhook_sealed, place=WEBHOOK_PLACE)
    except SealBroken as error:
        raise AlarmNotSent(
            _("The address of the webhook cannot be opened with the keys in ZDBRIDGE_SEAL_KEYS. Enter it again.")
        ) from error
    base, _question_mark, query = url.partition("?")
    parts = urlsplit(base)
    try:
        out = Outbound(
            base_url=f"{parts.scheme}://{parts.netloc}",
            hosts=[_parse_host(base)],
            allow_loopback=allow_loopback,
            deadline_s=CALL_DEADLINE_S,
            service=Service.WEBHOOK,
        )
        try:
            answer = out.post_json(path=parts.path or "/", value=dict(text.facts), query=parse_qsl(query, True))
        finally:
            out.close()
    except OutboundError as error:
        raise AlarmNotSent(str(error)) from error
    if not 200 <= answer.status < 300:
        raise AlarmNotSent(_("The webhook answered %(status)s.") % {"status": answer.status})
