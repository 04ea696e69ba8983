import pytest

from linking.core.key_sets import KEYS_MAX, BadKeySet, KeyEncoding, KeySet, list_keys, usable_keys
from tests.rsa_keys import key_set, listed, listed_hex, private_key


def used(*keys, encoding=KeyEncoding.BASE64URL):
    return usable_keys(keys, encoding=encoding)


def numbers_of(found):
    return [one.key.public_numbers() for one in found.keys]


WANTED = [private_key().public_key().public_numbers()]


class TestListedKeys:
    def test_of_an_object_are_base64url(self):
        assert list_keys({"keys": [{"kid": "1"}]}) == (KeyEncoding.BASE64URL, ({"kid": "1"},))

    def test_of_a_bare_array_are_hexadecimal(self):
        assert list_keys([{"kid": "1"}]) == (KeyEncoding.HEXADECIMAL, ({"kid": "1"},))

    @pytest.mark.parametrize("document", [{}, [], {"keys": []}])
    def test_may_be_none(self, document):
        assert list_keys(document)[1] == ()

    @pytest.mark.parametrize("document", [None, "x", 1, {"keys": "x"}, {"keys": {}}, [1], {"keys": [None]}])
    def test_of_another_shape_are_refused(self, document):
        with pytest.raises(BadKeySet):
            list_keys(document)


class TestUsableKeys:
    def test_reads_base64url(self):
        assert numbers_of(used(listed())) == WANTED

    @pytest.mark.parametrize("changes", [{}, {"e": "010001"}, {"e": "AQAB"}, {"n": "00" + listed_hex()["n"]}])
    def test_reads_hexadecimal_digits(self, changes):
        assert numbers_of(used(listed_hex(**changes), encoding=KeyEncoding.HEXADECIMAL)) == WANTED

    @pytest.mark.parametrize("exponent", ["10001", "010001"])
    def test_reads_an_exponent_written_the_other_way(self, exponent):
        assert numbers_of(used(listed(e=exponent))) == WANTED

    @pytest.mark.parametrize("changes", [{"use": ...}, {"alg": ...}, {"kid": ...}, {"key_ops": ["verify"], "use": ...}])
    def test_takes_a_key_that_leaves_out_what_may_be_left_out(self, changes):
        assert numbers_of(used(listed(**changes))) == WANTED

    @pytest.mark.parametrize("changes", [
        {"use": "enc"}, {"use": None}, {"key_ops": ["encrypt"]}, {"key_ops": "verify"}, {"alg": "RS512"},
        {"alg": "HS256"},
        {"kty": "oct", "k": "AAAA"}, {"kty": "EC"}, {"kid": 7}, {"n": ...}, {"e": ...}, {"n": 5}, {"e": "AQ"},
        {"e": "Ag"},
        {"e": "_"}, {"n": "=" * 340}, {"n": "A"}, {"e": "A" * 20}, {"n": "A" * 4000}, {"n": "_" * 4000},
    ])  # fmt: skip
    def test_ignores_a_key_that_may_not_verify_rs256(self, changes):
        assert used(listed(**changes)) == KeySet(keys=(), ignored=1)

    def test_ignores_a_key_under_2048_bits(self):
        assert used(listed("short", bits=1024)).keys == ()

    def test_ignores_a_number_with_a_line_end(self):
        assert used(listed(n=listed()["n"] + "\n")).keys == ()

    def test_keeps_the_others_when_one_is_bad(self):
        assert [one.key_id for one in used(listed(n="!"), listed("second")).keys] == ["second"]

    def test_reads_no_more_than_a_list_can_sensibly_have(self):
        found = used(*[listed()] * (KEYS_MAX + 5))
        assert (len(found.keys), found.ignored) == (KEYS_MAX, 5)


class TestChosen:
    def test_is_the_key_of_that_id(self):
        assert [key.public_numbers() for key in key_set("second", "first").choose("first")] == WANTED

    def test_is_none_for_an_unknown_id(self):
        assert key_set("first").choose("second") == ()

    def test_is_the_only_key_where_the_token_names_none(self):
        assert [key.public_numbers() for key in key_set("first").choose(None)] == WANTED

    @pytest.mark.parametrize("names", [(), ("first", "second")])
    def test_is_none_where_the_token_names_none_and_there_is_a_choice(self, names):
        assert key_set(*names).choose(None) == ()

    def test_does_not_take_a_key_without_id_for_any_id(self):
        assert used(listed(kid=...)).choose("first") == ()
