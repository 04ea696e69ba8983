"""Reads one visitor because a person waits for it: asks Zendesk, and stores the answer under a run of its own."""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial

from django.db import transaction

from linking import registry
from linking.clients.zendesk_api import CALL_DEADLINE_S, ZendeskGone
from linking.clients.zendesk_records import Unreadable, VisitorRecord
from linking.core.config import IntegrationConfig
from linking.models import Integration, RunState, SyncRun
from linking.models.sync_run import REFRESH_TRIGGER
from linking.sync.calls_with_retries import Clock, PacedCaller, PassStopped, Patience, name_budget, open_client
from linking.sync.renew_token import renew_after, renew_in_time
from linking.sync.store.answers import BatchResult
from linking.sync.zendesk_host import replace_retired_host

TRIES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """Zendesk's record of a visitor, None for "gone", and who asked for it."""

    record: VisitorRecord | Unreadable | None
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
    config, _notice = replace_retired_host(renew_in_time(config, clock=clock, allow_loopback=allow_loopback))
    caller = PacedCaller(
        account=name_budget(config), per_minute=config.requests_per_minute, patience=patience, clock=clock,
        keep=lambda: None, tries=TRIES, is_first=is_first,
    )  # fmt: skip
    call = partial(
        _call, caller, problems=problems, visitor_id=visitor_id, allow_loopback=allow_loopback, deadline_s=deadline_s
    )
    try:
        return Asking(record=call(config), caller=caller)
    except PassStopped as halt:
        renewed = renew_after(halt, config, clock=clock, allow_loopback=allow_loopback)
        if renewed is None:
            raise
        return Asking(record=call(renewed), caller=caller)


def _call(
    caller: PacedCaller,
    config: IntegrationConfig,
    *,
    problems: Sequence[str],
    visitor_id: str,
    allow_loopback: bool,
    deadline_s: float,
) -> VisitorRecord | Unreadable | None:
    client = open_client(config=config, problems=problems, allow_loopback=allow_loopback, deadline_s=deadline_s)
    with closing(client):
        try:
            return caller.ask(partial(client.visitor, visitor_id=visitor_id))
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
