import json

import jwt
import pytest

from linking.core.config import LoginAlgorithm, ZendeskProduct
from linking.tokens import jws
from linking.tokens.login_jwt import (
    LEEWAY_S,
    TIME_END_EPOCH_S,
    LoginSetupIncomplete,
    LoginTokenError,
    read_unverified_project_id,
    verify_login_jwt,
)
from linking.tokens.refusals import Reason, Refused
from tests.factories import (
    LOGIN_PROJECT_ID,
    LOGIN_SECRET_KEY,
    USER_ID,
    login_claims,
    login_jwt,
    make_config,
    signed_login_jwt,
)

NOW = 1_767_225_600
PREVIOUS = "previous-login-secret-key-for-tests-only"


def verify(token, *, config=None, now=NOW):
    return verify_login_jwt(token=token, config=config or make_config(), now=now)


def verify_claims(**changes):
    return verify(login_jwt(now=NOW, **changes))


def reason_of(call):
    with pytest.raises(Refused) as caught:
        call()
    return caught.value.reason


class TestVerifyLoginJWT:
    def test_returns_the_user_a_good_token_names(self):
        user = verify_claims()
        assert (user.user_id, user.email, user.name) == (USER_ID, "nadia@player.example", "nadia")

    @pytest.mark.parametrize("changes", [
        {"aud": []}, {"groups": ...}, {"iat": ...}, {"nbf": NOW - 1}, {"jti": "12345"}, {"scp": ["offline"]},
        {"partner_data": {"vip": False}, "type": "proxy"}, {"exp": NOW + 400_086_400}, {"payload": "x" * 500},
        {"iat": NOW - 0.5}, {"type": "device"},
    ])  # fmt: skip
    def test_takes_every_shape_login_issues(self, changes):
        assert verify_claims(**changes).user_id == USER_ID

    def test_takes_the_previous_secret_while_it_is_listed(self):
        config = make_config(login_secrets=(LOGIN_SECRET_KEY.encode(), PREVIOUS.encode()))
        assert verify(login_jwt(now=NOW, secret=PREVIOUS), config=config).user_id == USER_ID

    def test_refuses_the_previous_secret_once_it_is_not(self):
        assert reason_of(lambda: verify(login_jwt(now=NOW, secret=PREVIOUS))) is Reason.SIGNATURE

    @pytest.mark.parametrize(("until", "reason"), [(NOW + 1, None), (NOW, Reason.SIGNATURE), (0, Reason.SIGNATURE)])
    def test_takes_the_previous_secret_until_its_time_is_over(self, until, reason):
        config = make_config(previous_login_secret=PREVIOUS.encode(), previous_login_secret_until_epoch_s=until)
        token = login_jwt(now=NOW, secret=PREVIOUS)
        if reason is None:
            assert verify(token, config=config).user_id == USER_ID
        else:
            assert reason_of(lambda: verify(token, config=config)) is reason

    @pytest.mark.parametrize(("changes", "claims", "email"), [
        ({"email_claim": "partner_data.mail"}, {"partner_data": {"mail": "a@b.example"}}, "a@b.example"),
        ({"email_claim": "https://a.example/mail"}, {"https://a.example/mail": "a@b.example"}, "a@b.example"),
        ({"email_claim": "partner_data.mail"}, {"partner_data": "text"}, ""),
        ({"email_claim": "mail"}, {}, ""),
    ])  # fmt: skip
    def test_reads_the_address_from_the_claim_that_is_set(self, changes, claims, email):
        token = login_jwt(now=NOW, **claims)
        assert verify(token, config=make_config(**changes)).email == email

    @pytest.mark.parametrize(("nickname", "name", "is_chosen"), [("Nadia\u202e", "Nadia", True), (..., "nadia", False)])
    def test_reads_the_name_from_the_claim_that_is_set_if_it_is_there(self, nickname, name, is_chosen):
        user = verify(login_jwt(now=NOW, nickname=nickname), config=make_config(name_claim="nickname"))
        assert (user.name, user.is_name_chosen) == (name, is_chosen)

    def test_takes_over_mapped_claims_for_messaging(self):
        mapped = (("locale", "loc"), ("vip", "data.vip"), ("level", "level"), ("tags", "tags"), ("none", "none"))
        config = make_config(zendesk_product=ZendeskProduct.MESSAGING, claim_map=mapped)
        claims = {"loc": "de\n", "data": {"vip": True}, "level": 7, "tags": ["x"], "none": None}
        user = verify(login_jwt(now=NOW, **claims), config=config)
        assert dict(user.attributes) == {"locale": "de", "vip": True, "level": 7}

    def test_takes_over_nothing_for_chat(self):
        assert verify(login_jwt(now=NOW), config=make_config(claim_map=(("login", "username"),))).attributes == ()

    def test_refuses_another_hmac_though_the_key_is_right(self):
        token = jwt.encode(login_claims(now=NOW), LOGIN_SECRET_KEY * 2, algorithm="HS512")
        config = make_config(login_secrets=(LOGIN_SECRET_KEY.encode() * 2,))
        assert reason_of(lambda: verify(token, config=config)) is Reason.ALGORITHM

    @pytest.mark.parametrize(("changes", "reason"), [
        ({"login_secrets": ()}, Reason.LOGIN_SECRET),
        ({"login_secrets": (b"",)}, Reason.LOGIN_SECRET),
    ])  # fmt: skip
    def test_says_when_the_set_up_is_incomplete(self, changes, reason):
        with pytest.raises(LoginSetupIncomplete) as caught:
            verify(login_jwt(now=NOW), config=make_config(**changes))
        assert caught.value.reason is reason

    def test_never_uses_an_hmac_secret_for_an_rs256_project(self):
        config = make_config(login_algorithm=LoginAlgorithm.RS256)
        assert reason_of(lambda: verify(login_jwt(now=NOW), config=config)) is Reason.ALGORITHM

    def test_refuses_a_payload_that_is_no_object(self):
        token = signed_login_jwt([])
        assert reason_of(lambda: verify(token)) is Reason.MALFORMED

    @pytest.mark.parametrize("changes", [{"type": "server"}, {"request_type": "gateway_token"}, {"request_type": None}])
    def test_refuses_server_tokens(self, changes):
        assert reason_of(lambda: verify_claims(**changes)) is Reason.SERVER_TOKEN

    def test_keeps_no_claim_but_the_ones_it_needs(self):
        user = verify_claims(xsolla_login_access_key="AAAA-secret", social_access_token="BBBB-secret")
        assert "secret" not in repr(user)


