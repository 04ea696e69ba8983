import json

import jwt
import pytest

from linking.core.config import MissingEmail, ZendeskProduct, snapshot_of
from linking.limits import Limiter
from linking.tokens import endpoint as tokens
from linking.tokens.verified_tokens import VerifiedTokens
from tests.factories import (
    LOGIN_PROJECT_ID,
    LOGIN_SECRET_KEY,
    ORIGIN,
    USER_ID,
    ZENDESK_SHARED_SECRET,
    login_jwt,
    make_config,
)

NOW = 1_767_225_600
OTHER_PROJECT = "00000000-0000-4000-8000-000000000001"
OTHER_SECRET = "login-secret-key-of-other-for-tests-only"
OTHER_ORIGIN = "https://other.example"
ALWAYS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Vary": "Origin",
}


def other_config(**changes):
    values = {
        "integration_id": 2,
        "slug": "other",
        "login_project_id": OTHER_PROJECT,
        "login_secrets": (OTHER_SECRET.encode(),),
        "allowed_origins": frozenset({OTHER_ORIGIN}),
    }
    return make_config(**(values | changes))


def limits(*, per_address=0, per_user=0):
    return tokens.TokenLimits(per_address=Limiter(per_minute=per_address), per_user=Limiter(per_minute=per_user))


def ask(*, configs=None, limited=None, now=NOW, token=None, verified=None, **request):
    """Ask as a page does: GET with the cookie, unless said otherwise."""
    if token is not None:
        request["cookie_header"] = f"token={token}"
    return tokens.answer(
        request=tokens.TokenRequest(**({"method": "GET"} | request)),
        snapshot=snapshot_of(configs=[make_config()] if configs is None else configs),
        now=now,
        limits=limited or limits(),
        verified=verified,
    )


def fresh(**changes):
    return login_jwt(now=NOW, **changes)


def other_token(**changes):
    return fresh(secret=OTHER_SECRET, xsolla_login_project_id=OTHER_PROJECT, **changes)


def refusal_of(answer):
    body = json.loads(answer.body)
    assert set(body) == {"code", "description", "reason"}
    return answer.status, body["code"], body["reason"]


def claims_of(answer, *, secret=ZENDESK_SHARED_SECRET):
    assert answer.status == 200, answer.body
    return jwt.decode(
        json.loads(answer.body)["token"],
        secret,
        algorithms=["HS256"],
        options={"verify_exp": False, "verify_iat": False},
    )


class TestSuccess:
    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_gives_a_zendesk_jwt(self, method):
        assert claims_of(ask(token=fresh(), method=method))["external_id"] == USER_ID

    def test_is_json_that_nobody_keeps(self):
        answer = ask(token=fresh())
        headers = dict(answer.headers)
        assert headers == ALWAYS | {"Content-Type": "application/json", "Content-Length": str(len(answer.body))}

    def test_says_whom_it_was_for(self):
        answer = ask(token=fresh())
        user = answer.user
        assert (answer.config.integration_id, user.user_id, user.email) == (1, USER_ID, "nadia@player.example")

    def test_gives_head_the_headers_without_the_body(self):
        get, head = ask(token=fresh()), ask(token=fresh(), method="HEAD")
        assert (head.status, head.headers, head.body, head.user) == (get.status, get.headers, b"", None)

    def test_follows_the_policy_for_a_missing_email(self):
        config = make_config(missing_email=MissingEmail.OMIT)
        assert "email" not in claims_of(ask(configs=[config], token=fresh(email=...)))

    def test_serves_messaging(self):
        config = make_config(zendesk_product=ZendeskProduct.MESSAGING, zendesk_key_id="app_1")
        assert claims_of(ask(configs=[config], token=fresh()))["scope"] == "user"


