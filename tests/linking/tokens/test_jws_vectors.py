"""The published vectors, each judged with its own key; tests/vectors/README.md explains the exceptions."""

import base64
import json
from pathlib import Path

import pytest

from linking.core.key_sets import KeyEncoding, usable_keys
from linking.tokens import jws
from tests.linking.tokens.test_jws import verified_payload

FILE = Path(__file__).parents[2] / "vectors" / "wycheproof_json_web_signature_test.json"
GROUPS = json.loads(FILE.read_text(encoding="utf-8"))["testGroups"]
VALID_BUT_WITHOUT_PAYLOAD = {259}
VALID_BUT_NOT_BASE64URL = {372, 373}
LABELLED_INVALID_BUT_SAME_TEXT_AS_357 = {367, 370}


def _key_of(group):
    return group.get("private") or group["public"]


def _cases():
    for group in GROUPS:
        key = _key_of(group)
        if key.get("alg") == "HS256":
            secret = base64.urlsafe_b64decode(key["k"] + "==")
            for case in group["tests"]:
                yield pytest.param(secret, case, id=f"{case['tcId']}-{case['comment']}")


def _expected(case):
    if case["tcId"] in VALID_BUT_NOT_BASE64URL:
        return False
    return case["result"] == "valid" or case["tcId"] in LABELLED_INVALID_BUT_SAME_TEXT_AS_357


def _is_accepted(token, *, keys):
    return verified_payload(token, keys) is not None


class TestVectors:
    @pytest.mark.parametrize(("secret", "case"), list(_cases()))
    def test_judges_every_hs256_vector_as_its_key_says(self, secret, case):
        assert _is_accepted(case["jws"], keys=(secret,)) is _expected(case)

    def test_covers_all_four_hs256_groups(self):
        assert len(list(_cases())) == 17 + 1 + 1 + 21

    def test_names_only_exceptions_that_the_file_really_contradicts(self):
        texts = {case["tcId"]: case["jws"] for group in GROUPS for case in group["tests"]}
        assert {number for number in (367, 370) if texts[number] == texts[357]} == {367, 370}

    def test_accepts_no_vector_of_another_algorithm_under_any_hs256_key(self):
        secrets = [base64.urlsafe_b64decode(_key_of(group)["k"] + "==") for group in GROUPS if _key_of(group).get("k")]
        others = [case["jws"] for group in GROUPS if not _key_of(group).get("k") for case in group["tests"]]
        assert len(others) > 300
        assert not [token for token in others if _is_accepted(token, keys=secrets)]

    def test_accepts_no_rsa_signed_text_with_the_public_key_text_as_secret(self):
        publics = [json.dumps(_key_of(group)).encode() for group in GROUPS if not _key_of(group).get("k")]
        others = [case["jws"] for group in GROUPS if not _key_of(group).get("k") for case in group["tests"]]
        assert not [token for token in others if _is_accepted(token, keys=publics)]


def _rsa_cases():
    for group in GROUPS:
        key = _key_of(group)
        if key["kty"] == "RSA":
            for case in group["tests"]:
                yield pytest.param(group["public"], case, id=f"{case['tcId']}-{case['comment']}")


def _is_accepted_by_rsa(token, *, public):
    """Judge as a project would whose key set lists this key alone, under the ID that the token names."""
    try:
        unverified = jws.read(token)
        listed = [public | ({"kid": unverified.header.key_id} if unverified.header.key_id else {})]
        keys = usable_keys(listed, encoding=KeyEncoding.BASE64URL).choose(unverified.header.key_id)
        jws.verify_rs256(unverified, keys=keys)
    except jws.JWSError:
        return False
    return True


class TestRSAVectors:
    @pytest.mark.parametrize(("public", "case"), list(_rsa_cases()))
    def test_judges_every_vector_as_its_key_says(self, public, case):
        is_valid = case["result"] == "valid" and case["tcId"] not in VALID_BUT_WITHOUT_PAYLOAD
        is_rs256 = public.get("alg") == "RS256"
        assert _is_accepted_by_rsa(case["jws"], public=public) is (is_rs256 and is_valid)

    def test_covers_all_rsa_groups(self):
        assert len(list(_rsa_cases())) == 226 + 5 + 4 + 4 + 48 + 5 + 20 + 2 + 2 + 2
