"""Telling somebody that a sync stands still: once when it begins, once when it is over, by mail and by webhook.

`watch` looks at rows and writes rows; what is to be sent is a row too, so that a restart loses no message and two
schedulers send none twice. A trouble that is over within a minute is nobody's business and is never told.
Scheduler and worker do this; a serving process stands in for them while one of them is silent, so that the death of
the one who would tell is told as well.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import F

from linking.accounts import mail
from linking.clients.outbound import Outbound, OutboundError
from linking.clients.vendor_urls import address_flaw, is_inward, is_loopback_name
from linking.core.config import ZendeskProduct
from linking.core.secretbox import SealBroken
from linking.fields import key_ring
from linking.models import (
    AlarmChannel,
    AlarmMessage,
    AlarmSettings,
    Heartbeat,
    Incident,
    IncidentKind,
    Integration,
    StopReason,
)
from linking.models.alarm import WEBHOOK_PLACE
from linking.monitoring.freshness import HEARTBEAT_STALE_AFTER
from linking.monitoring.status import is_catching_up, is_paused, with_catching_up
from linking.monitoring.stop_reasons import STOP_MEANINGS

PATIENCE = timedelta(seconds=60)  # what is over by then is not told
RETRY_FIRST, RETRY_LONGEST = timedelta(minutes=1), timedelta(hours=1)
TRIES = 12
_WHO_TELLS = ("beat", "worker")
CALL_DEADLINE_S = 10.0
_SENTENCES = {
    IncidentKind.STALE: "nothing was read from Zendesk completely for too long",
    IncidentKind.CREDENTIALS: STOP_MEANINGS[StopReason.CREDENTIALS].alarm,
    IncidentKind.HOST: STOP_MEANINGS[StopReason.HOST].alarm,
}
_TEST_SENTENCE = "This is a test of zdbridge's alarms. Nothing is wrong."


class NotTold(Exception):
    """A message could not be sent; the words hold neither address nor secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What a message says: a line, and the same for machines."""

    sentence: str
    facts: dict[str, str]


def watch(*, now: datetime) -> None:
    """Note which troubles began and which are over at `now`, and which messages are to be sent; four queries."""
    settings = AlarmSettings.objects.first() or AlarmSettings()
    channels = [channel.value for channel in list_channels(settings=settings)]
    open_ones = {(one.integration_id, one.kind): one for one in Incident.objects.filter(over_at__isnull=True)}
    after = timedelta(minutes=settings.after_minutes)
    for row in with_catching_up(Integration.objects.select_related("steering"), since=now - after):
        mine = {kind for key, kind in open_ones if key == row.pk}
        kinds = troubles(row, known=mine, after=after, now=now)
        for kind in kinds - mine:
            Incident.objects.bulk_create([Incident(integration=row, kind=kind, began_at=now)], ignore_conflicts=True)
        for kind in mine - kinds:
            _close(open_ones[row.pk, kind], now=now)
    _ensure_messages(channels=channels, now=now)


def troubles(row: Integration, *, known: Iterable[str], after: timedelta, now: datetime) -> set[str]:
    """Return what is wrong with the sync of an integration, its `steering` at hand.

    One trouble has one alarm: a refused token makes the data old too, which is told only where it was told before.
    """
    if not row.enabled or not row.sync_enabled or is_paused(row):
        return set()
    if row.zendesk_product == ZendeskProduct.MESSAGING and row.last_success_at is None:
        return set()  # such an account has no chats to read
    found = {row.blocked_reason} & {IncidentKind.CREDENTIALS.value, IncidentKind.HOST.value}
    is_old = now - (row.last_success_at or row.created_at) > after and not is_catching_up(row)
    if is_old and (not found or IncidentKind.STALE in known):
        found.add(IncidentKind.STALE.value)
    return found


def due(*, now: datetime) -> list[int]:
    """Return the keys of messages to be sent now, oldest first."""
    return list(AlarmMessage.objects.filter(next_try_at__lte=now).order_by("pk").values_list("pk", flat=True))


def send(*, message_id: int, allow_loopback: bool, now: datetime) -> None:
    """Send one message, unless another worker does; what fails is tried again later, up to twelve times."""
    mine = AlarmMessage.objects.filter(pk=message_id)
    row = mine.select_related("incident__integration__steering").first()
    if row is None or row.next_try_at is None or row.next_try_at > now:
        return
    later = None if row.attempts + 1 >= TRIES else now + min(RETRY_FIRST * 2**row.attempts, RETRY_LONGEST)
    claimed = mine.filter(next_try_at=row.next_try_at).update(next_try_at=later, attempts=F("attempts") + 1)
    if not claimed:
        return
    settings = AlarmSettings.objects.first() or AlarmSettings()
    try:
        _tell(settings, channel=AlarmChannel(row.channel), word=_word(row), allow_loopback=allow_loopback)
    except NotTold as error:
        mine.update(failure=str(error)[:200])
    else:
        mine.update(sent_at=now, next_try_at=None, failure="")


def send_test(*, settings: AlarmSettings, channel: AlarmChannel, allow_loopback: bool) -> None:
    """Send a test by one channel, at once and once.

    Raises: NotTold, with words that say how it went.
    """
    facts = {"text": _TEST_SENTENCE, "event": "test", "state": "test", "kind": "test", "integration": ""}
    _tell(settings, channel=channel, word=Word(sentence=_TEST_SENTENCE, facts=facts), allow_loopback=allow_loopback)


def list_channels(*, settings: AlarmSettings) -> list[AlarmChannel]:
    """Return the channels that have an address."""
    ways = {AlarmChannel.MAIL: settings.mail_to, AlarmChannel.WEBHOOK: settings.webhook_sealed}
    return [channel for channel, address in ways.items() if address]


def stand_in(*, allow_loopback: bool, now: datetime) -> bool:
    """Watch and send where scheduler or worker were not heard of lately; return whether that was so.

    Raises: django.db.Error.
    """
    lately = now - HEARTBEAT_STALE_AFTER
    heard = Heartbeat.objects.filter(name__in=_WHO_TELLS, beat_at__gte=lately, beat_at__lte=now + HEARTBEAT_STALE_AFTER)
    if heard.count() == len(_WHO_TELLS):
        return False
    watch(now=now)
    for message_id in due(now=now):
        send(message_id=message_id, allow_loopback=allow_loopback, now=now)
    return True


def webhook_flaw(url: str, *, allow_loopback: bool) -> str:
    """Return a sentence that says why `url` cannot be a webhook's address, "" when it can."""
    base, _mark, _query = url.partition("?")
    flaw = address_flaw(base, allow_loopback=allow_loopback, hosts=[_host(base)])
    if flaw or not is_inward(_host(base)) or (allow_loopback and is_loopback_name(_host(base))):
        return flaw
    return "The address must be public: this one leads inward."