class TestCredentials:
    def test_takes_a_bearer_token(self):
        assert ask(authorization=f"Bearer {fresh()}").status == 200

    @pytest.mark.parametrize("scheme", ["bearer", "BEARER"])
    def test_does_not_mind_the_case_of_the_scheme(self, scheme):
        assert ask(authorization=f"{scheme} {fresh()}").status == 200

    def test_prefers_the_bearer_token_to_the_cookie(self):
        answer = ask(authorization=f"Bearer {fresh(sub='of-the-header')}", token=fresh())
        assert claims_of(answer)["external_id"] == "of-the-header"

    def test_does_not_fall_back_from_a_bad_bearer_token_to_the_cookie(self):
        assert refusal_of(ask(authorization="Bearer x", token=fresh())) == (401, "00-01", "malformed")

    @pytest.mark.parametrize("authorization", ["Basic bmFkaWE6eA==", "Token abc", "", "Bearerx"])
    def test_takes_the_cookie_beside_another_scheme(self, authorization):
        assert ask(authorization=authorization, token=fresh()).status == 200

    def test_refuses_when_nothing_was_passed(self):
        assert refusal_of(ask()) == (401, "00-00", "not_passed")

    def test_refuses_when_only_another_cookie_was_passed(self):
        assert refusal_of(ask(cookie_header=f"session={fresh()}")) == (401, "00-00", "not_passed")

    def test_says_so_when_the_server_could_not_read_the_cookies(self):
        assert refusal_of(ask(cookie_header="")) == (401, "00-00", "cookies_unreadable")

    def test_takes_a_bearer_token_beside_unreadable_cookies(self):
        assert ask(cookie_header="", authorization=f"Bearer {fresh()}").status == 200

    @pytest.mark.parametrize("slug", [None, "acme"])
    @pytest.mark.parametrize(
        "passed", [{"cookie_header": "token="}, {"authorization": "Bearer"}, {"authorization": "Bearer "}]
    )
    def test_refuses_an_empty_token(self, slug, passed):
        assert refusal_of(ask(slug=slug, **passed)) == (401, "00-01", "empty")

    def test_refuses_one_cookie_with_two_values(self):
        header = f"token={fresh()}; token={fresh(sub='somebody-else')}"
        assert refusal_of(ask(cookie_header=header)) == (401, "00-01", "ambiguous_cookie")

    def test_takes_one_cookie_twice_with_one_value(self):
        assert ask(cookie_header=f"token={fresh()}; token={fresh()}").status == 200

    def test_refuses_a_quoted_cookie(self):
        assert refusal_of(ask(cookie_header=f'token="{fresh()}"')) == (401, "00-01", "malformed")

    def test_reads_the_cookie_the_integration_names(self):
        answer = ask(configs=[make_config(cookie_name="login")], cookie_header=f"token=x; login={fresh()}")
        assert answer.status == 200

    @pytest.mark.parametrize(("passed", "challenge"), [
        ({}, "Bearer"), ({"token": "x"}, 'Bearer error="invalid_token"'),
    ])  # fmt: skip
    def test_names_the_scheme_on_401(self, passed, challenge):
        assert dict(ask(**passed).headers)["WWW-Authenticate"] == challenge


class TestTokenRefusals:
    @pytest.mark.parametrize(("changes", "expected"), [
        ({"exp": NOW - 61, "iat": NOW - 100}, (401, "00-01", "expired")),
        ({"nbf": NOW + 61}, (401, "00-01", "not_yet_valid")),
        ({"iss": "https://evil.example"}, (401, "00-01", "issuer")),
        ({"secret": OTHER_SECRET}, (401, "00-01", "signature")),
        ({"sub": ...}, (422, "00-02", "sub_missing")),
        ({"sub": ""}, (422, "00-02", "sub_blank")),
        ({"sub": "null"}, (422, "00-02", "sub_junk")),
        ({"email": ...}, (422, "00-03", "email_missing")),
        ({"email": "nádia@player.example"}, (422, "00-03", "email_unusable")),
        ({"sub": "", "email": ...}, (422, "00-02", "sub_blank")),
    ])  # fmt: skip
    def test_have_their_code_and_reason(self, changes, expected):
        assert refusal_of(ask(token=fresh(**changes))) == expected

    def test_never_leave_a_sighting(self):
        assert ask(token=fresh(email=...)).user is None

    def test_never_echo_the_token(self):
        token = fresh(secret=OTHER_SECRET)
        answer = ask(token=token)
        assert token.split(".")[1].encode() not in answer.body

    def test_refuse_a_token_that_is_too_large(self):
        assert refusal_of(ask(token=fresh(payload="x" * 8192))) == (401, "00-01", "too_large")