class TestTimes:
    @pytest.mark.parametrize(("changes", "reason"), [
        ({"exp": ...}, Reason.EXP_MISSING), ({"exp": None}, Reason.EXP_MISSING),
        ({"exp": str(NOW + 60)}, Reason.EXP_INVALID), ({"exp": "9_999_999_999"}, Reason.EXP_INVALID),
        ({"exp": NOW + 60.0}, Reason.EXP_INVALID), ({"exp": True}, Reason.EXP_INVALID),
        ({"exp": -1}, Reason.EXP_INVALID),
        ({"exp": [NOW]}, Reason.EXP_INVALID), ({"exp": TIME_END_EPOCH_S}, Reason.EXP_INVALID),
        ({"exp": (NOW + 60) * 1000}, Reason.EXP_INVALID), ({"exp": 10**400}, Reason.EXP_INVALID),
        ({"iat": str(NOW)}, Reason.IAT_INVALID), ({"iat": False}, Reason.IAT_INVALID),
        ({"iat": -5}, Reason.IAT_INVALID),
        ({"iat": NOW * 1000}, Reason.IAT_INVALID), ({"iat": {}}, Reason.IAT_INVALID),
        ({"iat": None}, Reason.IAT_INVALID), ({"nbf": None}, Reason.NBF_INVALID),
        ({"nbf": str(NOW)}, Reason.NBF_INVALID), ({"nbf": True}, Reason.NBF_INVALID), ({"nbf": []}, Reason.NBF_INVALID),
        ({"exp": NOW - 10, "iat": NOW + 50}, Reason.LIFETIME), ({"exp": NOW - 100, "iat": NOW}, Reason.EXPIRED),
        ({"exp": NOW + 600, "iat": NOW + 900}, Reason.NOT_YET_VALID),
    ])  # fmt: skip
    def test_refuses_a_time_that_is_none(self, changes, reason):
        token = signed_login_jwt(login_claims(now=NOW, **changes))
        assert reason_of(lambda: verify(token)) is reason

    @pytest.mark.parametrize("changes", [{"exp": NOW - 59}, {"exp": NOW, "iat": NOW}, {"exp": NOW, "iat": NOW + 9}])
    def test_forgives_an_end_before_the_issue_as_much_as_either(self, changes):
        assert verify_claims(**changes).user_id

    def test_takes_the_last_possible_expiry(self):
        assert verify_claims(exp=TIME_END_EPOCH_S - 1).user_id == USER_ID

    def test_takes_an_exp_one_second_after_iat(self):
        assert verify_claims(iat=NOW - 1, exp=NOW)

    def test_forgives_an_expiry_within_the_leeway(self):
        token = login_jwt(now=NOW - 100, exp=NOW)
        assert verify(token, now=NOW + LEEWAY_S - 0.5)

    def test_refuses_an_expiry_at_the_end_of_the_leeway(self):
        token = login_jwt(now=NOW - 100, exp=NOW)
        assert reason_of(lambda: verify(token, now=NOW + LEEWAY_S)) is Reason.EXPIRED

    @pytest.mark.parametrize("claim", ["iat", "nbf"])
    def test_forgives_a_start_within_the_leeway(self, claim):
        assert verify_claims(**{claim: NOW + LEEWAY_S})

    @pytest.mark.parametrize("claim", ["iat", "nbf"])
    def test_refuses_a_start_beyond_the_leeway(self, claim):
        assert reason_of(lambda: verify_claims(**{claim: NOW + LEEWAY_S + 1})) is Reason.NOT_YET_VALID


