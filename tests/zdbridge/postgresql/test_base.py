"""PostgreSQL's times come out as Django's own loader would give them."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from django.db import DataError, connection
from hypothesis import given
from hypothesis import strategies as st

from zdbridge.postgresql.base import QuickTimes

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="is about PostgreSQL"),
]


def told(sql, *parameters):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {sql}", parameters)
        return cursor.fetchone()[0]


class TestTimes:
    @given(at=st.datetimes(timezones=st.just(UTC)))
    def test_come_out_as_they_went_in(self, at):
        found = told("%s::timestamptz", at)
        assert (found, found.tzinfo) == (at, UTC)

    @pytest.mark.parametrize(
        "text", ["2026-01-01 12:00:00.1+02", "2026-01-01 12:00:00.000001-11:30", "0001-01-01 00:00+00"]
    )
    def test_of_other_zones_are_the_same_moment(self, text):
        assert told("%s::timestamptz", text) == datetime.fromisoformat(text)

    def test_of_a_session_in_another_zone_are_the_same_moment(self):
        at = datetime(2026, 7, 1, 12, tzinfo=UTC)
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL timezone TO 'Asia/Kathmandu'")
        found = told("%s::timestamptz", at)
        assert (found, found.utcoffset()) == (at, timedelta(hours=5, minutes=45))

    def test_may_be_none(self):
        assert told("NULL::timestamptz") is None

    @pytest.mark.parametrize("text", ["infinity", "-infinity", "0044-03-15 12:00 BC", "10000-01-01"])
    def test_that_python_has_no_word_for_are_refused_as_ever(self, text):
        with pytest.raises(DataError):
            told("%s::timestamptz", text)

    def test_are_read_by_this_loader(self):
        with connection.cursor() as cursor:
            oid = psycopg.adapters.types["timestamptz"].oid
            assert cursor.cursor.adapters.get_loader(oid, psycopg.pq.Format.TEXT) is QuickTimes
