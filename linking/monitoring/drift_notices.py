"""Collects the signals from which `drift.py` infers what was changed at Zendesk."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from django.db.models import Count, Exists, OuterRef, QuerySet
from django.db.models.functions import Lower

from linking.models import Integration, LoginUser, RunState, SyncRun, Visitor, VisitorState
from linking.monitoring.drift import WINDOW, Drift, DriftSignals, infer_drift
from linking.monitoring.stop_reasons import BLOCKS


def detect_drift(*, integrations: Iterable[Integration], now: datetime) -> dict[int, tuple[Drift, ...]]:
    """Return what seems to have changed, by primary key; two queries, and one more for each blocked integration."""
    new = Visitor.objects.filter(last_seen_at__gte=now - WINDOW, first_seen_at__gte=now - WINDOW)
    strangers = _count_by_integration(
        new.filter(state=VisitorState.ANONYMOUS).exclude(email="").filter(_has_token(now=now))
    )
    linked = _count_by_integration(new.filter(state=VisitorState.LINKED))
    found = {}
    for integration in integrations:
        signals = DriftSignals(
            api_url=integration.zendesk_api_url,
            refusal_status=_find_refusal_status(integration) if integration.blocked_reason else None,
            has_worked=integration.last_success_at is not None,
            strangers=strangers[integration.pk],
            linked=linked[integration.pk],
        )
        found[integration.pk] = infer_drift(signals)
    return found


def _has_token(*, now: datetime) -> Exists:
    users = LoginUser.objects.filter(integration=OuterRef("integration"), last_authenticated_at__gte=now - WINDOW)
    return Exists(users.alias(low_email=Lower("email")).filter(low_email=Lower(OuterRef("email"))))


def _count_by_integration(rows: QuerySet[Visitor]) -> Counter[int]:
    return Counter(dict(rows.order_by().values_list("integration_id").annotate(number=Count("pk"))))


def _find_refusal_status(integration: Integration) -> int | None:
    runs = SyncRun.objects.filter(integration=integration, state=RunState.STOPPED, stop_reason__in=BLOCKS)
    return runs.order_by("-pk").values_list("stop_status", flat=True).first()
