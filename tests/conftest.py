"""What every test gets: no leftovers of the one before."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path

import hypothesis
import pytest
from django.db import connection
from pytest_django.plugin import DjangoDbBlocker

from linking import registry
from linking.accounts import sign_ins
from linking.accounts.single_sign_on import flow as single_sign_on_flow
from linking.api.health import forget_readiness
from linking.api.token import forget_limits
from linking.dashboard.panel import card_call
from linking.dashboard.shell import health_strip
from linking.monitoring.health import forget_seals
from linking.sync import refresh, unknown_visitors
from linking.tokens import answer_counts as answer_log
from linking.tokens import clock_offsets as clock_meter
from linking.tokens import email_lookup, refused_players, sightings
from linking.tokens import key_fetching as key_sets
from tests import migrated_store

# How long an example takes says more about the machine than about the code.
hypothesis.settings.register_profile("zdbridge", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("zdbridge")
# Folders whose code asks no store.
STORELESS = ("tests/linking/core/", "tests/sandbox/")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what CI need not run on a second store."""
    for item in items:
        if item.nodeid.startswith(STORELESS):
            item.add_marker(pytest.mark.storeless)


@pytest.fixture(scope="session")
def kept_store(request: pytest.FixtureRequest) -> Path | None:
    """Return where a migrated SQLite store is kept between runs; None on PostgreSQL and without pytest's cache."""
    cache = getattr(request.config, "cache", None)
    if cache is None or connection.vendor != "sqlite":
        return None
    return migrated_store.find_store(cache.mkdir("migrated-store"))


@pytest.fixture(scope="session")
def django_db_keepdb(
    django_db_keepdb: bool, django_db_modify_db_settings: None, django_db_createdb: bool, kept_store: Path | None
) -> bool:
    """Start from the kept store where there is one; Django still runs the migrations that it lacks, which are none."""
    if kept_store is None or django_db_createdb:
        return django_db_keepdb
    return migrated_store.copy_store(kept_store, to=Path(connection.settings_dict["TEST"]["NAME"]))


@pytest.fixture(scope="session")
def django_db_setup(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, django_db_use_migrations: bool, kept_store: Path | None
) -> None:
    """Keep a store that was migrated just now for the next run."""
    if kept_store is not None and django_db_use_migrations and not kept_store.exists():
        with django_db_blocker.unblock():
            migrated_store.keep_store(connection.settings_dict["NAME"], kept=kept_store)


@pytest.fixture(autouse=True)
def forget_process_state() -> Iterator[None]:
    """Each test starts with no configuration in force and nothing waiting to be written."""
    for one in (registry, sightings, refused_players, answer_log, clock_meter, key_sets, email_lookup):
        one.forget()
    forget_limits()
    forget_readiness()
    forget_seals()
    unknown_visitors.limiter.forget()
    refresh.limiter.forget()
    card_call.limiter.forget()
    single_sign_on_flow.forget()
    sign_ins.forget()
    # Pages read it once in ten seconds, so their budgets are without it.
    health_strip.remember_nothing()
    yield
    for one in (registry, sightings, refused_players, answer_log, clock_meter, key_sets, email_lookup):
        one.forget()
    forget_limits()


@pytest.fixture(autouse=True)
def ask_zendesk_in_this_thread(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Questions about unknown visitors see the test's own transaction; `real_threads` leaves them as they are."""
    if request.node.get_closest_marker("real_threads") is None:
        monkeypatch.setattr(unknown_visitors, "submit", _do_at_once)


def _do_at_once(job: Callable[[], unknown_visitors.Lookup]) -> Future[unknown_visitors.Lookup]:
    future: Future[unknown_visitors.Lookup] = Future()
    try:
        future.set_result(job())
    except Exception as error:  # noqa: BLE001 - handed on to whoever asks for the result
        future.set_exception(error)
    return future
