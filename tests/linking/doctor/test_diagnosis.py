import base64
import hmac
import json
from dataclasses import replace
from urllib.parse import quote

import jwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linking.core.config import LoginAlgorithm, MissingEmail, Mode, ZendeskProduct
from linking.doctor.causes import CAUSES
from linking.doctor.diagnosis import diagnose
from linking.doctor.verdicts import DoctorContext, TokenKind, VerdictState
from linking.tokens import jws
from linking.tokens.clock_reading import reading_of
from linking.tokens.login_jwt import verify_login_jwt
from linking.tokens.refusals import REFUSALS, Reason, Refused
from linking.tokens.zendesk_jwt import zendesk_jwt
from sandbox.zendesk.judge import judge as judged_by_the_stand_in
from sandbox.zendesk.messaging_judge import judge_messaging
from tests.factories import (
    LOGIN_SECRET_KEY,
    USER_ID,
    ZENDESK_ACCESS_TOKEN,
    ZENDESK_SHARED_SECRET,
    login_claims,
    login_jwt,
    make_config,
)
from tests.rsa_keys import key_set, rs256_jwt

NOW = 1_767_225_600
KEY = LOGIN_SECRET_KEY.encode()
OTHER = make_config(
    integration_id=2, slug="other", name="Other", login_project_id="11111111-2222-3333-4444-555555555555",
    login_secrets=(b"the-other-integration's-login-secret-key",),
    zendesk_shared_secret=b"the-other-zendesk-secret-0000000",
)  # fmt: skip
CHAT = {"name": "n@p.example", "email": "n@p.example", "external_id": "u-1", "iat": NOW, "exp": NOW + 300}
MESSAGING = make_config(zendesk_product=ZendeskProduct.MESSAGING, zendesk_key_id="app_0123456789abcdef01234567")


def seen(text, *, kind=TokenKind.AUTO, config=None, **changes):
    config = config or make_config(**changes)
    return diagnose(text=text, kind=kind, around=DoctorContext(config=config, known=(config, OTHER), now=NOW))


def causes(text, **settings_):
    return {one.cause for one in seen(text, **settings_).verdicts if one.cause}


def token(**changes):
    return login_jwt(now=NOW, **changes)


def zendesk(*, secret=ZENDESK_SHARED_SECRET, header=None, drop=(), **changes):
    claims = {name: value for name, value in (CHAT | changes).items() if name not in drop}
    return jwt.encode(claims, secret, algorithm="HS256", headers=header)


def messaging(*, kid=MESSAGING.zendesk_key_id, drop=(), **changes):
    base = {
        "scope": "user",
        "external_id": "u-1",
        "name": "N",
        "exp": NOW + 300,
        "email_verified": False,
        "email": "n@p.example",
    }
    claims = {name: value for name, value in (base | changes).items() if name not in drop}
    return jwt.encode(claims, ZENDESK_SHARED_SECRET, algorithm="HS256", headers={"kid": kid} if kid else None)


def raw_token(*, header=b'{"alg":"HS256","typ":"JWT"}', payload=None, secret=None):
    body = payload if payload is not None else json.dumps(login_claims(now=NOW)).encode()
    parts = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in (header, body))
    read = jws.UnverifiedJWS(header=jws.Header("HS256", None), signing_input=parts, payload=body, signature=b"")
    digest = hmac.digest(KEY if secret is None else secret, read.signing_input, "sha256")
    return (parts + b"." + base64.urlsafe_b64encode(digest).rstrip(b"=")).decode()


def signed_with(secret):
    return raw_token(secret=secret)


