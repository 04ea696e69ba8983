import base64

import pytest

from linking.core.config import SecretName
from linking.integrations.secret_lint import lint_secret
from tests.factories import LOGIN_SECRET_KEY, ZENDESK_SHARED_SECRET, login_jwt

LOGIN, ZENDESK = SecretName.LOGIN_SECRET_KEY, SecretName.ZENDESK_SHARED_SECRET
HEX = "0123456789ABCDEF" * 4
SUSPECTS = {
    "space": (f" {LOGIN_SECRET_KEY}", LOGIN), "line end": (f"{LOGIN_SECRET_KEY}\nmore", LOGIN),
    "quotes": (f'"{LOGIN_SECRET_KEY}"', LOGIN), "PEM": ("-----BEGIN PUBLIC KEY-----" + "x" * 40, LOGIN),
    "JWT": (login_jwt(), LOGIN), "an ID": ("b7a1d0e2-5c3f-4e0a-8b7d-2f9c1a6e4d10", LOGIN),
    "an address": ("https://login.xsolla.com/some/long/path/of/it", LOGIN), "placeholder": ("x" * 40, LOGIN),
    "shorter than 32": ("sixteen-bytes-ok", LOGIN),
    "base64": (base64.b64encode(b"thirty-two bytes of key material").decode(), ZENDESK),
    "lower case": (HEX.lower(), ZENDESK), "swapped": (HEX, LOGIN),
    "2027-04-30": ("a1B2c3D4e5" * 4, SecretName.ZENDESK_CLIENT_SECRET),
}  # fmt: skip


class TestLintSecret:
    @pytest.mark.parametrize("word", SUSPECTS)
    def test_suspects(self, word):
        plain, name = SUSPECTS[word]
        assert any(word in sentence.to_text() for sentence in lint_secret(plain, name=name))

    @pytest.mark.parametrize("word", SUSPECTS)
    def test_repeats_no_secret(self, word):
        plain, name = SUSPECTS[word]
        assert plain.strip() not in " ".join(sentence.to_text() for sentence in lint_secret(plain, name=name))

    @pytest.mark.parametrize(("plain", "name"), [
        (LOGIN_SECRET_KEY, LOGIN), (ZENDESK_SHARED_SECRET, ZENDESK), (HEX, ZENDESK),
    ])  # fmt: skip
    def test_finds_nothing_wrong_with_good_ones(self, plain, name):
        assert lint_secret(plain, name=name) == ()
