import pytest
from hypothesis import given
from hypothesis import strategies as st

from linking.tokens.cookies import AmbiguousCookie, find_cookie, find_cookies


class TestFindCookie:
    @pytest.mark.parametrize(("header", "value"), [
        ("token=a", "a"), ("x=1; token=a; y=2", "a"), ("x=1;token=a", "a"), (" token=a ", "a"),
        ("token=a=b==", "a=b=="),
        ("token=a; token=a", "a"), ('token="a"', '"a"'), ("token=a%20b", "a%20b"), ("xtoken=b; token=a", "a"),
        ("token", None), ("", None), ("Token=a", None), ("token2=a", None), ("x=token=a", None), (";;=;", None),
        ("token=", ""), ("token=; token=", ""), ("token=a,token=b", "a,token=b"), ("token=\xff", "\xff"),
    ])  # fmt: skip
    def test_returns_the_value_as_it_was_sent(self, header, value):
        assert find_cookie(header=header, names=("token",)) == value

    @pytest.mark.parametrize("header", ["token=a; token=b", "token=a; x=1; token=", "token=; token=b"])
    def test_refuses_two_values_of_one_name(self, header):
        with pytest.raises(AmbiguousCookie):
            find_cookie(header=header, names=("token",))

    def test_tries_the_names_in_their_order(self):
        assert find_cookie(header="b=2; a=1", names=("a", "b")) == "1"

    def test_passes_over_an_empty_cookie_for_the_next_name(self):
        assert find_cookie(header="a=; b=2", names=("a", "b")) == "2"

    def test_does_not_mind_an_ambiguous_cookie_it_does_not_need(self):
        assert find_cookie(header="a=1; b=2; b=3", names=("a", "b")) == "1"

    @pytest.mark.parametrize(("header", "values"), [
        ("b=2; a=1", ["1", "2"]), ("b=2; a=", ["2"]), ("a=; b=", [""]), ("c=1", []), ("a=1; b=2; b=3", ["1"]),
    ])  # fmt: skip
    def test_finds_all_that_have_a_value_in_the_order_of_the_names(self, header, values):
        assert find_cookies(header=header, names=("a", "b")) == values

    def test_reads_a_giant_header(self):
        assert find_cookie(header="x=1; " * 20_000 + "token=a", names=("token",)) == "a"

    @given(header=st.text(alphabet="ab =;\t", max_size=30))
    def test_reads_one_name_as_it_does_among_several(self, header):
        assert read(header, names=("a",)) == read(header, names=("a", "no such name"))


def read(header, *, names):
    try:
        return find_cookie(header=header, names=names)
    except AmbiguousCookie:
        return AmbiguousCookie