HEX = b"aabbccddeeff00112233445566778899aabbccddeeff0011"
BASE64 = base64.b64encode(b"thirty-two bytes of key material")
GOOD = token()
NO_VERDICT = {
    "page_load": lambda: f"Cookie: token={GOOD}\nSec-Fetch-Mode: navigate",
    "origin_near": lambda: f"Cookie: token={GOOD}\nOrigin: http://shop.example",
    "origin_unlisted": lambda: f"Cookie: token={GOOD}\nOrigin: https://other.example",
    "is_secret": lambda: LOGIN_SECRET_KEY,
    "nothing_pasted": lambda: " \n",
    "paste_too_long": lambda: "x" * 1_000_000,
    "no_token_found": lambda: "why does it not work",
    "several_tokens": lambda: f"{GOOD} or {token(sub='u-2')}",
    "other_text": lambda: f"my token is {GOOD}",
    "nothing_sent": lambda: "curl https://bridge.example/generate/token",
    "cookie_file": lambda: "curl -b cookies.txt https://bridge.example/generate/token",
    "open_quote": lambda: f"curl -b 'token={GOOD}",
    "token_in_body": lambda: f"curl -d token={GOOD} https://bridge.example/generate/token",
    "empty_cookie": lambda: "Cookie: token=; theme=dark",
    "two_cookies": lambda: f"Cookie: token={GOOD}; token={token(sub='u-2')}",
    "other_cookie": lambda: f"Cookie: login={GOOD}",
    "no_cookie": lambda: "Cookie: theme=dark; lang=en",
    "cookie_not_ascii": lambda: f"Cookie: name=Zoë; token={GOOD}",
    "token_in_query": lambda: f"curl 'https://bridge.example/generate/token?token={GOOD}'",
    "empty_bearer": lambda: "Authorization: Bearer",
    "not_bearer": lambda: "Authorization: Basic dXNlcjpwYXNz",
    "refused_answer": lambda: '{"code":"00-01","description":"x","reason":"expired"}',
    "cors_error": lambda: "has been blocked by CORS policy",
    "mixed_content": lambda: "Mixed Content: The page was loaded over HTTPS",
    "status_alone": lambda: "the server responded with a status of 401 ()",
    "oauth_code": lambda: "https://shop.example/callback?code=abc",
    "token_in_login_url": lambda: json.dumps({"login_url": f"https://shop.example/?token={GOOD}"}),
    "decoded_token": lambda: json.dumps(login_claims(now=NOW)),
    "login_error": lambda: '{"error":{"code":"002-016"}}',
    "other_error": lambda: '{"error":"invalid_token"}',
    "json_without_token": lambda: '{"token":null}',
}
SHAPES = {
    "invisible_characters": lambda: f"\ufeff{GOOD}",
    "punctuation": lambda: f"{GOOD},",
    "backslashes": lambda: f"{GOOD}\\n",
    "script_word": lambda: "undefined",
    "placeholder": lambda: "$TOKEN",
    "page": lambda: "<!doctype html>",
    "shortened": lambda: f"{GOOD[:60]}…",
    "case_changed": lambda: GOOD.lower(),
    "surrounding_blanks": lambda: f"{GOOD}\n",
    "quoted": lambda: f'"{GOOD}"',
    "bearer_prefix": lambda: f"Bearer {GOOD}",
    "name_prefix": lambda: f"access_token={GOOD}",
    "glued_parameters": lambda: f"{GOOD}&state=xyz",
    "percent_encoded": lambda: quote(f"{GOOD}&state=1"),
    "inner_blanks": lambda: f"{GOOD[:90]}\n{GOOD[90:]}",
    "base64_padding": lambda: f"{GOOD}=",
    "standard_base64": lambda: f"{GOOD[:-3]}+{GOOD[-2:]}",
    "one_part": lambda: "some-session-id-that-is-no-token",
    "two_parts": lambda: GOOD.rpartition(".")[0],
    "five_parts": lambda: f"{GOOD}.abcd.abcd",
    "wrong_parts": lambda: f"{GOOD}.abcd",
    "empty_part": lambda: GOOD.rpartition(".")[0] + ".",
    "odd_characters": lambda: f"{GOOD[:-2]}é{GOOD[-1]}",
    "truncated": lambda: GOOD[:-2],
    "unusual_base64": lambda: GOOD[:-1] + ("B" if GOOD[-1] != "B" else "F"),
    "header_not_json": lambda: "AAAA" + GOOD[4:],
    "payload_not_json": lambda: raw_token(payload=b'{"a":1,"a":2}'),
    "too_large": lambda: "x" * 9000,
    "header_names": lambda: raw_token(header=b'{"alg":"HS256","jku":"https://evil.example"}'),
    "access_key": lambda: "A" * 43,
    "uuid": lambda: make_config().login_project_id,
}
CLAIMS = {
    "server_token": {"type": "server"},
    "exp_missing": {"exp": ...},
    "exp_text": {"exp": str(NOW + 60)},
    "exp_milliseconds": {"exp": (NOW + 60) * 1000},
    "exp_fraction": {"exp": NOW + 60.5},
    "exp_invalid": {"exp": True},
    "iat_text": {"iat": str(NOW)},
    "iat_milliseconds": {"iat": NOW * 1000},
    "iat_invalid": {"iat": None},
    "nbf_text": {"nbf": str(NOW)},
    "nbf_milliseconds": {"nbf": NOW * 1000},
    "nbf_invalid": {"nbf": []},
    "lifetime": {"exp": NOW - 20, "iat": NOW + 50},
    "exp_duration": {"exp": 86_400, "iat": ...},
    "expired": {"exp": NOW - 600, "iat": NOW - 900},
    "clock_ahead": {"iat": NOW + 90, "exp": NOW + 900},
    "nbf_ahead": {"nbf": NOW + 90},
    "issuer_missing": {"iss": ...},
    "issuer_slash": {"iss": "https://login.xsolla.com/"},
    "issuer_other": {"iss": "https://evil.example"},
    "project_missing": {"xsolla_login_project_id": ...},
    "project_known": {"xsolla_login_project_id": OTHER.login_project_id},
    "project_spelling": {"xsolla_login_project_id": make_config().login_project_id.upper()},
    "project_unknown": {"xsolla_login_project_id": "99999999-2222-3333-4444-555555555555"},
    "audience": {"aud": ["somebody else"]},
    "sub_missing": {"sub": ...},
    "sub_blank": {"sub": ""},
    "sub_too_long": {"sub": "x" * 256},
    "sub_surrounding_blanks": {"sub": " u-1"},
    "sub_unprintable": {"sub": "u\u202e1"},
    "sub_junk": {"sub": "null"},
    "email_missing": {"email": ...},
    "email_unusable": {"email": "é@p.example"},
}
SIGNED = {
    "signed_trimmed": (KEY, KEY + b" "),
    "signed_line_end": (KEY + b"\n", KEY),
    "signed_base64": (base64.b64decode(BASE64), BASE64),
    "signed_base64_text": (base64.b64encode(KEY), KEY),
    "signed_hex": (bytes.fromhex(HEX.decode()), HEX),
    "signed_quoted": (b'"' + KEY + b'"', KEY),
    "signed_unquoted": (KEY, b'"' + KEY + b'"'),
    "signed_case": (KEY.upper(), KEY),
    "signed_empty": (b"", KEY),
    "signed_swapped": (ZENDESK_SHARED_SECRET.encode(), KEY),
    "signed_elsewhere": (OTHER.login_secrets[0], KEY),
    "signed_unknown": (b"a secret of nobody, long enough to be one", KEY),
}
RS256 = {"login_algorithm": LoginAlgorithm.RS256}
NEXT = b"the-next-zendesk-secret-0000000000"
SETTINGS = {
    "disabled": (GOOD, {"is_enabled": False}),
    "login_secret": (GOOD, {"login_secrets": ()}),
    "zendesk_secret": (GOOD, {"zendesk_shared_secret": b""}),
    "zendesk_key_id": (GOOD, {"zendesk_product": ZendeskProduct.MESSAGING}),
    "algorithm_hs256": (GOOD, RS256),
    "algorithm_rs256": (raw_token(header=b'{"alg":"RS256","typ":"JWT"}'), {}),
    "algorithm_none": (raw_token(header=b'{"alg":"none","typ":"JWT"}').rsplit(".", 1)[0] + ".", {}),
    "algorithm_other": (raw_token(header=b'{"alg":"PS256","typ":"JWT"}'), {}),
    "algorithm_missing": (raw_token(header=b'{"typ":"JWT"}'), {}),
    "algorithm_hash": (jwt.encode(login_claims(now=NOW), LOGIN_SECRET_KEY, algorithm="HS512"), {}),
    "signed_previous": (signed_with(KEY), {"login_secrets": (b"the-new-secret-of-the-login-project", KEY)}),
    "signed_retired": (
        signed_with(KEY),
        {"login_secrets": (b"the-new-secret-of-the-login-project",), "previous_login_secret": KEY},
    ),
    "blocked": (GOOD, {"blocked_user_ids": frozenset({USER_ID})}),
    "project_publisher": (token(project_id=44056), {"login_project_id": "44056"}),
    "zendesk_token_at_login": (f"Cookie: token={zendesk()}", {}),
    "foreign_token": (jwt.encode({"iss": "https://accounts.google.com", "exp": NOW + 60}, KEY), {}),
    "support_token": (jwt.encode({"jti": "1", "iat": NOW, "email": "a@b.example", "name": "A"}, KEY), {}),
    "observing": (GOOD, {"mode": Mode.OBSERVE}),
    "signed_another_kind": (f"Cookie: token={zendesk()}", {}),
    "signed_before_switch": (zendesk(secret=NEXT.decode()), {"zendesk_shared_secret_next": NEXT}),
    "signed_after_switch": (
        zendesk(),
        {"zendesk_shared_secret_next": NEXT, "zendesk_secret_switch_epoch_s": NOW - 60},
    ),
    "sub_not_text": (raw_token(payload=json.dumps(login_claims(now=NOW, sub=12)).encode()), {}),
}
RS256_TOKEN = rs256_jwt(now=NOW)
RS256_CASES = {
    "rs256_keys": (RS256_TOKEN, {}),
    "unknown_key": (RS256_TOKEN, {make_config().login_project_id: key_set("second")}),
    "signed_unknown_rs256": (rs256_jwt(now=NOW, kid="second"), {make_config().login_project_id: key_set("second")}),
}
AT_ZENDESK = {
    "login_token_at_zendesk": lambda: GOOD,
    "zendesk_kid_in_chat": lambda: zendesk(header={"kid": "app_1"}),
    "signed_unknown_zendesk": lambda: zendesk(secret="a secret of nobody, long enough to be one"),
    "zendesk_typ": lambda: jwt.encode(CHAT, ZENDESK_SHARED_SECRET, headers={"typ": None}),
    "zendesk_name": lambda: zendesk(name=" "),
    "zendesk_external_id": lambda: zendesk(external_id=12),
    "zendesk_external_id_long": lambda: zendesk(external_id="x" * 256),
    "zendesk_email": lambda: zendesk(drop=("email",)),
    "zendesk_email_accents": lambda: zendesk(email="é@p.example"),
    "zendesk_iat": lambda: zendesk(drop=("iat",)),
    "zendesk_iat_skew": lambda: zendesk(iat=NOW - 200),
    "zendesk_exp": lambda: zendesk(drop=("exp",)),
    "zendesk_exp_far": lambda: zendesk(exp=NOW + 3600),
    "zendesk_expired": lambda: zendesk(iat=NOW - 100, exp=NOW - 10),
    "zendesk_extra": lambda: zendesk(role="vip"),
}
AT_MESSAGING = {
    "zendesk_kid_missing": lambda: messaging(kid=""),
    "zendesk_kid_other": lambda: messaging(kid="app_other"),
    "zendesk_scope": lambda: messaging(scope="admin"),
    "zendesk_email_verified": lambda: messaging(email_verified="true"),
}
SHOWN = {
    *NO_VERDICT, *SHAPES, *CLAIMS, *SIGNED, *SETTINGS, *RS256_CASES, *AT_ZENDESK, *AT_MESSAGING, "no_integration",
    "clock_behind",
}  # fmt: skip