class TestChoosingTheIntegration:
    both = (make_config(), other_config())

    def test_goes_by_the_project_of_the_token(self):
        assert ask(configs=self.both, token=other_token()).config.integration_id == 2

    def test_goes_by_the_path_where_it_names_one(self):
        assert ask(configs=self.both, slug="other", token=other_token()).config.integration_id == 2

    def test_refuses_a_token_of_another_project_on_a_path(self):
        token = fresh(secret=OTHER_SECRET)
        assert refusal_of(ask(configs=self.both, slug="other", token=token)) == (401, "00-01", "project")

    def test_never_trusts_the_claim_beyond_choosing_the_key(self):
        token = fresh(xsolla_login_project_id=OTHER_PROJECT)
        assert refusal_of(ask(configs=self.both, token=token)) == (401, "00-01", "signature")

    @pytest.mark.parametrize("configs", [both, both[:1]])
    def test_refuses_a_token_of_an_unknown_project(self, configs):
        token = fresh(xsolla_login_project_id="unknown")
        assert refusal_of(ask(configs=configs, token=token)) == (401, "00-01", "project")

    def test_cannot_choose_without_the_claim(self):
        token = fresh(xsolla_login_project_id=...)
        assert refusal_of(ask(configs=self.both, token=token)) == (401, "00-01", "project")

    def test_checks_a_token_without_the_claim_against_the_only_one(self):
        token = fresh(xsolla_login_project_id=..., secret=OTHER_SECRET)
        assert refusal_of(ask(token=token)) == (401, "00-01", "signature")

    def test_answers_with_the_first_of_two_that_share_a_project(self):
        twin = make_config(integration_id=9, slug="twin")
        assert ask(configs=[make_config(), twin], token=fresh()).config.integration_id == 1

    def test_finds_the_second_of_two_that_share_a_project_by_its_path(self):
        twin = make_config(integration_id=9, slug="twin")
        assert ask(configs=[make_config(), twin], slug="twin", token=fresh()).config.integration_id == 9

    def test_answers_with_the_one_of_those_that_share_a_project_whose_key_signed(self):
        twin = make_config(integration_id=9, slug="twin", login_secrets=(OTHER_SECRET.encode(),))
        assert ask(configs=[make_config(), twin], token=fresh(secret=OTHER_SECRET)).config.integration_id == 9

    def test_answers_with_the_one_of_those_that_share_a_project_whose_page_asks(self):
        configs = [make_config(), make_config(integration_id=9, slug="twin", allowed_origins=frozenset({OTHER_ORIGIN}))]
        verified = VerifiedTokens()
        answers = [
            ask(configs=configs, verified=verified, token=fresh(), origin=origin) for origin in (OTHER_ORIGIN, ORIGIN)
        ]
        assert [answer.config.integration_id for answer in answers] == [9, 1]

    def test_says_that_no_key_of_those_that_share_a_project_signed(self):
        configs = [make_config(), make_config(integration_id=9, slug="twin")]
        assert refusal_of(ask(configs=configs, token=fresh(secret=OTHER_SECRET))) == (401, "00-01", "signature")

    def test_tries_the_cookie_names_of_all_enabled_ones(self):
        configs = [make_config(), other_config(cookie_name="login")]
        assert ask(configs=configs, cookie_header=f"login={other_token()}").config.integration_id == 2

    def test_prefers_the_cookie_of_the_asking_page(self):
        configs = [make_config(), other_config(cookie_name="login")]
        header = f"token={fresh()}; login={other_token()}"
        assert ask(configs=configs, cookie_header=header, origin=OTHER_ORIGIN).config.integration_id == 2

    @pytest.mark.parametrize("other", ["of-another-program", fresh(xsolla_login_project_id="unknown")])
    def test_goes_on_from_a_cookie_that_is_no_token_of_ours_to_the_next(self, other):
        configs = [make_config(), other_config(cookie_name="login")]
        answer = ask(configs=configs, cookie_header=f"token={other}; login={other_token()}", origin=OTHER_ORIGIN)
        assert (answer.config.integration_id, dict(answer.headers)["Access-Control-Allow-Origin"]) == (
            2,
            OTHER_ORIGIN,
        )

    def test_speaks_of_the_first_cookie_where_none_is_a_token_of_ours(self):
        header = f"login=x; token={fresh(xsolla_login_project_id='unknown')}"
        answer = ask(configs=[make_config(), other_config(cookie_name="login")], cookie_header=header, origin=ORIGIN)
        assert refusal_of(answer) == (401, "00-01", "project")
        assert dict(answer.headers)["Access-Control-Allow-Origin"] == ORIGIN

    def test_passes_over_no_token_of_ours(self):
        configs = [make_config(), other_config(cookie_name="login")]
        answer = ask(configs=configs, cookie_header=f"token={fresh(exp=NOW - 900)}; login={other_token()}")
        assert refusal_of(answer) == (401, "00-01", "expired")

    def test_reads_one_cookie_only_on_a_path_that_names_the_integration(self):
        configs = [make_config(), other_config(cookie_name="login")]
        answer = ask(configs=configs, slug="acme", cookie_header=f"token=x; login={other_token()}")
        assert refusal_of(answer) == (401, "00-01", "malformed")

    @pytest.mark.parametrize("slug", ["unknown", "ACME", "", "acme ", "../acme"])
    def test_refuses_an_unknown_path(self, slug):
        assert refusal_of(ask(slug=slug, token=fresh())) == (404, "00-06", "unknown_integration")

    @pytest.mark.parametrize("slug", [None, "acme"])
    @pytest.mark.parametrize("others", [[], [other_config()]])
    def test_refuses_a_disabled_one(self, slug, others):
        answer = ask(configs=[make_config(is_enabled=False), *others], slug=slug, authorization=f"Bearer {fresh()}")
        assert refusal_of(answer) == (404, "00-06", "disabled")

    def test_says_when_nothing_is_configured(self):
        assert refusal_of(ask(configs=[], token=fresh())) == (503, "00-07", "nothing_configured")


