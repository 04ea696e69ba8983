import pytest
from cryptography.fernet import Fernet

from linking.core.secretbox import KeyRing, SealBroken

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

    def test_knows_what_the_newest_key_sealed(self):
        ring = KeyRing(keys=[NEW, OLD])
        assert ring.is_current(ring.seal("secret", place=PLACE))
        assert not ring.is_current(KeyRing(keys=[OLD]).seal("secret", place=PLACE))

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

    def test_tells_secrets_apart_by_a_fingerprint(self):
        ring = KeyRing(keys=[NEW])
        assert ring.fingerprint("a") == ring.fingerprint("a") != ring.fingerprint("b")
        assert len(ring.fingerprint("a")) == 8

    def test_keeps_fingerprints_when_a_new_key_is_put_in_front(self):
        assert KeyRing(keys=[OLD]).fingerprint("a") == KeyRing(keys=[NEW, OLD]).fingerprint("a")

    def test_shows_no_key(self):
        assert NEW not in repr(KeyRing(keys=[NEW]))