class TestCauses:
    @pytest.mark.parametrize("cause", [*NO_VERDICT, *SHAPES])
    def test_of_a_paste(self, cause):
        assert cause in causes((NO_VERDICT | SHAPES)[cause]())

    @pytest.mark.parametrize("cause", CLAIMS)
    def test_of_a_claim(self, cause):
        found = seen(raw_token(payload=json.dumps(login_claims(now=NOW, **CLAIMS[cause])).encode()))
        assert found.first_problem.cause == cause

    @pytest.mark.parametrize("cause", SIGNED)
    def test_of_a_signature(self, cause):
        signer, kept = SIGNED[cause]
        assert seen(signed_with(signer), login_secrets=(kept,)).first_problem.cause == cause

    @pytest.mark.parametrize("cause", SETTINGS)
    def test_of_the_settings(self, cause):
        text, changes = SETTINGS[cause]
        assert cause in causes(text, **changes)

    @pytest.mark.parametrize("cause", RS256_CASES)
    def test_of_an_rs256_project(self, cause):
        text, keys = RS256_CASES[cause]
        around = DoctorContext(config=make_config(**RS256), known=(), now=NOW, keys=keys)
        assert diagnose(text=text, kind=TokenKind.AUTO, around=around).first_problem.cause == cause

    def test_of_none_with_the_right_rs256_key(self):
        keys = {make_config().login_project_id: key_set("first")}
        around = DoctorContext(config=make_config(**RS256), known=(), now=NOW, keys=keys)
        assert diagnose(text=RS256_TOKEN, kind=TokenKind.AUTO, around=around).is_accepted

    @pytest.mark.parametrize("cause", AT_ZENDESK)
    def test_of_a_chat_token(self, cause):
        assert cause in causes(AT_ZENDESK[cause](), kind=TokenKind.ZENDESK)

    @pytest.mark.parametrize("cause", AT_MESSAGING)
    def test_of_a_messaging_token(self, cause):
        assert cause in causes(AT_MESSAGING[cause](), kind=TokenKind.ZENDESK, config=MESSAGING)

    @pytest.mark.parametrize(("claim_map", "is_told"), [((("locale", "loc"),), False), ((), True)])
    def test_tell_of_further_claims_only_where_none_are_mapped(self, claim_map, is_told):
        config = replace(MESSAGING, claim_map=claim_map)
        found = causes(messaging(locale="de"), kind=TokenKind.ZENDESK, config=config)
        assert ("zendesk_extra" in found) is is_told

    def test_without_any_integration(self):
        around = DoctorContext(config=None, known=(), now=NOW)
        assert diagnose(text=GOOD, kind=TokenKind.AUTO, around=around).first_problem.cause == "no_integration"

    @pytest.mark.parametrize(
        ("counts", "cause"), [({95: 3}, "clock_behind"), ({95: 2}, "clock_ahead"), ({}, "clock_ahead")]
    )
    def test_of_a_token_of_the_future_where_others_were_too(self, counts, cause):
        config, reading = make_config(), reading_of(counts)
        clocks = {config.integration_id: reading} if reading else {}
        around = DoctorContext(config=config, known=(config,), now=NOW, clocks=clocks)
        found = diagnose(text=token(iat=NOW + 95, exp=NOW + 900), kind=TokenKind.AUTO, around=around)
        assert found.first_problem.cause == cause

    def test_are_all_shown_by_some_token(self):
        assert set(CAUSES) == SHOWN