class TestOrigins:
    def acao(self, answer):
        return dict(answer.headers).get("Access-Control-Allow-Origin")

    @pytest.mark.parametrize("slug", [None, "acme"])
    def test_lets_a_listed_page_read(self, slug):
        answer = ask(slug=slug, token=fresh(), origin=ORIGIN)
        headers = dict(answer.headers)
        assert (answer.status, headers["Access-Control-Allow-Origin"]) == (200, ORIGIN)
        assert headers["Access-Control-Allow-Credentials"] == "true"

    @pytest.mark.parametrize("slug", [None, "acme"])
    @pytest.mark.parametrize("origin", ["https://evil.example", "null", "", "*", ORIGIN + "/", "http://shop.example"])
    def test_gives_a_foreign_page_no_token(self, slug, origin):
        answer = ask(slug=slug, token=fresh(), origin=origin)
        assert refusal_of(answer) == (403, "00-04", "origin")
        assert self.acao(answer) is None

    def test_gives_the_page_of_another_integration_no_token(self):
        answer = ask(configs=TestChoosingTheIntegration.both, token=fresh(), origin=OTHER_ORIGIN)
        assert refusal_of(answer) == (403, "00-04", "origin")
        assert self.acao(answer) is None

    @pytest.mark.parametrize("origin", ["null", "*"])
    def test_never_believes_a_list_that_holds_null_or_star(self, origin):
        config = make_config(allowed_origins=frozenset({origin}))
        assert refusal_of(ask(configs=[config], token=fresh(), origin=origin)) == (403, "00-04", "origin")

    def test_lets_any_listed_page_read_while_no_integration_is_known(self):
        answer = ask(configs=TestChoosingTheIntegration.both, origin=OTHER_ORIGIN)
        assert refusal_of(answer) == (401, "00-00", "not_passed")
        assert self.acao(answer) == OTHER_ORIGIN

    @pytest.mark.parametrize("passed", [
        {}, {"token": "x"}, {"token": fresh(email=...)}, {"slug": "unknown"}, {"method": "PUT"},
        {"fetch_mode": "no-cors"},
    ])  # fmt: skip
    def test_lets_a_listed_page_read_refusals(self, passed):
        answer = ask(origin=ORIGIN, **passed)
        assert answer.status >= 400
        assert self.acao(answer) == ORIGIN

    def test_lets_its_own_page_read_that_it_is_disabled(self):
        answer = ask(configs=[make_config(is_enabled=False), other_config()], slug="acme", origin=ORIGIN)
        assert (answer.status, self.acao(answer)) == (404, ORIGIN)

    @pytest.mark.parametrize("mode", ["navigate", "no-cors"])
    def test_gives_page_loads_and_embedded_resources_no_token(self, mode):
        assert refusal_of(ask(token=fresh(), fetch_mode=mode)) == (403, "00-04", "fetch_mode")

    @pytest.mark.parametrize("mode", ["cors", "same-origin", ""])
    def test_serves_fetch(self, mode):
        assert ask(token=fresh(), fetch_mode=mode).status == 200


