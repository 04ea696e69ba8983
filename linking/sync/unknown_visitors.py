"""Visitor IDs that are not stored yet: Zendesk is asked at once, because a support lead has a player waiting.

Zendesk's export names a visitor when the chat has ended; until then `GET visitors/{id}` is all there is. A question
takes the account's next request slot, ahead of the queue. A web thread waits for the answer for seconds at most: the
call is made in a few threads of this module's own, and what takes longer is done by the worker. One ID is asked for
once at a time, whoever wants to know.
"""

import logging
import math
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from linking import registry
from linking.clients.zendesk_records import Unreadable
from linking.limits import WindowLimiter
from linking.models import Integration, StopReason, Visitor, VisitorQuestion
from linking.monitoring import stop_reasons
from linking.sync.calls_with_retries import Clock, PassStopped, Patience
from linking.sync.read_one_visitor import read_one_visitor, store_as_run
from linking.sync.sources import find_source, read_visitor_id
from linking.sync.store import questions
from linking.sync.store.answers import retry_on_conflict
from linking.sync.store.rows import find_canonical_ids

PER_MINUTE = 20  # questions a minute that one person may have put
WAIT_S = 4.0  # what a web thread waits at most, of the five seconds that are promised
CALL_DEADLINE_S = 3.5
SLOT_WAIT_S = 3.0
QUESTIONS_AT_ONCE = 50  # put by the worker in one task
LOOK_S = 0.1  # how often is looked whether somebody else has the answer
# Web threads that may wait for Zendesk at once: tokens and pages need the others.
WAITING_MOST = 4
_THREADS = 8
logger = logging.getLogger(__name__)


class Outcome(StrEnum):
    """What became of a question."""

    FOUND = "found"
    NO_SUCH = "no_such"  # Zendesk does not know the visitor
    WAITING = "waiting"  # no answer yet; it is asked again
    NOT_ASKED = "not_asked"
    TOO_MANY = "too_many"  # the person asked too often
    NO_ID = "no_id"  # no visitor can have this ID


class Because(StrEnum):
    """Why nobody was asked, or why there is no answer yet."""

    OTHER_ACCOUNT = "other_account"
    BLOCKED = "blocked"
    UNFINISHED = "unfinished"
    OFF = "off"
    NOT_KEPT = "not_kept"  # as `questions.NOT_KEPT`
    NO_INTEGRATION = "no_integration"
    BUDGET = "budget"
    PAUSE = "pause"
    FAULT = "fault"
    SLOW = "slow"
    BUSY = "busy"


# In the order in which they say most about why nobody was asked.
_NOT_ASKED = (Because.BLOCKED, Because.OTHER_ACCOUNT, Because.UNFINISHED, Because.OFF)
SENTENCES: dict[Because, Promise] = {
    Because.OTHER_ACCOUNT: gettext_lazy(
        "This visitor ID belongs to another Zendesk account: the number at its start is not yours."
    ),
    Because.BLOCKED: gettext_lazy(
        "Zendesk was not asked: it refuses the access token or the address. The sync page says what an administrator "
        "can do."
    ),
    Because.UNFINISHED: gettext_lazy("Zendesk was not asked: its address or access token is not set up yet."),
    Because.OFF: gettext_lazy("Zendesk was not asked: the integration is switched off."),
    Because.NOT_KEPT: gettext_lazy(
        "Zendesk has this user, but without a player's ID as external ID. Nothing was stored."
    ),
    Because.NO_INTEGRATION: gettext_lazy("Zendesk was not asked: there is no integration yet."),
    Because.BUDGET: gettext_lazy("This minute's calls to Zendesk are used up. This visitor is next in line."),
    Because.PAUSE: gettext_lazy("Zendesk asked for a pause. This visitor is next in line."),
    Because.FAULT: gettext_lazy("Zendesk did not answer properly. This visitor is asked about again in a moment."),
    Because.SLOW: gettext_lazy("Zendesk has not answered yet. This visitor is next in line."),
    Because.BUSY: gettext_lazy("Several visitors are being asked about right now. This one is next in line."),
}
_BECAUSE: dict[str, Because] = {
    StopReason.BUDGET: Because.BUDGET,
    StopReason.VENDOR_PAUSE: Because.PAUSE,
    StopReason.VENDOR_FAULT: Because.FAULT,
    StopReason.DEADLINE: Because.SLOW,
    StopReason.CREDENTIALS: Because.BLOCKED,
    StopReason.HOST: Because.BLOCKED,
    StopReason.SETUP: Because.UNFINISHED,
    Because.BUSY: Because.BUSY,
    questions.NOT_KEPT: Because.NOT_KEPT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NotAsked:
    """An integration that was not asked, by its name, and why."""

    name: str
    because: Because

    @property
    def sentence(self) -> str:
        """The reason for people."""
        return str(SENTENCES[self.because])


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """What became of one person's question.

    `visitor_id` and `integration` (a slug) name the visitor found; else `visitor_id` is the ID in question, as it is
    stored. `because` is None where the outcome says everything. `retry_after_s`: when to come back.
    """

    outcome: Outcome
    visitor_id: str = ""
    integration: str = ""
    because: Because | None = None
    retry_after_s: int = 0
    not_asked: tuple[NotAsked, ...] = ()

    @property
    def sentence(self) -> str:
        """The outcome for people; "" for one that was found."""
        if self.because is not None:
            return str(SENTENCES[self.because])
        return {
            Outcome.NO_SUCH: _("Zendesk has no such visitor."),
            Outcome.NO_ID: _("No visitor has this ID."),
            Outcome.TOO_MANY: _("You have asked Zendesk about %d visitors in a minute. Please wait a moment.")
            % PER_MINUTE,
        }.get(self.outcome, "")


limiter = WindowLimiter(at_most=PER_MINUTE, shared_as="unknown-visitors")
_waiting = threading.BoundedSemaphore(WAITING_MOST)
_pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="zendesk")