class TestDiagnose:
    def test_names_the_offset_of_the_clock_in_seconds(self):
        problem = seen(token(iat=NOW + 95, exp=NOW + 900)).first_problem.problem
        assert "95 s ahead" in problem

    @pytest.mark.parametrize(("ago", "words"), [
        (61, "61 s ago"), (600, "600 s (≈ 10 min) ago"), (9000, "9000 s (≈ 2 h) ago"),
        (248_215, "248215 s (≈ 3 d) ago"),
    ])  # fmt: skip
    def test_says_long_times_in_words_too(self, ago, words):
        assert words in seen(token(iat=NOW - ago - 60, exp=NOW - ago)).first_problem.problem

    @pytest.mark.parametrize(("changes", "number"), [({}, 0), ({"iss": "x"}, 0), ({"iss": "x", "sub": ""}, 1)])
    def test_counts_what_else_is_wrong(self, changes, number):
        assert seen(token(**changes)).further_problems == number

    @pytest.mark.parametrize("text", [
        f"LOGIN_SECRET='{LOGIN_SECRET_KEY}'", json.dumps({"zendesk_shared_secret": ZENDESK_SHARED_SECRET}),
        f"curl -H 'Authorization: Bearer {ZENDESK_ACCESS_TOKEN}' https://acme.zendesk.com/api/v2/chat/chats",
        OTHER.login_secrets[0].decode(),
    ])  # fmt: skip
    def test_finds_a_secret_anywhere_in_the_paste(self, text):
        around = DoctorContext(config=None, known=(make_config(), OTHER), now=NOW)
        assert diagnose(text=text, kind=TokenKind.AUTO, around=around).first_problem.cause == "is_secret"

    def test_takes_no_short_text_for_a_secret(self):
        assert seen(GOOD, zendesk_access_token="eyJ").is_accepted

    def test_wants_no_name_in_a_messaging_token(self):
        assert seen(messaging(drop=("name",)), config=MESSAGING).is_accepted
        assert not seen(messaging(name=" "), config=MESSAGING).is_accepted

    def test_forgives_what_the_endpoint_forgives(self):
        assert seen(token(iat=NOW + 60)).is_accepted

    def test_goes_on_behind_a_mistake_that_can_be_undone(self):
        found = seen(f'"{token(iss="https://evil.example")}"')
        assert [one.cause for one in found.verdicts if one.state is VerdictState.BAD] == ["quoted", "issuer_other"]

    def test_judges_the_claims_of_a_token_with_a_wrong_signature(self):
        found = {one.rule: one.state for one in seen(signed_with(b"x" * 32)).verdicts}
        assert (found["signature"], found["issuer"]) == (VerdictState.BAD, VerdictState.GOOD)

    def test_skips_what_cannot_be_judged(self):
        found = {one.rule: one.state for one in seen(raw_token(payload=b'{"exp":"1"}')).verdicts}
        assert (found["not_expired"], found["email"]) == (VerdictState.SKIPPED, VerdictState.SKIPPED)

    def test_finds_the_integration_by_the_project(self):
        around = DoctorContext(config=None, known=(OTHER, make_config()), now=NOW)
        assert diagnose(text=GOOD, kind=TokenKind.AUTO, around=around).slug == "acme"

    def test_finds_the_integration_of_several_with_that_project_by_the_key(self):
        twin = make_config(slug="twin", login_secrets=(b"another-login-secret-key-for-tests-only",))
        around = DoctorContext(config=None, known=(twin, make_config()), now=NOW)
        assert diagnose(text=GOOD, kind=TokenKind.AUTO, around=around).slug == "acme"

    @pytest.mark.parametrize("text", [
        f"curl -H 'Authorization: Bearer {GOOD}' https://b.example/generate/token", f"Authorization: bearer {GOOD}",
        f"curl https://b.example/generate/token \\\n  -b 'theme=x; token={GOOD}'", f"Cookie: a=b; token={GOOD}",
        f"curl -H'Cookie: token={GOOD}' https://b.example", f"GET / HTTP/1.1\r\nHost: x\r\nCookie: token={GOOD}\r\n",
        f"token={GOOD}", json.dumps({"token": GOOD}), GOOD, f"curl --oauth2-bearer {GOOD} https://b.example",
    ])  # fmt: skip
    def test_finds_the_token_in(self, text):
        assert seen(text).is_accepted

    @pytest.mark.parametrize("text", [
        "\x00", f"{GOOD}\x00", "<script>alert(1)</script>", "curl 'unclosed", '{"token":' * 5000,
        "{" * 60_000, "a.b.c",
        "=" * 60_000, ";" * 60_000, "%" * 9000, "?" + "&" * 60_000, "\ud800.\ud800.\ud800", "curl -H", "http://[",
        "é" * 100,
        "x" * 1_000_000, "Cookie: " + "token=a;" * 8000, f"{GOOD[:20]}..", "..",
        '{"code":1,"reason":[]}', "curl -H -b -H",
    ])  # fmt: skip
    def test_answers_hostile_pastes(self, text):
        assert not seen(text).is_accepted

    def test_repeats_nothing_secret(self):
        found = seen(signed_with(KEY + b"\n"), missing_email=MissingEmail.OMIT)
        told = " ".join(one.problem + one.fix for one in found.verdicts)
        assert not [part for part in (LOGIN_SECRET_KEY, "nadia@", "3f0d2c54", GOOD[:30]) if part in told]

    def test_cleans_what_strangers_wrote(self):
        problem = seen(token(iss="https://evil.example\n\u202e" + "x" * 500)).first_problem.problem
        assert "\n" not in problem
        assert "\u202e" not in problem
        assert len(problem) < 120


