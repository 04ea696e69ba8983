"""What people really paste: each gets the verdict that is true of it, and the token is found wherever it stands."""

import base64
import json
from urllib.parse import quote

import jwt
import pytest

from tests.linking.doctor.test_diagnosis import CHAT, GOOD, KEY, NOW, messaging, seen, token, zendesk

J = GOOD
URL = "https://bridge.example/generate/token/acme"
CALLBACK = "https://shop.example/callback"
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
)
ANSWERED = "HTTP/1.1 {status}\r\ncontent-type: application/json\r\nwww-authenticate: Bearer\r\n\r\n{body}"
REFUSED = '{"code":"00-01","description":"The token has expired.","reason":"expired"}'
GOOGLE = {"iss": "https://accounts.google.com", "aud": "12.apps.example", "sub": "1134", "exp": NOW + 3600, "iat": NOW}
CLAIMS = {"sub": "u-1", "iss": "https://login.xsolla.com", "exp": NOW}

# Where a good token is found, and judged as it would be sent.
REQUESTS = {
    "curl for bash from Chromium": (
        (
            f"curl '{URL}' \\\n  -H 'accept: */*' \\\n  -b 'theme=dark; token={J}; _ga=GA1.1.12.34' \\\n"
            f"  -H 'sec-ch-ua: \"Chromium\";v=\"142\"' \\\n  -H 'user-agent: {CHROME}'"
        ),
        "cookie",
    ),
    "curl for bash with an escape": (
        f"curl '{URL}' \\\n  -b $'theme=it\\'s\\u0021; token={J}' \\\n  --insecure",
        "cookie",
    ),
    "curl for cmd from Chromium": (
        (
            f'curl ^"{URL}^" ^\r\n  -H ^"accept: */*^" ^\r\n  -b ^"token={J}; theme=a^%^20b^" ^\r\n'
            f'  -H ^"sec-ch-ua: ^\\^"Chromium^\\^";v=^\\^"142^\\^"^" ^\r\n  -H ^"user-agent: {CHROME}^"'
        ),
        "cookie",
    ),
    "curl for cmd with Bearer": (f'curl ^"{URL}^" ^\n  -H ^"authorization: Bearer {J}^" ^\n  --compressed', "bearer"),
    "curl for cmd from Firefox": (f'curl "{URL}" --compressed -H "Cookie: token={J}; theme=dark"', "cookie"),
    "curl for cmd from Firefox of today": (f'curl ^"{URL}^" ^\n  --compressed ^\n  -H ^"Cookie: token={J}^"', "cookie"),
    "curl from Firefox": (f"curl '{URL}' --compressed -H 'Cookie: theme=x; token={J}' -H 'TE: trailers'", "cookie"),
    "curl behind a prompt": (f"$ curl -i -b 'token={J}' {URL}", "cookie"),
    "curl behind a prompt of Windows": (f"C:\\Users\\me>curl -b token={J} {URL}", "cookie"),
    "curl by its path": (f'C:\\Windows\\System32\\curl.exe -H "Cookie: token={J}" {URL}', "cookie"),
    "curl with letters together": (f"curl -sSib 'token={J}' {URL}", "cookie"),
    "curl with other options": (f"curl -u me:secret -m 5 --resolve a:443:127.0.0.1 -b token={J} --url {URL}", "cookie"),
    "curl in capitals": (f"CURL -H 'COOKIE: token={J}' {URL}", "cookie"),
    "the lines of the headers alone": (f"-H 'accept: */*' \\\n  -H 'authorization: Bearer {J}' \\", "bearer"),
    "wget": (f"wget -qO- --header='Cookie: token={J}' {URL}", "cookie"),
    "HTTPie": (f"http GET {URL} 'Authorization:Bearer {J}'", "bearer"),
    "PowerShell": (
        (
            "$session = New-Object Microsoft.PowerShell.Commands.WebRequestSession\n"
            f'$session.UserAgent = "{CHROME}"\n'
            f'$session.Cookies.Add((New-Object System.Net.Cookie("token", "{J}", "/", "bridge.example")))\n'
            f'Invoke-WebRequest -UseBasicParsing -Uri "{URL}" `\n-WebSession $session `\n-Headers @{{"Accept"="*/*"}}'
        ),
        "cookie",
    ),
    "PowerShell with Bearer": (
        f'Invoke-WebRequest -Uri "{URL}" -Headers @{{\n"Authorization"="Bearer {J}"\n}}',
        "bearer",
    ),
    "fetch": (
        (
            f'fetch("{URL}", {{\n  "headers": {{\n    "accept": "*/*",\n    "authorization": "Bearer {J}"\n  }},\n'
            '  "method": "GET", "credentials": "include"\n});'
        ),
        "bearer",
    ),
    "fetch for Node": (
        f'fetch("{URL}", {{ "headers": {{ "cookie": "theme=x; token={J}" }}, "body": null }});',
        "cookie",
    ),
    "a raw request": (f"GET /generate/token/acme HTTP/1.1\r\nHost: b.example\r\nCookie: token={J}\r\n\r\n", "cookie"),
    "headers of HTTP/2": (f":authority: b.example\n:method: GET\naccept: */*\ncookie: token={J}\n", "cookie"),
    "headers name by name": (f"accept\n*/*\ncookie\ntheme=dark; token={J}\norigin\nhttps://shop.example\n", "cookie"),
    "Set-Cookie": (f"HTTP/2 302\nset-cookie: token={J}; Domain=shop.example; Path=/; HttpOnly; Secure\n", "cookie"),
    "cookies without a name": (f"_ga=GA1.2.1.2; token={J}; theme=dark", "cookie"),
    "document.cookie of a console": (f"'_ga=GA1.2.1.2; token={J}; theme=dark'", "cookie"),
    "document.cookie in double quotes": (f'"token={J}; theme=dark"', "cookie"),
    "a row of the cookie table": (f"token\t{J}\tshop.example\t/\t2026-12-01T10:00:00Z\t512\t✓\t✓\tLax\t\t", "cookie"),
    "a cookie file": (f"# Netscape HTTP Cookie File\n.shop.example\tTRUE\t/\tTRUE\t179\ttoken\t{J}\n", "cookie"),
    "Login's OAuth answer": (json.dumps({"access_token": J, "expires_in": 3600, "token_type": "bearer"}), "json"),
    "an answer inside another": (json.dumps({"data": [{"token": J}]}, indent=2), "json"),
    "an answer that speaks of an origin": (json.dumps({"origin": "https://evil.example", "token": J}), "json"),
    "a name of a tool's own": (json.dumps({"key": "login", "val": [J]}), "json"),
    "cookies of an extension": (json.dumps([{"name": "theme", "value": "x"}, {"name": "token", "value": J}]), "json"),
    "an answer with its headers": (ANSWERED.format(status="200 OK", body=json.dumps({"token": J})), "json"),
    "a line of code": (f'const token = "{J}";', "text"),
    "a line of a shell": (f'export LOGIN_JWT="{J}"', "text"),
    "a line of a log": (f"2026-11-27 09:00:01 INFO login ok token={J} user=3", "text"),
    "a sentence": (f"Hi, my token is {J}. It does not work, can you help?", "text"),
    "code of Python": (f"requests.get('{URL}', cookies={{'token': '{J}'}})", "text"),
    "two tokens, one of them named": (f"refresh {token(sub='u-2')} and token={J}", "text"),
}
# What is wrong with a paste, by the cause that has to come first.
MISTAKES = {
    "a request without anything": (f"curl '{URL}' -H 'accept: */*'", "nothing_sent"),
    "a raw request without anything": ("GET /generate/token/acme HTTP/1.1\r\nHost: b.example\r\n", "nothing_sent"),
    "a fetch without anything": (f'fetch("{URL}", {{"method": "GET", "credentials": "include"}});', "nothing_sent"),
    "the token in the body": (f"""curl {URL} --data-raw '{{"token":"{J}"}}'""", "token_in_body"),
    "a cookie file that is named": (f"curl -b cookies.txt {URL}", "cookie_file"),
    "a quote that does not end": (f"curl -b 'token={J} {URL}", "open_quote"),
    "the snippet's own line": (f'curl -i --cookie token="$LOGIN_JWT" {URL}', "placeholder"),
    "a variable in braces": (f"curl -H 'Authorization: Bearer ${{TOKEN}}' {URL}", "placeholder"),
    "a variable of cmd": (f"curl -b token=%TOKEN% {URL}", "placeholder"),
    "a template": ("Authorization: Bearer {{token}}", "placeholder"),
    "words of a manual": ("Authorization: Bearer <your token>", "placeholder"),
    "Bearer alone": ("Authorization: Bearer ", "empty_bearer"),
    "no scheme": (f"Authorization: {J}", "not_bearer"),
    "another scheme": (f"Authorization: JWT {J}", "not_bearer"),
    "Bearer twice": (f"Authorization: Bearer Bearer {J}", "bearer_prefix"),
    "Bearer in the cookie": (f"Cookie: token=Bearer%20{J}", "percent_encoded"),
    "JSON in the cookie": ("Cookie: token=" + quote(json.dumps({"token": J})), "other_text"),
    "quotes in the cookie": (f'Cookie: token="{J}"', "quoted"),
    "undefined in the cookie": ("Cookie: token=undefined; theme=dark", "script_word"),
    "null": ("null", "script_word"),
    "an object": ("[object Object]", "script_word"),
    "a promise": ("Bearer [object Promise]", "bearer_prefix"),
    "a cookie that was removed": ("Set-Cookie: token=; Max-Age=0; Path=/", "empty_cookie"),
    "a row of another cookie": (f"session\t{J}\tshop.example\t/", "other_cookie"),
    "an address with more": (f"{CALLBACK}?token={J}&state=xyz", "token_in_query"),
    "an address from its path": (f"/callback?token={J}&state=xyz", "token_in_query"),
    "an address with a fragment": (f"{CALLBACK}#access_token={J}&token_type=bearer", "token_in_query"),
    "an address of one page": (f"{CALLBACK}#/signed-in?token={J}", "token_in_query"),
    "an encoded address": (quote(f"{CALLBACK}?token={J}", safe=""), "token_in_query"),
    "an OAuth code": (f"{CALLBACK}?code=abc123def456&state=xyz", "oauth_code"),
    "Login's address": (json.dumps({"login_url": f"{CALLBACK}?token={J}&locale=en"}), "token_in_login_url"),
    "a null token": ('{"token":null}', "json_without_token"),
    "a refusal with its headers": (ANSWERED.format(status="401 Unauthorized", body=REFUSED), "refused_answer"),
    "a refusal in a console": ("The chat stays anonymous: 00-01 expired: The token has expired.", "refused_answer"),
    "CORS in Chromium, from another page": (
        f"Access to fetch at '{URL}' from origin 'https://evil.example' has been blocked by CORS policy: The value",
        "origin_unlisted",
    ),
    "CORS in Chromium, from a listed page": (
        f"Access to fetch at '{URL}' from origin 'https://shop.example' has been blocked by CORS policy: No 'Access",
        "cors_error",
    ),
    "CORS in Safari": ("Origin http://shop.example is not allowed by Access-Control-Allow-Origin.", "origin_near"),
    "CORS in Firefox": (f"Cross-Origin Request Blocked: The Same Origin Policy {URL}. (Reason:", "cors_error"),
    "mixed content": (f"Mixed Content: The page at '{CALLBACK}' was loaded over HTTPS, but requested", "mixed_content"),
    "a console's line": (f"GET {URL} 401 (Unauthorized)", "status_alone"),
    "a console's line of Firefox": (f"XHR GET {URL} [HTTP/2 403  12ms]", "status_alone"),
    "a console's sentence": ("Failed to load resource: the server responded with a status of 429 ()", "status_alone"),
    "an error of Login": ('{"error":{"code":"002-016","description":"x"}}', "login_error"),
    "an error of Zendesk": ('{"error":"invalid_token","description":"The access token provided"}', "other_error"),
    "claims that were decoded": (json.dumps(CLAIMS, indent=2), "decoded_token"),
    "header and claims": ('{"alg":"HS256","typ":"JWT"}\n' + json.dumps(CLAIMS), "decoded_token"),
    "two tokens": (f"{J}\n{token(sub='u-2')}", "several_tokens"),
    "a line end": (f"{J}\n", "surrounding_blanks"),
    "a line end that was escaped": (f"{J}\\n", "backslashes"),
    "quotes that were escaped": (f'\\"{J}\\"', "backslashes"),
    "a byte order mark": (f"\ufeff{J}", "invisible_characters"),
    "a blank of no width": (f"{J}\u200b", "invisible_characters"),
    "wrapped lines": ("\n".join(J[at : at + 76] for at in range(0, len(J), 76)), "inner_blanks"),
    "a comma of JSON": (f'"{J}",', "punctuation"),
    "a semicolon": (f"{J};", "punctuation"),
    "a parameter behind it": (f"{J}&remember_me=false", "glued_parameters"),
    "dots of a browser's tools": (f"{J[:60]}…{J[-20:]}", "shortened"),
    "three dots": (f"{J[:60]}...", "shortened"),
    "small letters": (J.lower(), "case_changed"),
    "a page": ("<!doctype html><html><title>502 Bad Gateway</title></html>", "page"),
    "SAML": ("<?xml version='1.0'?><samlp:Response/>", "page"),
    "words": ("why does it not work", "no_token_found"),
    "Google's token": (jwt.encode(GOOGLE, "x" * 32), "foreign_token"),
    "Google's token in the cookie": (f"Cookie: token={jwt.encode(GOOGLE, 'x' * 32)}", "foreign_token"),
    "a Chat token at Login": (f"Cookie: token={zendesk()}", "zendesk_token_at_login"),
    "a Messaging token at Login": (f"Authorization: Bearer {messaging()}", "zendesk_token_at_login"),
    "a Messaging token at Chat": (messaging(), "zendesk_kid_in_chat"),
    "a Support token": (
        f"Cookie: token={jwt.encode({'jti': '1', 'iat': NOW, 'email': 'a@b.example', 'name': 'A'}, KEY)}",
        "support_token",
    ),
    "a token cut by a cookie's limit": (f"Cookie: token={J[:200]}", "two_parts"),
    "a base64 text": (base64.b64encode(b"a ticket of somebody else" * 9).decode(), "one_part"),
}  # fmt: skip