def look_up(
    *,
    visitor_id: str,
    person: str,
    clock: Clock,
    allow_loopback: bool,
    integration: str = "",
    give_way: Callable[[], None] = lambda: None,
) -> Lookup:
    """Ask Zendesk for a visitor that is not known here, and store whom it names; takes five seconds at most.

    Args:
        visitor_id: of Chat in the dot or dash form, or of Support.
        person: whose budget of questions this one uses.
        integration: the slug of the only integration to ask, "" for whichever can have such a visitor.
        give_way: called before the thread waits.
    """
    rows = _list_integrations(integration)
    wanted = read_visitor_id(visitor_id, products=[row.zendesk_product for row in rows])
    if not wanted:
        return Lookup(outcome=Outcome.NO_ID, visitor_id=visitor_id)
    askable, not_asked = _sort_integrations(rows, visitor_id=wanted)
    if askable:
        lookup = _ask_within_limits(
            askable, visitor_id=wanted, person=person, clock=clock, allow_loopback=allow_loopback, give_way=give_way
        )
    else:
        because = next((reason for reason in _NOT_ASKED if any(row.because is reason for row in not_asked)), None)
        lookup = Lookup(outcome=Outcome.NOT_ASKED, visitor_id=wanted, because=because or Because.NO_INTEGRATION)
    return replace(lookup, not_asked=not_asked)


def look_up_for_request(
    *, visitor_id: str, integration: str, user: Any, environ: Mapping[str, Any], clock: Clock
) -> Lookup:
    """Do `look_up` for a web request of `user`; `environ` may hold the server's `linking.give_way`."""
    return look_up(
        visitor_id=visitor_id,
        integration=integration,
        person=str(user.pk),
        clock=clock,
        allow_loopback=bool(settings.LINKING["ALLOW_LOOPBACK"]),
        give_way=environ.get("linking.give_way", lambda: None),
    )


def look(*, visitor_id: str, integration: str = "") -> Lookup:
    """Return how the question about an ID stands, asking nobody; NO_ID where there is none."""
    rows = _list_integrations(integration)
    wanted = read_visitor_id(visitor_id, products=[row.zendesk_product for row in rows])
    return _load_standing(rows, visitor_id=wanted or visitor_id)


def answer_questions(*, clock: Clock, patience: Patience, allow_loopback: bool, until: datetime) -> None:
    """Put the questions that wait, one after the other, until the time is up or the process is to end."""
    for question_pk in questions.list_due(now=clock.now(), limit=QUESTIONS_AT_ONCE):
        if patience.is_stopping() or clock.now() >= until:
            return
        answer_question(question_pk=question_pk, clock=clock, patience=patience, allow_loopback=allow_loopback)


def answer_question(*, question_pk: int, clock: Clock, patience: Patience, allow_loopback: bool) -> Outcome:
    """Put a question that waits, unless somebody else does; the worker's way, which nobody waits for."""
    question = VisitorQuestion.objects.select_related("integration").filter(pk=question_pk).first()
    if question is None or question.due_at is None:
        return Outcome.NO_ID
    row, visitor_id = question.integration, question.visitor_id
    if _find_known(row, visitor_id=visitor_id) is not None:
        questions.drop(integration_id=row.pk, visitor_id=visitor_id)
        return Outcome.FOUND
    if not questions.claim(integration_id=row.pk, visitor_id=visitor_id, now=clock.now()):
        return Outcome.WAITING
    return _put_question(
        row, visitor_id=visitor_id, clock=clock, patience=patience, allow_loopback=allow_loopback
    ).outcome