class TestOptions:
    def test_answers_a_preflight_without_a_token(self):
        answer = ask(method="OPTIONS", origin=ORIGIN)
        headers = dict(answer.headers)
        assert (answer.status, answer.body, headers["Access-Control-Allow-Origin"]) == (204, b"", ORIGIN)
        assert headers["Access-Control-Allow-Methods"] == "GET, POST"
        assert "authorization" in headers["Access-Control-Allow-Headers"]

    def test_refuses_a_preflight_of_a_foreign_page(self):
        answer = ask(method="OPTIONS", origin="https://evil.example")
        assert refusal_of(answer) == (403, "00-04", "origin")

    def test_lets_a_page_go_on_to_read_why_its_path_is_wrong(self):
        assert ask(method="OPTIONS", slug="unknown", origin=ORIGIN).status == 204

    def test_says_what_is_allowed(self):
        answer = ask(method="OPTIONS")
        assert (answer.status, dict(answer.headers)["Allow"]) == (204, "GET, HEAD, OPTIONS, POST")

    def test_knows_no_unknown_path(self):
        assert refusal_of(ask(method="OPTIONS", slug="unknown")) == (404, "00-06", "unknown_integration")

    def test_is_never_limited(self):
        limited = limits(per_address=1)
        assert {ask(method="OPTIONS", origin=ORIGIN, limited=limited).status for _ in range(5)} == {204}


class TestMethods:
    @pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "PROPFIND", "get", ""])
    def test_refuses_others_and_says_what_is_allowed(self, method):
        answer = ask(method=method, token=fresh())
        assert refusal_of(answer) == (405, "00-08", "method")
        assert dict(answer.headers)["Allow"] == "GET, HEAD, OPTIONS, POST"


class TestSetUp:
    @pytest.mark.parametrize(("changes", "reason"), [
        ({"login_secrets": ()}, "login_secret"),
        ({"zendesk_shared_secret": b""}, "zendesk_secret"),
        ({"zendesk_product": ZendeskProduct.MESSAGING}, "zendesk_key_id"),
    ])  # fmt: skip
    def test_is_reported_when_incomplete(self, changes, reason):
        answer = ask(configs=[make_config(**changes)], token=fresh())
        assert refusal_of(answer) == (503, "00-07", reason)
        assert dict(answer.headers)["Retry-After"] == "60"