class TestPage:
    def first(self, *headers):
        return seen(f"curl {URL} -b 'token={J}' " + " ".join(f"-H '{header}'" for header in headers)).first_problem

    @pytest.mark.parametrize(("headers", "cause"), [
        (("origin: https://evil.example",), "origin_unlisted"), (("Origin: null",), "origin_unlisted"),
        (("origin: https://shop.example:8443",), "origin_near"), (("origin: https://www.shop.example",), "origin_near"),
        (("sec-fetch-mode: navigate",), "page_load"), (("Sec-Fetch-Mode: no-cors",), "page_load"),
    ])  # fmt: skip
    def test_that_may_not_ask_is_named_first(self, headers, cause):
        assert self.first(*headers).cause == cause

    @pytest.mark.parametrize("headers", [(), ("origin: https://shop.example", "sec-fetch-mode: cors"), ("Origin:",)])
    def test_that_may_ask_is_good(self, headers):
        assert self.first(*headers) is None

    def test_of_a_script_is_judged_too(self):
        text = f'fetch("{URL}", {{"headers": {{"authorization": "Bearer {J}", "origin": "https://evil.example"}}}})'
        assert seen(text).first_problem.cause == "origin_unlisted"

    @pytest.mark.parametrize("mode", ["navigate", "no-cors"])
    def test_is_judged_where_no_token_was_sent(self, mode):
        found = seen(f"curl {URL} -H 'sec-fetch-mode: {mode}'")
        assert [one.cause for one in found.verdicts] == ["page_load", "nothing_sent"]