def _ask_within_limits(
    rows: Sequence[Integration],
    *,
    visitor_id: str,
    person: str,
    clock: Clock,
    allow_loopback: bool,
    give_way: Callable[[], None],
) -> Lookup:
    """Ask, unless the person has asked too often or too many web threads wait already."""
    wait_s = limiter.wait_s(key=person, now=clock.now().timestamp())
    if wait_s > 0:
        standing = _load_standing(rows, visitor_id=visitor_id)
        too_many = Lookup(outcome=Outcome.TOO_MANY, visitor_id=visitor_id, retry_after_s=math.ceil(wait_s))
        return standing if standing.outcome is Outcome.WAITING else too_many
    if not _waiting.acquire(blocking=False):
        for row in rows:
            questions.queue_now(integration_id=row.pk, visitor_id=visitor_id, reason=Because.BUSY, now=clock.now())
        return Lookup(outcome=Outcome.WAITING, visitor_id=visitor_id, because=Because.BUSY)
    try:
        give_way()
        return _ask_all(rows, visitor_id=visitor_id, clock=clock, allow_loopback=allow_loopback)
    finally:
        _waiting.release()


def _list_integrations(slug: str) -> list[Integration]:
    rows = Integration.objects.filter(slug=slug) if slug else Integration.objects.all()
    return list(rows.select_related("chat_host").prefetch_related("secrets"))


def _sort_integrations(
    rows: Iterable[Integration], *, visitor_id: str
) -> tuple[list[Integration], tuple[NotAsked, ...]]:
    """Return which integrations can be asked about an ID, and why the others are not; none of another product."""
    askable, not_asked = [], []
    for row in rows:
        if not find_source(row.zendesk_product).read_visitor_id(visitor_id):
            continue
        because = _explain_not_asking(row, visitor_id=visitor_id)
        if because is None:
            askable.append(row)
        else:
            not_asked.append(NotAsked(name=row.name, because=because))
    return askable, tuple(not_asked)


def _explain_not_asking(row: Integration, *, visitor_id: str) -> Because | None:
    if not row.enabled:
        return Because.OFF
    source = find_source(row.zendesk_product)
    config, _problems = registry.config_of(row)
    if not source.is_set_up(config):
        return Because.UNFINISHED
    if row.blocked_reason:
        return Because.BLOCKED
    if not source.can_hold(visitor_id, integration_id=row.pk):
        return Because.OTHER_ACCOUNT
    return None


def _ask_all(rows: Sequence[Integration], *, visitor_id: str, clock: Clock, allow_loopback: bool) -> Lookup:
    """Ask every integration at once; whoever finds the visitor first wins."""
    until = clock.now() + timedelta(seconds=WAIT_S)
    job = partial(_ask_one, visitor_id=visitor_id, until=until, clock=clock, allow_loopback=allow_loopback)
    pending: set[Future[Lookup]] = {submit(partial(job, row)) for row in rows}
    results: list[Lookup] = []
    while pending:
        left_s = max(0.0, (until - clock.now()).total_seconds())
        done, pending = wait(pending, timeout=left_s, return_when=FIRST_COMPLETED)
        if not done:
            results.append(Lookup(outcome=Outcome.WAITING, visitor_id=visitor_id, because=Because.SLOW))
            break
        results += [future.result() for future in done]
        if any(lookup.outcome is Outcome.FOUND for lookup in results):
            break
    return _choose_best(results)


def submit(job: Callable[[], Lookup]) -> Future[Lookup]:
    """Do `job` in a thread of this module's, with a database connection that ends with it."""
    return _pool.submit(_do_and_disconnect, job)


def _do_and_disconnect(job: Callable[[], Lookup]) -> Lookup:
    try:
        return job()
    except Exception:
        # Whoever waited for it may have left by now, and nobody else would hear of it.
        logger.exception("A visitor could not be asked about.")
        raise
    finally:
        connection.close()


def _choose_best(results: Iterable[Lookup]) -> Lookup:
    order = (Outcome.FOUND, Outcome.WAITING, Outcome.NO_SUCH, Outcome.NOT_ASKED, Outcome.NO_ID)
    return min(results, key=lambda lookup: order.index(lookup.outcome))


