import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from linking.core import strict_json

# Scraps that make JSON, near-JSON, and the places where two readers part: names twice, blanks, escapes, odd numbers.
SCRAPS = st.sampled_from([
    '{"a":1', '{"a":1,"a":2', '{"a":"\\u0041"', '{"a":1.0', '{"a":1.00', '{"a":-0', '{"a":-0.0', '{"a":1e5',
    '{"a":1E400', '{"a":18446744073709551616', '{"a":9007199254740993.0', '{"a":NaN', '{"a":true', '{ "a":null',
    '{"a":{"b":1,"b":1}', '{"a":[1,2]', '{"a":"é"', ',"a":1', ',"b":0.1', ',"c":"x y"', ',"\\u0061":1',
    ',"b":"\\ud800"', ',"b":"/"', ',"b":"\\/"', "}", "} ",
])  # fmt: skip


class TestReadObject:
    @pytest.mark.parametrize("raw", [b"{}", b' {"a": [1, {"b": null}]} ', '{"name":"Жан"}'.encode(), b'{"a":1e3}'])
    def test_takes_plain_json_objects(self, raw):
        assert strict_json.read_object(raw) == json.loads(raw)

    @pytest.mark.parametrize("raw", [
        b"", b"[]", b"1", b"null", b'{"a":1,"a":1}', b'{"x":{"a":1,"a":2}}', b'{"a":NaN}', b'{"a":-Infinity}',
        b'{"a":1e999}', b'{"a":-1e999}', b"\xef\xbb\xbf{}", b'{"a":"\xff"}', b'{"a":"\xc0\x80"}',
        b'{"a":"\xed\xa0\x80"}',
        '{"a":1}'.encode("utf-16"), '{"a":1}'.encode("utf-16-le"), b"{}\x00", b'{"a":01}', b"{}//", b'{"a":"\x01"}',
        b"[" * 8000, b'{"a":' * 1600, b'{"a":' + b"9" * 8000 + b"}",
    ])  # fmt: skip
    def test_refuses_what_two_readers_could_see_differently(self, raw):
        with pytest.raises(strict_json.NotStrictJSON):
            strict_json.read_object(raw)

    @given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
    @example(b"\x00")
    def test_leaves_only_its_own_error(self, raw):
        try:
            value = strict_json.read_object(raw)
        except strict_json.NotStrictJSON:
            value = {}
        assert isinstance(value, dict)

    @given(st.lists(SCRAPS, min_size=1, max_size=4))
    def test_the_quick_reader_never_sees_more_than_the_strict_one(self, scraps):
        raw = ("".join(scraps) + "}").encode()
        value = strict_json._read_canonical(raw)
        # By their spelling: 1, 1.0 and true are equal.
        assert value is None or repr(value) == repr(strict_json._read_strictly(raw))

    @pytest.mark.parametrize(
        "raw", [b'{"a":1,"b":[{"c":"d e"}],"f":true,"g":null,"h":0.5}', '{"a":"é"}'.encode(), b"{}"]
    )
    def test_the_quick_reader_reads_what_an_encoder_writes(self, raw):
        assert strict_json._read_canonical(raw) == json.loads(raw)

    json_values = st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**70), 2**70)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
        max_leaves=12,
    )

    @given(st.dictionaries(st.text(max_size=10), json_values, max_size=6))
    def test_reads_back_whatever_was_written(self, value):
        assert strict_json.read_object(json.dumps(value).encode()) == value