class TestLimits:
    def test_hold_back_one_address(self):
        limited = limits(per_address=2)
        statuses = [ask(token=fresh(), address="192.0.2.1", limited=limited).status for _ in range(3)]
        assert statuses == [200, 200, 429]

    def test_say_when_to_come_back(self):
        limited = limits(per_address=2)
        answers = [ask(token=fresh(), address="192.0.2.1", origin=ORIGIN, limited=limited) for _ in range(3)]
        assert refusal_of(answers[-1]) == (429, "00-05", "address_limit")
        assert dict(answers[-1].headers)["Retry-After"] == "30"

    def test_let_the_address_go_on_after_that_time(self):
        limited = limits(per_address=2)
        for _ in range(3):
            ask(token=fresh(), address="192.0.2.1", limited=limited)
        assert ask(token=fresh(), address="192.0.2.1", limited=limited, now=NOW + 30).status == 200

    def test_count_refused_requests_too(self):
        limited = limits(per_address=1)
        assert [ask(token="x", limited=limited).status for _ in range(2)] == [401, 429]

    def test_count_addresses_apart(self):
        limited = limits(per_address=1)
        statuses = [ask(token=fresh(), address=one, limited=limited).status for one in ("192.0.2.1", "192.0.2.2")]
        assert statuses == [200, 200]

    def test_count_one_ipv6_network_together(self):
        limited = limits(per_address=1)
        statuses = [ask(token=fresh(), address=one, limited=limited).status for one in ("2001:db8::1", "2001:db8::2")]
        assert statuses == [200, 429]

    def test_hold_back_one_user_from_many_addresses(self):
        limited = limits(per_user=1)
        answers = [ask(token=fresh(), address=one, limited=limited) for one in ("192.0.2.1", "192.0.2.2")]
        assert refusal_of(answers[-1]) == (429, "00-05", "user_limit")

    def test_count_users_apart(self):
        limited = limits(per_user=1)
        assert [ask(token=fresh(sub=one), limited=limited).status for one in ("a", "b")] == [200, 200]

    def test_never_count_a_user_somebody_only_pretends_to_be(self):
        limited = limits(per_user=1)
        ask(token=fresh(secret=OTHER_SECRET), limited=limited)
        assert ask(token=fresh(), limited=limited).status == 200


class TestEveryAnswer:
    @pytest.mark.parametrize("passed", [
        {}, {"token": "x"}, {"token": fresh(sub="")}, {"token": fresh(email=...)}, {"origin": "https://evil.example"},
        {"slug": "unknown"}, {"method": "PUT"}, {"method": "OPTIONS"}, {"method": "OPTIONS", "origin": ORIGIN},
        {"configs": []}, {"fetch_mode": "navigate"}, {"token": fresh()}, {"token": fresh(), "method": "HEAD"},
    ])  # fmt: skip
    def test_is_never_kept_never_sniffed_and_varies_by_origin(self, passed):
        headers = dict(ask(**passed).headers)
        assert {name: headers.get(name) for name in ALWAYS} == ALWAYS

    @pytest.mark.parametrize("passed", [{}, {"token": "x"}, {"token": fresh()}, {"configs": []}, {"method": "PUT"}])
    def test_names_its_length(self, passed):
        answer = ask(**passed)
        assert dict(answer.headers)["Content-Length"] == str(len(answer.body))

    @pytest.mark.parametrize("header", ["x=1; " * 20_000, "\xff" * 1000, ";" * 5000, "token=" + "." * 100_000])
    def test_survives_hostile_cookies(self, header):
        assert ask(cookie_header=header).status == 401


class TestKeysOfOneInstallation:
    def test_accept_the_token_only_where_it_belongs(self):
        shared = other_config(login_project_id=OTHER_PROJECT, login_secrets=(LOGIN_SECRET_KEY.encode(),))
        assert LOGIN_PROJECT_ID != OTHER_PROJECT
        assert refusal_of(ask(configs=[make_config(), shared], slug="other", token=fresh())) == (
            401,
            "00-01",
            "project",
        )