def _ask_one(row: Integration, *, visitor_id: str, until: datetime, clock: Clock, allow_loopback: bool) -> Lookup:
    if clock.now() >= until:
        # All threads were busy that long: the worker's turn.
        questions.queue_now(integration_id=row.pk, visitor_id=visitor_id, reason=Because.BUSY, now=clock.now())
        return Lookup(outcome=Outcome.WAITING, visitor_id=visitor_id, because=Because.BUSY)
    if not questions.claim(integration_id=row.pk, visitor_id=visitor_id, now=clock.now()):
        return _await_other(row, visitor_id=visitor_id, until=until, clock=clock)
    patience = Patience(longest_wait_s=SLOT_WAIT_S, deadline_s=CALL_DEADLINE_S)
    return _put_question(row, visitor_id=visitor_id, clock=clock, patience=patience, allow_loopback=allow_loopback)


def _await_other(row: Integration, *, visitor_id: str, until: datetime, clock: Clock) -> Lookup:
    """Return what another thread learns that asks about the same ID at this moment."""
    while True:
        standing = _load_standing([row], visitor_id=visitor_id)
        if standing.because is not Because.SLOW or clock.now() >= until:
            return standing
        clock.sleep(LOOK_S)


def _load_standing(rows: Sequence[Integration], *, visitor_id: str) -> Lookup:
    """Return how the question stands; SLOW while somebody asks, NO_ID where nobody does and nobody did."""
    lookup = partial(Lookup, visitor_id=visitor_id)
    # Read before the visitors: a question goes when its visitor has come.
    waiting = questions.list_questions(integration_ids=[row.pk for row in rows], visitor_id=visitor_id)
    for row in rows:
        if (known := _find_known(row, visitor_id=visitor_id)) is not None:
            return known
    standings = []
    for question in waiting:
        because = _BECAUSE.get(question.reason)
        if question.is_answered:
            outcome = Outcome.NO_SUCH if because is None else Outcome.NOT_ASKED
        else:
            outcome, because = Outcome.WAITING, Because.SLOW if question.claimed_until else because
        standings.append(lookup(outcome=outcome, because=because))
    return _choose_best(standings) if standings else lookup(outcome=Outcome.NO_ID)


def _find_known(row: Integration, *, visitor_id: str) -> Lookup | None:
    """Return the visitor that is stored under an ID by now."""
    target = find_canonical_ids(integration_id=row.pk, visitor_ids=[visitor_id]).get(visitor_id, visitor_id)
    if not Visitor.objects.filter(integration_id=row.pk, visitor_id=target).exists():
        return None
    return Lookup(outcome=Outcome.FOUND, visitor_id=target, integration=row.slug)


def _put_question(
    row: Integration, *, visitor_id: str, clock: Clock, patience: Patience, allow_loopback: bool
) -> Lookup:
    """Put a claimed question and keep what comes of it."""
    lookup = partial(Lookup, visitor_id=visitor_id)
    try:
        asking = read_one_visitor(
            row, visitor_id=visitor_id, clock=clock, patience=patience, allow_loopback=allow_loopback, is_first=True,
            deadline_s=CALL_DEADLINE_S,
        )  # fmt: skip
        record = asking.record
        if isinstance(record, Unreadable):
            raise PassStopped(record.reason, reason=StopReason.VENDOR_FAULT)
    except PassStopped as halt:
        if halt.reason in stop_reasons.ENVIRONMENTAL:
            # Passes find out by themselves and block the schedule where that is right; a question never does.
            questions.note_answer(integration_id=row.pk, visitor_id=visitor_id, reason=halt.reason)
            return lookup(outcome=Outcome.NOT_ASKED, because=_BECAUSE[halt.reason])
        questions.postpone(
            integration_id=row.pk,
            visitor_id=visitor_id,
            reason=halt.reason,
            after_s=halt.resume_in_s or 0.0,
            now=clock.now(),
        )
        return lookup(outcome=Outcome.WAITING, because=_BECAUSE[halt.reason])
    if record is None:
        questions.note_answer(integration_id=row.pk, visitor_id=visitor_id)
        return lookup(outcome=Outcome.NO_SUCH)
    now = clock.now()
    store = partial(
        find_source(row.zendesk_product).store_unknown, visitor_id=visitor_id, record=record,
        config=registry.config_of(row)[0], asked_at=asking.caller.asked_at, now=now,
    )  # fmt: skip
    store_run = partial(store_as_run, row, caller=asking.caller, store=lambda run: store(run=run), now=now, found=1)
    retry_on_conflict(store_run)
    return _find_known(row, visitor_id=visitor_id) or lookup(outcome=Outcome.NO_SUCH, because=Because.NOT_KEPT)