def keep_webhook(*, settings: AlarmSettings, url: str) -> None:
    """Put a webhook's address into `settings`, sealed; "" takes it out. The caller saves and has judged the address."""
    settings.webhook_sealed = key_ring().seal(url, place=WEBHOOK_PLACE) if url else ""
    settings.webhook_host = _host(url) if url else ""


def list_open_incidents() -> list[tuple[Incident, list[AlarmMessage]]]:
    """Return the incidents that are not over, newest first, each with the messages that announced it; two queries."""
    incidents = list(Incident.objects.filter(over_at__isnull=True).order_by("-pk"))
    messages: dict[int, list[AlarmMessage]] = {}
    for message in AlarmMessage.objects.filter(incident__in=incidents, is_over=False).order_by("pk"):
        messages.setdefault(message.incident_id, []).append(message)
    return [(incident, messages.get(incident.pk, [])) for incident in incidents]


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _tell(settings: AlarmSettings, *, channel: AlarmChannel, word: Word, allow_loopback: bool) -> None:
    if channel is AlarmChannel.MAIL:
        _mail(settings, word=word)
    else:
        _post(settings, word=word, allow_loopback=allow_loopback)


@transaction.atomic
def _close(incident: Incident, *, now: datetime) -> None:
    if not Incident.objects.filter(pk=incident.pk, over_at__isnull=True).update(over_at=now):
        return
    begun = AlarmMessage.objects.filter(incident=incident, is_over=False)
    begun.filter(sent_at__isnull=True).update(next_try_at=None)
    AlarmMessage.objects.bulk_create(
        [
            AlarmMessage(incident=incident, channel=channel, is_over=True, next_try_at=now)
            for channel in begun.filter(sent_at__isnull=False).values_list("channel", flat=True)
        ]
    )