class TestFindToken:
    @pytest.mark.parametrize("name", REQUESTS)
    def test_finds_a_good_one_in(self, name):
        text, place = REQUESTS[name]
        found = seen(text)
        assert (found.first_problem, found.is_accepted, found.found_in) == (None, True, place)

    @pytest.mark.parametrize("name", MISTAKES)
    def test_says_what_is_wrong_with(self, name):
        text, cause = MISTAKES[name]
        found = seen(text)
        assert (found.first_problem.cause, found.is_accepted) == (cause, False)

    def test_judges_the_token_behind_a_mistake_of_the_request(self):
        found = seen(f"Authorization: JWT {token(iss='https://evil.example')}")
        assert [one.cause for one in found.verdicts if one.cause] == ["not_bearer", "issuer_other"]

    @pytest.mark.parametrize("text", [f"Cookie: token={zendesk()}", f"Cookie: token={jwt.encode(GOOGLE, 'x' * 32)}"])
    def test_blames_no_secret_for_a_token_of_another_kind(self, text):
        assert {one.cause for one in seen(text).verdicts} & {"signed_swapped", "signed_unknown"} == set()

    def test_names_no_more_of_an_error_than_a_code_of_login(self):
        found = seen(json.dumps({"error": {"code": "see canary", "description": "canary"}}))
        assert (found.first_problem.cause, "canary" in found.first_problem.problem) == ("other_error", False)

    @pytest.mark.parametrize("text", [
        "curl " + "'" * 60_001, "curl $'" + "\\u0041" * 9000, "curl ^\"" + "^" * 60_000, "-H " * 20_000,
        "eyJ" * 20_000, f"{J} " * 150, "\t" * 60_000, "cookie\n" * 9000, '[{"name":"token"},' * 3000, "[" * 60_000,
        "token=" * 10_000, "fetch(" + '"cookie":"' * 6000, "HTTP/1.1\r\n\r\n" * 5000, "curl -b", "curl --url",
        "https%3A%2F%2F" + "%" * 60_000, "\\" * 60_000, "…" * 60_000, "<html" * 12_000, "{{" * 30_000,
        ("a" * 20 + ".") * 3000,
    ])  # fmt: skip
    def test_answers_hostile_pastes(self, text):
        assert seen(text).found_in

    def test_takes_no_chat_token_amid_words_for_a_login_token(self):
        assert seen(f"The endpoint answered {jwt.encode(CHAT, 'x' * 32)} to me").kind == "zendesk"
