"""Lives through a year of passes and answers within minutes, and prints how large the tables are then.

    python benchmarks/a_year.py [--database postgresql:///NAME] [--days 365] [--busy 0.1]

The clock moves by argument: for each day, the rows that a day leaves behind are written at once, as many as a pass a
minute and a busy token endpoint leave; then every chore of the schedule that runs hourly or less often, and the one of
every five minutes, runs with that day's time. So what a chore keeps or drops is what it would keep or drop in a year.
What people and visitors add for good is told apart: it grows with them, not with time. The database is `test_NAME`,
made for the run and dropped after it.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from scratch import scratch_database, set_up

PASSES = 1_440  # a day
KINDS = 30  # of answers in an hour
REFUSALS = 500  # a day, of players that a token named
PLAYERS = 1_000  # a day, with a token
DEEDS = 100  # a day, in the audit
SIGN_INS = 40  # a day
CHORES_FROM_S = 300  # chores that run more often only trigger passes and alarms
FIRST_AT = datetime(2026, 1, 1, 12, tzinfo=UTC)


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--database", default="", help="empty: SQLite in a scratch folder")
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--busy", type=float, default=0.1, help="share of passes that find a visitor")
    options = parser.parse_args()
    set_up(database_url=options.database)
    with scratch_database():
        began, year = time.perf_counter(), Year(busy=options.busy)
        for number in range(options.days):
            year.live_through(FIRST_AT + timedelta(days=number))
            if (number + 1) % max(1, options.days // 4) == 0:
                print(f"after {number + 1} days, {time.perf_counter() - began:.0f} s: {count_rows()}", flush=True)
        print_sizes()


class Year:
    """One integration whose days are written one after the other."""

    def __init__(self, *, busy: float) -> None:
        from linking.models import Integration, LoginUser

        self._row = Integration.objects.create(slug="year", name="Year", login_project_id="year", enabled=True)
        self._busy_every = round(1 / busy) if busy else PASSES + 1
        signed_in = {"first_authenticated_at": FIRST_AT, "last_authenticated_at": FIRST_AT, "tokens_issued": 1}
        LoginUser.objects.bulk_create(
            LoginUser(integration=self._row, user_id=f"player-{one}", **signed_in) for one in range(PLAYERS)
        )
        self._players = list(LoginUser.objects.values_list("pk", flat=True))

    def live_through(self, day_at: datetime) -> None:
        """Write what a day leaves behind, then run the chores at its end."""
        self._write_passes(day_at)
        self._write_answers(day_at)
        self._write_people(day_at)
        run_chores(day_at + timedelta(hours=12), integration_id=self._row.pk)

    def _write_passes(self, day_at: datetime) -> None:
        from linking.models import SyncRun

        runs = []
        for number in range(PASSES):
            at = day_at + timedelta(seconds=number * 86_400 // PASSES - 43_200)
            found = 1 if number % self._busy_every == 0 else 0
            runs.append(
                SyncRun(
                    integration=self._row,
                    trigger="schedule",
                    state="complete",
                    started_at=at,
                    touched_at=at,
                    finished_at=at,
                    calls=2,
                    pages=1,
                    chats=found,
                    visitors_found=found,
                    lookups=found,
                    linked=found,
                )
            )
        SyncRun.objects.bulk_create(runs, batch_size=500)

    def _write_answers(self, day_at: datetime) -> None:
        from linking.models import AnswerCount, RefusedToken, TokenDay
        from linking.tokens import answer_counts

        hours = [day_at.replace(hour=hour) for hour in range(24)]
        same = {"integration": self._row, "is_observed": False, "count": 100}
        AnswerCount.objects.bulk_create(
            [
                AnswerCount(code="00-01", reason=f"reason_{kind}", origin="https://shop.example", hour_at=hour_at,
                            first_at=hour_at, **same)
                for hour_at in hours for kind in range(KINDS - 1)
            ], batch_size=500,
        )  # fmt: skip
        # The last kind goes the endpoint's own way, which drops what is old.
        for hour_at in hours:
            kind = answer_counts.AnswerKey(self._row.pk, "", "issued", "https://shop.example")
            answer_counts.note(kind, True, hour_at.timestamp())
        answer_counts.flush()
        RefusedToken.objects.bulk_create(
            [
                RefusedToken(integration=self._row, user_id=f"player-{one}", reason="expired", origin="",
                             at=day_at - timedelta(minutes=one))
                for one in range(REFUSALS)
            ], batch_size=500,
        )  # fmt: skip
        day = day_at.date()
        TokenDay.objects.bulk_create(
            [TokenDay(login_user_id=key, day=day, tokens=3, last_at=day_at) for key in self._players], batch_size=500
        )

    def _write_people(self, day_at: datetime) -> None:
        from django.contrib.sessions.models import Session

        from linking.models import AuditEvent

        AuditEvent.objects.bulk_create(
            AuditEvent(at=day_at, actor=f"agent{one % 40}", action="export", target="20 visitors", fields=["q"])
            for one in range(DEEDS)
        )
        Session.objects.bulk_create(
            Session(session_key=f"{day_at:%Y%m%d}{one:024}", session_data="x" * 220, expire_date=day_at + timedelta(1))
            for one in range(SIGN_INS)
        )


def run_chores(now: datetime, *, integration_id: int) -> None:
    """Run what the schedule runs now and then, and what the end of a pass drops, at the time `now`."""
    from linking.sync.store import runs

    for chore in list_chores(now):
        chore()
    runs.drop_quiet_runs(integration_id=integration_id, now=now)


def list_chores(now: datetime) -> Iterator[Callable[[], Any]]:
    """Yield the scheduled tasks that run every five minutes or less often, told that it is `now`."""
    from celery import current_app
    from django.conf import settings

    from linking import tasks

    tasks._now = lambda: now  # noqa: SLF001  the edge where the clock is read
    for one in settings.CELERY_BEAT_SCHEDULE.values():
        every = one["schedule"]
        if not isinstance(every, int | float) or every >= CHORES_FROM_S:
            yield current_app.tasks[one["task"]]


def list_tables() -> list[str]:
    """Return the names of all tables of the product, and of sessions."""
    from django.db import connection

    names = connection.introspection.table_names()
    return sorted(name for name in names if name.startswith("linking_") or name == "django_session")


def count_rows() -> str:
    """Return the tables that have most rows, in words."""
    from django.db import connection

    with connection.cursor() as cursor:
        numbers = []
        for name in list_tables():
            cursor.execute(f'SELECT count(*) FROM "{name}"')  # noqa: S608  names of the database
            numbers.append((cursor.fetchone()[0], name))
    return ", ".join(f"{name.removeprefix('linking_')} {number:,}" for number, name in sorted(numbers)[:-6:-1])


def print_sizes() -> None:
    """Print rows and bytes, with indexes, of every table that a year has filled."""
    from django.db import connection

    print("table                      rows      MB  bytes a row")
    with connection.cursor() as cursor:
        for name in list_tables():
            cursor.execute(f'SELECT count(*) FROM "{name}"')  # noqa: S608  names of the database
            number = cursor.fetchone()[0]
            size = "" if not number else measure_table(cursor, name)
            if number > PLAYERS // 2:
                print(f"{name.removeprefix('linking_'):20} {number:10,} {size}")
        if connection.vendor == "postgresql":
            cursor.execute("SELECT pg_database_size(current_database())")
            print(f"the whole database: {cursor.fetchone()[0] / 1e6:.0f} MB")


def measure_table(cursor: Any, name: str) -> str:
    """Return the size in MB and the bytes a row, "" on SQLite, which does not tell."""
    from django.db import connection

    if connection.vendor != "postgresql":
        return ""
    cursor.execute(f'SELECT pg_total_relation_size(%s), (SELECT count(*) FROM "{name}")', [name])  # noqa: S608
    size, number = cursor.fetchone()
    return f"{size / 1e6:7.1f} {size / number:8.0f}"


if __name__ == "__main__":
    main()