def _ensure_messages(*, channels: list[str], now: datetime) -> None:
    known = set(
        AlarmMessage.objects.filter(incident__over_at__isnull=True, is_over=False).values_list("incident_id", "channel")
    )
    incidents = Incident.objects.filter(over_at__isnull=True) if channels else ()
    AlarmMessage.objects.bulk_create(
        [
            AlarmMessage(incident=one, channel=channel, next_try_at=max(now, one.began_at + PATIENCE))
            for one in incidents
            for channel in channels
            if (one.pk, channel) not in known
        ],
        ignore_conflicts=True,
    )


def _word(row: AlarmMessage) -> Word:
    incident = row.incident
    one, since = incident.integration, f"{incident.began_at:%Y-%m-%d %H:%M} UTC"
    if row.is_over:
        is_watched = one.enabled and one.sync_enabled and not is_paused(one)
        ending = "the sync works again" if is_watched else "the sync was switched off or paused"
        sentence = f"Over: {ending} for {one.name} ({one.slug}); the trouble began on {since}."
    else:
        trouble = _SENTENCES[IncidentKind(incident.kind)]
        sentence = (
            f"Trouble with {one.name} ({one.slug}) since {since}: {trouble}. The sync page of zdbridge says more."
        )
    facts = {
        "text": sentence,
        "event": "sync_trouble",
        "state": "over" if row.is_over else "began",
        "kind": incident.kind,
        "integration": one.slug,
        "began_at": incident.began_at.isoformat(),
    }
    return Word(sentence=sentence, facts=facts)


def _mail(settings: AlarmSettings, *, word: Word) -> None:
    if not settings.mail_to:
        raise NotTold("There is no address any more.")
    subject = " ".join(["zdbridge: sync", word.facts["state"], word.facts["kind"], word.facts["integration"]])
    if word.facts["event"] == "test":
        subject = "zdbridge: test of the alarms"
    try:
        # Without a sender of its own it is the one that the operator has set for all mail.
        mail.send(EmailMessage(subject, word.sentence, settings.mail_from or None, [settings.mail_to]))
    except mail.MailFailed as error:
        raise NotTold(str(error)) from error


def _post(settings: AlarmSettings, *, word: Word, allow_loopback: bool) -> None:
    if not settings.webhook_sealed:
        raise NotTold("There is no webhook any more.")
    try:
        url = key_ring().unseal(settings.webhook_sealed, place=WEBHOOK_PLACE)
    except SealBroken as error:
        raise NotTold("The webhook's address cannot be opened with the keys in ZDBRIDGE_SEAL_KEYS.") from error
    base, _mark, query = url.partition("?")
    parts = urlsplit(base)
    try:
        out = Outbound(
            base_url=f"{parts.scheme}://{parts.netloc}",
            hosts=[_host(base)],
            allow_loopback=allow_loopback,
            deadline_s=CALL_DEADLINE_S,
        )
        try:
            answer = out.post_json(path=parts.path or "/", value=word.facts, query=parse_qsl(query, True))
        finally:
            out.close()
    except OutboundError as error:
        raise NotTold(str(error)) from error
    if not 200 <= answer.status < 300:
        raise NotTold(f"The webhook answered {answer.status}.")
