"""Each check stands by itself, and a line holds no secret."""

import pytest
from django.db import OperationalError

from zdbridge.installation_doctor.facts import Fact, find_facts


def tell(check):
    return [fact.describe() for fact in find_facts([("disk", check)])]


class TestDescribe:
    @pytest.mark.parametrize(
        ("is_bad", "line"),
        [(False, "ok   disk       Full."), (True, "bad  disk       Full.  →  df -h"), (None, "?    disk       Full.")],
    )
    def test_is_one_line_with_the_next_step_where_it_is_bad(self, is_bad, line):
        assert Fact(name="disk", is_bad=is_bad, detail="Full.", remedy="df -h").describe() == line

    def test_is_never_a_second_line(self):
        assert "\n" not in Fact(name="disk", detail="one\ntwo").describe()


class TestFindFacts:
    def test_tells_no_secret_of_an_error(self):
        def check():
            raise ValueError("redis://user:hunter22@cache")

        assert "hunter22" not in tell(check)[0]

    def test_goes_on_without_the_database(self):
        def check():
            yield Fact(name="disk", detail="One.")
            raise OperationalError("gone")

        assert [line[:4] for line in tell(check)] == ["ok  ", "?   "]

    def test_tells_of_a_check_that_fails(self):
        def check():
            raise ValueError("odd")

        assert tell(check) == [
            "bad  disk       The check itself failed (ValueError: odd).  →  Report it with this line."
        ]