class TestRefusals:
    @pytest.mark.parametrize("reason", list(Reason))
    def test_of_the_endpoint_are_explained(self, reason):
        found = seen(json.dumps({"code": REFUSALS[reason].code, "description": "", "reason": reason}))
        assert found.first_problem.fix == REFUSALS[reason].description


class TestTranslation:
    @staticmethod
    def found(text):
        config = make_config()
        around = DoctorContext(config=config, known=(config,), now=NOW, translate=lambda template: f"«{template}»")
        return diagnose(text=text, kind=TokenKind.AUTO, around=around).first_problem

    def test_happens_before_the_values_are_filled_in(self):
        assert self.found("a.b.c.d").problem == "«The token has 4 parts. A JWT has three.»"

    def test_reaches_the_refusal_that_was_pasted(self):
        found = self.found('{"code": "00-00", "reason": "not_passed"}')
        assert f"«{REFUSALS[Reason.NOT_PASSED].description}»" in found.fix


HOSTILE = st.sampled_from([
    None, True, 0, -1, 1.5, NOW, NOW + 60, NOW + 61, NOW - 60, NOW - 61, NOW * 1000, str(NOW), "", " ", "null", "\x00",
    "\u202e", "x" * 300, [], {}, ["a"], "server", "https://login.xsolla.com/", "é@p.example",
    make_config().login_project_id,
    OTHER.login_project_id,
])  # fmt: skip
CHANGES = st.dictionaries(
    st.sampled_from(["exp", "iat", "nbf", "iss", "sub", "aud", "email", "type", "username", "external_id", "jti",
                     "request_type", "xsolla_login_project_id"]), HOSTILE, max_size=3,
)  # fmt: skip
CONFIGS = st.sampled_from([
    make_config(), make_config(missing_email=MissingEmail.OMIT), make_config(missing_email=MissingEmail.PLACEHOLDER),
    make_config(zendesk_product=ZendeskProduct.MESSAGING), MESSAGING, make_config(zendesk_shared_secret=b""),
    make_config(login_secrets=()), make_config(login_secrets=(b"new-secret-of-the-login-project-0000", KEY)),
    make_config(**RS256),
])  # fmt: skip


