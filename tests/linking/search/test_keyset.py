from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linking.search.keyset import BadKeyset, Keyset, decode_keyset, encode_keyset

MOMENT = datetime(2026, 11, 22, 12, 0, 0, 123456, tzinfo=UTC)


class TestCursor:
    @pytest.mark.parametrize("is_backward", [True, False])
    @pytest.mark.parametrize(("value", "kind"), [(MOMENT, datetime), ("Kovač \U0001f98a", str), ("", str)])
    def test_comes_back_as_it_went(self, value, kind, is_backward):
        cursor = Keyset(ordering="-x", value=value, key=7, is_backward=is_backward)
        assert decode_keyset(encode_keyset(cursor), ordering="-x", kind=kind) == cursor

    @pytest.mark.parametrize(("ordering", "kind"), [("x", datetime), ("-x", str)])
    def test_is_refused_by_another_list(self, ordering, kind):
        text = encode_keyset(Keyset(ordering="-x", value=MOMENT, key=7))
        with pytest.raises(BadKeyset):
            decode_keyset(text, ordering=ordering, kind=kind)

    @given(st.text() | st.from_regex(r"[A-Za-z0-9_-]{1,80}", fullmatch=True))
    def test_made_up_is_refused(self, text):
        with pytest.raises(BadKeyset):
            decode_keyset(text, ordering="-x", kind=datetime)

    @pytest.mark.parametrize(
        ("value", "key"), [("\0", 1), ("\ud800", 1), ("ok", -1), ("ok", 2**63), ("ok", True), ("ok", "1"), (5, 1)]
    )
    def test_of_values_no_row_has_is_refused(self, value, key):
        text = encode_keyset(Keyset(ordering="x", value=value, key=key))
        with pytest.raises(BadKeyset):
            decode_keyset(text, ordering="x", kind=str)
