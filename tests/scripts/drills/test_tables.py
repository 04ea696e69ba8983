"""Rows of a copy beside those of the original."""

import sqlite3
from contextlib import closing

import pytest

from scripts.drills.tables import count_rows, list_differences

pytestmark = pytest.mark.storeless


class TestCountRows:
    def test_counts_each_table_of_the_file(self, tmp_path):
        with closing(sqlite3.connect(tmp_path / "zdbridge.sqlite3")) as connection, connection:
            connection.execute("CREATE TABLE one (n)")
            connection.execute("CREATE TABLE none (n)")
            connection.execute("INSERT INTO one VALUES (1), (2)")
        assert count_rows(database_url="", data=tmp_path) == {"one": 2, "none": 0}


class TestListDifferences:
    @pytest.mark.parametrize(
        ("copy", "expected"),
        [
            ({"visitor": 5, "answer": 12}, []),
            ({"visitor": 5, "answer": 21}, ["answer"]),
            ({"visitor": 4, "answer": 12}, ["visitor"]),
            ({"visitor": 5}, ["answer"]),
            ({"visitor": 5, "answer": 12, "new": 1}, ["new"]),
        ],
        ids=["same", "more", "less", "missing", "unknown"],
    )
    def test_names_the_tables_outside_of_what_the_original_had(self, copy, expected):
        before, after = {"visitor": 5, "answer": 10}, {"visitor": 5, "answer": 20}
        assert list_differences(copy, before=before, after=after) == expected