class TestIssuerAndProject:
    @pytest.mark.parametrize("issuer", [
        ..., None, "", "https://login.xsolla.com/", "http://login.xsolla.com", "https://login.xsolla.com.evil.example",
        "login.xsolla.com", ["https://login.xsolla.com"], "HTTPS://LOGIN.XSOLLA.COM",
    ])  # fmt: skip
    def test_refuses_another_issuer(self, issuer):
        token = signed_login_jwt(login_claims(now=NOW, iss=issuer))
        assert reason_of(lambda: verify(token)) is Reason.ISSUER

    @pytest.mark.parametrize("project", [
        ..., None, "", LOGIN_PROJECT_ID.upper(), LOGIN_PROJECT_ID + " ", [LOGIN_PROJECT_ID], 7,
        "00000000-0000-4000-8000-000000000000",
    ])  # fmt: skip
    def test_refuses_another_project_though_the_key_is_right(self, project):
        assert reason_of(lambda: verify_claims(xsolla_login_project_id=project)) is Reason.PROJECT

    @pytest.mark.parametrize("audience", [None, "", [], LOGIN_PROJECT_ID, [LOGIN_PROJECT_ID], ["x", LOGIN_PROJECT_ID]])
    def test_takes_no_audience_or_one_that_names_the_project(self, audience):
        assert verify_claims(aud=audience)

    @pytest.mark.parametrize(
        "audience", ["x", ["x"], {}, 0, False, {LOGIN_PROJECT_ID: 1}, [None], [[LOGIN_PROJECT_ID]]]
    )
    def test_refuses_an_audience_that_names_somebody_else(self, audience):
        assert reason_of(lambda: verify_claims(aud=audience)) is Reason.AUDIENCE


