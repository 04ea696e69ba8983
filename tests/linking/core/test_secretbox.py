import pytest
from cryptography.fernet import Fernet

from linking.core.secretbox import KeyRing, SealBroken, build_fingerprint

OLD, NEW, FOREIGN = (Fernet.generate_key().decode() for _ in range(3))
PLACE = "integration|7|login_secret_key"


class TestKeyRing:
    @pytest.mark.parametrize("plain", ["secret", "", "Ünïcode", "two\nlines", "x" * 10_000])
    def test_opens_what_it_sealed(self, plain):
        ring = KeyRing(keys=[NEW])
        assert ring.unseal(ring.seal(plain, place=PLACE), place=PLACE) == plain

    def test_never_seals_alike_twice(self):
        ring = KeyRing(keys=[NEW])
        assert ring.seal("secret", place=PLACE) != ring.seal("secret", place=PLACE)

    def test_opens_what_an_older_key_sealed(self):
        sealed = KeyRing(keys=[OLD]).seal("secret", place=PLACE)
        assert KeyRing(keys=[NEW, OLD]).unseal(sealed, place=PLACE) == "secret"

    def test_seals_with_the_newest_key(self):
        sealed = KeyRing(keys=[NEW, OLD]).seal("secret", place=PLACE)
        assert KeyRing(keys=[NEW]).unseal(sealed, place=PLACE) == "secret"

    def test_knows_which_key_sealed(self):
        ring = KeyRing(keys=[NEW, OLD])
        sealed = (KeyRing(keys=[key]).seal("secret", place=PLACE) for key in (NEW, OLD, FOREIGN))
        assert [ring.find_key(one) for one in sealed] == [0, 1, None]

    def test_tells_keys_apart_by_marks_that_give_nothing_away(self):
        marks = KeyRing(keys=[NEW, OLD]).marks
        assert marks == (*KeyRing(keys=[NEW]).marks, *KeyRing(keys=[OLD]).marks)
        assert all(len(mark) == 8 and mark not in NEW + OLD for mark in marks)

    def test_opens_nothing_with_a_foreign_key(self):
        sealed = KeyRing(keys=[FOREIGN]).seal("secret", place=PLACE)
        with pytest.raises(SealBroken, match="cannot be opened"):
            KeyRing(keys=[NEW]).unseal(sealed, place=PLACE)

    @pytest.mark.parametrize(
        "place", ["integration|8|login_secret_key", "integration|7|zendesk_shared_secret", "", PLACE[:-1]]
    )
    def test_opens_nothing_for_another_place(self, place):
        ring = KeyRing(keys=[NEW])
        with pytest.raises(SealBroken, match="another place"):
            ring.unseal(ring.seal("secret", place=PLACE), place=place)

    @pytest.mark.parametrize("damage", [lambda s: s[:-2], lambda s: "", lambda s: s + "é", lambda s: "secret"])
    def test_opens_nothing_that_is_damaged(self, damage):
        ring = KeyRing(keys=[NEW])
        with pytest.raises(SealBroken):
            ring.unseal(damage(ring.seal("secret", place=PLACE)), place=PLACE)

    def test_wants_its_prefix(self):
        ring = KeyRing(keys=[NEW])
        with pytest.raises(SealBroken):
            ring.unseal(ring.seal("secret", place=PLACE).removeprefix("v1:"), place=PLACE)

    def test_begins_fingerprints_with_the_oldest_key(self):
        old, both, new = (KeyRing(keys=keys).derive_fingerprint_key() for keys in ([OLD], [NEW, OLD], [NEW]))
        assert old == both != new

    def test_shows_no_key(self):
        assert NEW not in repr(KeyRing(keys=[NEW]))


class TestBuildFingerprint:
    def test_tells_secrets_apart(self):
        key = KeyRing(keys=[NEW]).derive_fingerprint_key()
        assert build_fingerprint("a", key=key) == build_fingerprint("a", key=key) != build_fingerprint("b", key=key)

    def test_is_short_and_depends_on_the_key(self):
        marks = {build_fingerprint("a", key=KeyRing(keys=[key]).derive_fingerprint_key()) for key in (OLD, NEW)}
        assert len(marks) == 2 and all(len(mark) == 8 for mark in marks)
