"""Reads one visitor because a person waits for it: asks Zendesk, and stores the answer under a run of its own."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction

from linking import registry
from linking.clients.zendesk_api import CALL_DEADLINE_S, ZendeskGone
from linking.models import Integration, RunState, SyncRun
from linking.models.sync.sync_run import REFRESH_TRIGGER
from linking.sync.calls_with_retries import Clock, PacedCaller, PassStopped, Patience
from linking.sync.sources import find_source
from linking.sync.store.answers import BatchResult

TRIES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """Zendesk's record of a visitor as the source reads it, None for "gone", and who asked for it."""

    record: Any
    caller: PacedCaller


def read_one_visitor(
    row: Integration,
    *,
    visitor_id: str,
    clock: Clock,
    patience: Patience,
    allow_loopback: bool,
    is_first: bool = False,
    deadline_s: float = CALL_DEADLINE_S,
) -> Asking:
    """Ask Zendesk for one visitor, again with a renewed access token where Zendesk refuses the present one.

    Args:
        is_first: reserve the account's next request slot ahead of the queue.
        deadline_s: the time one call may take.

    Raises: PassStopped.
    """
    config, problems = registry.config_of(row)
    source = find_source(row.zendesk_product)
    config, _notice = source.settle_address(source.make_ready(config, clock=clock, allow_loopback=allow_loopback))
    caller = PacedCaller(
        account=source.name_budget(config), per_minute=config.requests_per_minute, patience=patience, clock=clock,
        keep=lambda: None, tries=TRIES, is_first=is_first,
    )  # fmt: skip
    opened = partial(source.open_client, problems=problems, allow_loopback=allow_loopback, deadline_s=deadline_s)
    read = partial(_read, caller, source.read_visitor, visitor_id=visitor_id)
    try:
        return Asking(record=read(opened(config=config)), caller=caller)
    except PassStopped as halt:
        better = source.recover(halt, config, caller=caller, allow_loopback=allow_loopback)
        if better is None:
            raise
        return Asking(record=read(opened(config=better)), caller=caller)


def _read(caller: PacedCaller, read_visitor: Callable[..., object], client: Any, *, visitor_id: str) -> Any:
    with closing(client):
        try:
            return caller.ask(partial(read_visitor, client, visitor_id=visitor_id))
        except ZendeskGone:
            return None


def store_as_run(
    row: Integration, *, caller: PacedCaller, store: Callable[[SyncRun], BatchResult], now: datetime, found: int = 0
) -> None:
    """Store an answer by `store` with a run that says what it changed; `found` is how many visitors are new.

    No lease: the rows are locked one by one, and what is stored is compared with them as they are then.
    """
    with transaction.atomic():
        run = SyncRun.objects.create(
            integration=row, trigger=REFRESH_TRIGGER, state=RunState.COMPLETE, started_at=caller.started_at,
            touched_at=now, finished_at=now, calls=caller.calls, lookups=1, visitors_found=found,
        )  # fmt: skip
        SyncRun.objects.filter(pk=run.pk).update(**asdict(store(run)))
