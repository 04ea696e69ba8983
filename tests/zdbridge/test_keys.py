import base64
import os
import secrets
import subprocess
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.core.management.utils import get_random_secret_key
from hypothesis import given
from hypothesis import strategies as st

from zdbridge import keys
from zdbridge.keys import HOW_TO_MAKE

ROOT = Path(__file__).resolve().parents[2]


def find_flaw(key):
    return keys.find_flaw(key, name="ZDBRIDGE_SECRET_KEY")


class TestFindFlaw:
    @given(st.binary(min_size=32, max_size=32).map(lambda seed: secrets.token_urlsafe(64)))
    def test_finds_none_in_the_key_that_is_generated_for_django(self, key):
        assert find_flaw(key) == ""

    @given(st.none().map(lambda _none: Fernet.generate_key().decode()))
    def test_finds_none_in_the_key_that_is_generated_to_seal(self, key):
        assert find_flaw(key) == ""

    @pytest.mark.parametrize(
        "make",
        [
            get_random_secret_key,
            lambda: secrets.token_hex(16),
            lambda: secrets.token_hex(32),
            lambda: secrets.token_urlsafe(32),
            lambda: base64.b64encode(os.urandom(32)).decode(),
        ],
    )
    def test_finds_none_in_what_people_usually_make(self, make):
        assert {find_flaw(make()) for _time in range(200)} == {""}

    @pytest.mark.parametrize("command", HOW_TO_MAKE.values())
    def test_finds_none_in_what_it_tells_people_to_make(self, command):
        made = subprocess.run(command, shell=True, capture_output=True, text=True, check=True).stdout
        assert find_flaw(made.strip()) == ""

    @pytest.mark.parametrize(
        "key",
        [
            "x",
            "hunter2",
            "k3Jx9-2mQz_7Lw",
            "a" * 64,
            "ab" * 40,
            "0123456789" * 6,
            "K7x!Qp2z" * 8,
            "K7x!Qp2zW9" * 5 + "K7",
            "abcdefghijklmnopqrstuvwxyz0123456789",
            "zyxwvutsrqponmlkjihgfedcba9876543210ZYX",
            "django-insecure-4f&u!d)p2k^w0z$y7@1b#x9e8n5m3r6t",
            "Change-Me-4f&u!d)p2k^w0z$y7@1b#x9e8n5m3r6t",
            "your-secret-key-goes-here-0a9s8d7f6g5h4j3k2l",
            "demo-login-secret-not-a-real-one-000000",
            "zdbridge-production-key-in-our-rack-2026",
            "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=",
            base64.urlsafe_b64encode(bytes(32)).decode(),
            base64.urlsafe_b64encode(b"our seal key is thirty-two long!").decode(),
            base64.urlsafe_b64encode(bytes([7, 200] * 16)).decode(),
        ],
    )
    def test_says_what_is_wrong_and_never_the_key(self, key):
        flaw = find_flaw(key)
        assert flaw.startswith("ZDBRIDGE_SECRET_KEY ")
        assert len(key) < 4 or key not in flaw

    def test_finds_one_in_every_value_the_sample_file_shows(self):
        lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
        names = tuple(f"{name}=" for name in HOW_TO_MAKE)
        shown = [line.partition("=")[2] for line in lines if line.lstrip("#").startswith(names)]
        assert len(shown) == 2
        assert all(find_flaw(value) for value in shown)