def is_issued(text, *, config):
    try:
        zendesk_jwt(user=verify_login_jwt(token=text, config=config, now=NOW), config=config, now=NOW)
    except Refused:
        return False
    return True


class TestAgreement:
    @settings(max_examples=400, deadline=None)
    @given(
        changes=CHANGES, dropped=st.sets(st.sampled_from(["iat", "exp", "email", "sub"]), max_size=1), config=CONFIGS
    )
    def test_all_green_means_issued_and_issued_means_all_green(self, changes, dropped, config):
        claims = {name: value for name, value in (login_claims(now=NOW) | changes).items() if name not in dropped}
        text = raw_token(payload=json.dumps(claims).encode())
        assert seen(text, kind=TokenKind.LOGIN, config=config).is_accepted == is_issued(text, config=config)

    @settings(max_examples=400, deadline=None)
    @given(at=st.integers(0, len(GOOD) - 1), character=st.characters(max_codepoint=0x2FF), cut=st.integers(0, 3))
    def test_holds_for_damaged_tokens(self, at, character, cut):
        text = GOOD[:at] + character + GOOD[at + cut :]
        assert seen(text, kind=TokenKind.LOGIN).is_accepted == is_issued(text, config=make_config())

    @pytest.mark.parametrize("config", [make_config(), MESSAGING, make_config(missing_email=MissingEmail.OMIT)])
    def test_finds_nothing_wrong_with_what_we_sign(self, config):
        claims = login_jwt(now=NOW) if config.missing_email is MissingEmail.REFUSE else login_jwt(now=NOW, email=...)
        user = verify_login_jwt(token=claims, config=config, now=NOW)
        ours = zendesk_jwt(user=user, config=config, now=NOW)
        assert seen(ours, config=config).is_accepted
        assert seen(ours, config=config).kind is TokenKind.ZENDESK

    @settings(max_examples=300, deadline=None)
    @given(
        changes=st.dictionaries(st.sampled_from(list(CHAT)), HOSTILE, max_size=2),
        secret=st.sampled_from(["right", ZENDESK_SHARED_SECRET]),
    )
    def test_accepts_no_chat_token_that_the_stand_in_refuses(self, changes, secret):
        text = raw_token(payload=json.dumps(CHAT | changes).encode(), secret=secret.encode())
        theirs = judged_by_the_stand_in(token=text, secret=ZENDESK_SHARED_SECRET, now_s=NOW)
        found = seen(text, kind=TokenKind.ZENDESK)
        assert not (found.is_accepted and theirs.reason)

    @settings(max_examples=300, deadline=None)
    @given(
        changes=st.dictionaries(
            st.sampled_from(["external_id", "scope", "name", "email", "email_verified", "exp"]), HOSTILE, max_size=2
        ),
        kid=st.sampled_from([MESSAGING.zendesk_key_id, "app_other", ""]),
    )
    def test_accepts_no_messaging_token_that_the_stand_in_refuses(self, changes, kid):
        text = messaging(kid=kid, **changes)
        theirs = judge_messaging(token=text, keys={MESSAGING.zendesk_key_id: ZENDESK_SHARED_SECRET}, now_s=NOW)
        assert not (seen(text, kind=TokenKind.ZENDESK, config=MESSAGING).is_accepted and theirs.reason)
