"""Which integrations seem to have been changed at Zendesk: gathers what was noticed, and core/drift.py infers."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from django.db.models import Count, Exists, OuterRef, QuerySet
from django.db.models.functions import Lower

from linking.models import Integration, LoginUser, RunState, SyncRun, Visitor, VisitorState
from linking.monitoring.drift import WINDOW, Drift, DriftSignals, infer
from linking.monitoring.stop_reasons import BLOCKS


def detect_drift(*, integrations: Iterable[Integration], now: datetime) -> dict[int, tuple[Drift, ...]]:
    """Return what seems to have changed, by integration's key; two queries, and one for each blocked integration."""
    new = Visitor.objects.filter(last_seen_at__gte=now - WINDOW, first_seen_at__gte=now - WINDOW)
    strangers = _count(new.filter(state=VisitorState.ANONYMOUS).exclude(email="").filter(_got_a_token(now=now)))
    linked = _count(new.filter(state=VisitorState.LINKED))
    found = {}
    for one in integrations:
        noticed = DriftSignals(
            api_url=one.zendesk_api_url,
            refusal_status=_refusal_status(one) if one.blocked_reason else None,
            has_worked=one.last_success_at is not None,
            strangers=strangers[one.pk],
            linked=linked[one.pk],
        )
        found[one.pk] = infer(noticed)
    return found


def _got_a_token(*, now: datetime) -> Exists:
    users = LoginUser.objects.filter(integration=OuterRef("integration"), last_authenticated_at__gte=now - WINDOW)
    return Exists(users.alias(low_email=Lower("email")).filter(low_email=Lower(OuterRef("email"))))


def _count(rows: QuerySet[Visitor]) -> Counter[int]:
    return Counter(dict(rows.order_by().values_list("integration_id").annotate(number=Count("pk"))))


def _refusal_status(one: Integration) -> int | None:
    passes = SyncRun.objects.filter(integration=one, state=RunState.STOPPED, stop_reason__in=BLOCKS)
    return passes.order_by("-pk").values_list("stop_status", flat=True).first()
