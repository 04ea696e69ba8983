import random

import pytest

from sandbox.zendesk.lucene import BadQuery, Either, Every, Not, Range, Term, parse, parse_range

A, B, C = Term("", "a"), Term("", "b"), Term("", "c")


class TestParse:
    @pytest.mark.parametrize(("text", "tree"), [
        ("a", A),
        ("f:a", Term("f", "a")),
        ('f:"a b"', Term("f", "a b", is_phrase=True)),
        ('"AND"', Term("", "AND", is_phrase=True)),
        ("f:[1 TO 2]", Term("f", "[1 TO 2]")),
        ("t:2026-01-01T00:00:00", Term("t", "2026-01-01T00:00:00")),
        ("a b", Every((A, B))),
        ("a AND b", Every((A, B))),
        ("a OR b AND c", Either((A, Every((B, C))))),
        ("(a OR b) c", Every((Either((A, B)), C))),
        ("NOT a b", Every((Not(A), B))),
        ("-a +b", Every((Not(A), B))),
        ("NOT (a b)", Not(Every((A, B)))),
        ("a-b", Term("", "a-b")),
        ("  a  ", A),
    ])  # fmt: skip
    def test_reads(self, text: str, tree: object):
        assert parse(text) == tree

    @pytest.mark.parametrize("text", ["", "AND", "a OR", "a AND AND b", "OR a", "(a", "a)", "()", "NOT", "NOT OR a"])
    def test_refuses(self, text: str):
        with pytest.raises(BadQuery):
            parse(text)

    def test_knows_no_other_way_to_fail(self):
        rng = random.Random(1)
        for _ in range(3000):
            text = "".join(
                rng.choices(["a", " ", "(", ")", "[", "]", '"', ":", "-", "+", " OR ", " NOT ", "f:", "\0"], k=9)
            )
            try:
                parse(text)
            except BadQuery as error:
                assert str(error).endswith(".")


class TestReadRange:
    @pytest.mark.parametrize(("value", "found"), [
        ("[a TO b]", Range("a", "b")),
        ("{a TO b}", Range("a", "b", with_low=False, with_high=False)),
        ("[ * TO b }", Range("*", "b", with_high=False)),
        (">=a", Range("a", "*")),
        (">a", Range("a", "*", with_low=False)),
        ("<=a", Range("*", "a")),
        ("<a", Range("*", "a", with_high=False)),
        ("a", None),
        ("[a to b]", None),
    ])  # fmt: skip
    def test_reads(self, value: str, found: Range | None):
        assert parse_range(value) == found