class TestUserID:
    @pytest.mark.parametrize("sub", [USER_ID, "1", "x" * 255, "Ünïcode", "two words", "null-island", "00"])
    def test_takes_printable_ids(self, sub):
        assert verify_claims(sub=sub).user_id == sub

    @pytest.mark.parametrize(("sub", "reason"), [
        (..., Reason.SUB_MISSING), (None, Reason.SUB_MISSING), (7, Reason.SUB_NOT_TEXT), (True, Reason.SUB_NOT_TEXT),
        ([USER_ID], Reason.SUB_NOT_TEXT), ({}, Reason.SUB_NOT_TEXT), ("", Reason.SUB_BLANK), ("  \t", Reason.SUB_BLANK),
        ("x" * 256, Reason.SUB_TOO_LONG), (" x", Reason.SUB_SURROUNDING_BLANKS), ("x\n", Reason.SUB_SURROUNDING_BLANKS),
        ("a\x00b", Reason.SUB_UNPRINTABLE), ("a\u202eb", Reason.SUB_UNPRINTABLE), ("a\ud800b", Reason.SUB_UNPRINTABLE),
        ("a\u200bb", Reason.SUB_UNPRINTABLE), ("a\nb", Reason.SUB_UNPRINTABLE),
        ("null", Reason.SUB_JUNK), ("NULL", Reason.SUB_JUNK), ("undefined", Reason.SUB_JUNK), ("0", Reason.SUB_JUNK),
        ("[object Object]", Reason.SUB_JUNK), ("NaN", Reason.SUB_JUNK), ("false", Reason.SUB_JUNK),
    ])  # fmt: skip
    def test_refuses_what_is_no_id(self, sub, reason):
        token = signed_login_jwt(login_claims(now=NOW, sub=sub))
        assert reason_of(lambda: verify(token)) is reason


class TestEmail:
    @pytest.mark.parametrize("email", ["a@b.example", " a@b.example ", "x" * 244 + "@b.example"[:10]])
    def test_takes_plain_addresses(self, email):
        assert verify_claims(email=email).email == email.strip()

    @pytest.mark.parametrize("email", [..., None, "", "  ", 7, True, [], {"a": 1}])
    def test_says_that_there_is_none(self, email):
        user = verify_claims(email=email)
        assert (user.email, user.email_flaw) == ("", Reason.EMAIL_MISSING)

    @pytest.mark.parametrize(
        "email", ["nádia@b.example", "a@bücher.example", "x" * 255, "a\x00@b.example", "a\n@b.example"]
    )
    def test_never_changes_an_address_into_another(self, email):
        user = verify_claims(email=email)
        assert (user.email, user.email_flaw) == ("", Reason.EMAIL_UNUSABLE)


class TestName:
    @pytest.mark.parametrize(("changes", "name"), [
        ({}, "nadia"), ({"username": ...}, ""), ({"username": ..., "name": "Nadia K"}, "Nadia K"),
        ({"username": "", "name": "Nadia K"}, "Nadia K"), ({"username": 7, "name": "N"}, "N"),
        ({"username": "Na\u202edia\x00"}, "Nadia"), ({"username": "x" * 150}, "x" * 100), ({"username": "Жан"}, "Жан"),
    ])  # fmt: skip
    def test_is_the_username_or_the_name_cleaned(self, changes, name):
        assert verify_claims(**changes).name == name


class TestUnverifiedProjectID:
    def test_reads_the_claim_without_any_key(self):
        assert read_unverified_project_id(login_jwt(secret=PREVIOUS)) == LOGIN_PROJECT_ID

    @pytest.mark.parametrize("project", [..., None, 7, ["x"]])
    def test_is_empty_without_a_text(self, project):
        assert read_unverified_project_id(login_jwt(xsolla_login_project_id=project)) == ""

    def test_refuses_what_cannot_be_read(self):
        with pytest.raises(jws.JWSError):
            read_unverified_project_id("x.y.z")


class TestErrors:
    def test_show_nothing_of_the_token(self):
        token = login_jwt(now=NOW, iss="https://hostile.example")
        with pytest.raises(LoginTokenError) as caught:
            verify(token)
        assert json.dumps(str(caught.value)) == '"issuer"'
