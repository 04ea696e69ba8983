"""The sentences of the token doctor: for each cause what is wrong, and what to do about it.

docs/doctor.md shows this table, and a test compares the two. Whoever finds a cause fills in the words in braces:
numbers, names of settings and cleaned claims, never a token, a secret, an e-mail address or a user ID.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from linking.core.text_marks import gettext_noop as _


@dataclass(frozen=True, slots=True)
class CauseText:
    """The two templates of a cause, in English; `verdicts.put_into_words` translates them."""

    problem: str
    fix: str


_SIGN_IN = _("Send the player through Xsolla Login again.")
_ASK_LOGIN = _("Ask Xsolla which claims this Login project issues, and pass its JWT unchanged.")
_ISSUE_ID = _("Issue the real user ID in sub. Zendesk merges everyone who shares an ID.")
_PASS_LOGIN_JWT = _("Pass the Login JWT that Login handed to the page after sign-in.")
_COPY_SECRET = _("Copy the Login project's secret key from Publisher Account into this integration again.")
_SET_IN_ADMIN = _("Set it in the admin.")
_IN_SECONDS = _("Divide by 1000 and round: times in a JWT are seconds.")
_AS_NUMBER = _("Write it as a number, without quotes.")
_USE_TEXT = _("The signer decodes the secret. Use its text unchanged.")
_SHORTER_ID = _("Use a shorter user ID.")
_WITHOUT_THEM = _("Issue it without them.")
_AS_SECONDS = _("Write it as a number of seconds.")
_SEND_TOKEN = _("Send it as the cookie {name} or as Authorization: Bearer.")
_UNCHANGED = _("Pass the token exactly as Login issued it.")

_CAUSES: dict[str, tuple[str, str]] = {
    # The page that asked
    "page_load": (
        _(
            "This request is not a fetch by a script (Sec-Fetch-Mode is {found}). Page loads and embedded files get no "
            "token."
        ),
        _("Call the address with fetch from the page. Opening it in the browser's address bar does not work."),
    ),
    "origin_near": (
        _("The page's origin is {found}, but the integration allows {listed}. Scheme, host and port must be the same."),
        _("Add {found} to the allowed origins of this integration."),
    ),
    "origin_unlisted": (
        _("The page's origin, {found}, is not among the allowed origins of this integration."),
        _("Add it to them, exactly as the browser sends it."),
    ),
    # What was pasted
    "is_secret": (
        _("The paste contains a secret of an integration, {name}. Only the two servers may know it."),
        _("If it was ever in a page, a chat or a ticket, create a new one. Then paste a token instead."),
    ),
    "nothing_pasted": (
        _("Nothing was pasted."),
        _("Paste a token, a Cookie header, a cURL command or a JSON response."),
    ),
    "paste_too_long": (_("The paste is longer than {limit} characters."), _("Paste only the token.")),
    "no_token_found": (
        _("There is no token in the paste."),
        _("Paste the token: three parts of letters and digits, joined by two dots."),
    ),
    "several_tokens": (_("There are {number} different tokens in the paste."), _("Paste only one of them.")),
    "other_text": (
        _("There is other text around the token."),
        _("Only the token is checked here. If your code sends the other text too, send the token alone."),
    ),
    "nothing_sent": (
        _("This request contains neither the cookie {name} nor an Authorization header."),
        _("Copy it as cURL, which includes the cookies. If {name} is not among them, use the origin preview."),
    ),
    "cookie_file": (
        _("The command refers to a cookie file, which is not read here."),
        _("Paste the line of the file with the cookie {name}."),
    ),
    "open_quote": (
        _("A quote in the command is not closed."),
        _("Copy the whole command, including its last line."),
    ),
    "token_in_body": (_("The token is in the body, where the endpoint does not read it."), _SEND_TOKEN),
    "empty_cookie": (
        _("The cookie {name} is empty."),
        _("Set the cookie only after sign-in, and remove it on sign-out."),
    ),
    "two_cookies": (
        _("The cookie {name} was sent twice with different values."),
        _("Remove the one that was set for another domain or path: delete both, then sign in again."),
    ),
    "other_cookie": (
        _("There is no cookie {name}, but the cookie {other} holds a token."),
        _("Set this integration's cookie name to {other}, or let the site use {name}."),
    ),
    "cookie_not_ascii": (
        _("The cookie {other} contains characters outside ASCII, so the server receives no cookie at all."),
        _("Encode that cookie with encodeURIComponent, or send the token as Authorization: Bearer."),
    ),
    "no_cookie": (
        _("There is no cookie {name}."),
        _("Use the origin preview: the cookie may belong to another host, or need SameSite and Secure."),
    ),
    "token_in_query": (
        _(
            "The token is in the address, where logs and browser histories keep it. The endpoint does not read it "
            "there."
        ),
        _SEND_TOKEN,
    ),
    "empty_bearer": (
        _("The Authorization header contains Bearer and no token."),
        _("Call the endpoint only when the page has the player's token."),
    ),
    "not_bearer": (
        _("The Authorization header does not begin with Bearer."),
        _("Write Authorization: Bearer and then the token."),
    ),
    "refused_answer": (_("This is a response of the endpoint: {code}, {reason}."), "{description}"),
    "cors_error": (
        _(
            "The browser withheld a response from the page (CORS): the page's origin is not allowed, or the address is "
            "not the endpoint."
        ),
        _(
            "Compare the origin with the allowed origins, and the address with the one above. The network panel shows "
            "the response."
        ),
    ),
    "mixed_content": (
        _("The browser did not send the request, because the page uses https and the address does not."),
        _("Serve zdbridge over https, and call it with https."),
    ),
    "status_alone": (
        _("This only shows that the status was {status}, not why."),
        _("Paste the body of that response from the network panel. It contains code and reason."),
    ),
    "oauth_code": (
        _("The address contains a code and no token: the sign-in is not finished."),
        _("Exchange the code at Login (oauth2/token), and pass the access_token of the response."),
    ),
    "token_in_login_url": (
        _("This is Login's response to a sign-in. The token is inside its login_url."),
        _("Follow that address, and let the page it leads to read the parameter token."),
    ),
    "decoded_token": (
        _("This is the content of a token, not the token. Without the signature nobody can check it."),
        _("Paste the encoded token: three parts joined by two dots."),
    ),
    "login_error": (
        _("This is an error of Xsolla Login, {code}, and contains no token."),
        _("Look the code up in Login's documentation. The player is not signed in yet."),
    ),
    "other_error": (
        _("This is an error message, but not one of the token endpoint."),
        _("Check the address it came from. Errors of the endpoint have code, description and reason."),
    ),
    "json_without_token": (
        _("The JSON contains no text named token."),
        _("Paste the whole response. If token is null there, the player is not signed in."),
    ),
    "surrounding_blanks": (
        _("There are spaces or line ends around the token."),
        _("If they come from copying, ignore this. If your code sends them, trim the token."),
    ),
    # Shape
    "invisible_characters": (
        _("There are invisible characters around the token, such as a byte order mark."),
        _("Type the value again, or save the file without them. Copying from a chat or a document adds them."),
    ),
    "punctuation": (_("There is a comma or a semicolon after the token."), _("Pass the token without it.")),
    "backslashes": (
        _("There are backslashes in the token: it was escaped and not decoded."),
        _("Parse the JSON or the string it comes from instead of cutting it out."),
    ),
    "quoted": (
        _("The token is in quotes."),
        _("Pass the text itself, without JSON.stringify and without quotes."),
    ),
    "bearer_prefix": (
        _("The word Bearer is part of the value."),
        _("Store only the token. Bearer belongs in the header."),
    ),
    "name_prefix": (
        _("The value begins with its own name and an equals sign."),
        _("Pass only what follows the equals sign."),
    ),
    "glued_parameters": (
        _("Other parameters of the address are attached to the token."),
        _("Read the parameter token with URLSearchParams instead of cutting the address."),
    ),
    "percent_encoded": (
        _("The token is percent-encoded."),
        _("Decode it once with decodeURIComponent before you store it."),
    ),
    "inner_blanks": (
        _("There is a space or a line end inside the token."),
        _("Copy it on one line, without wrapping."),
    ),
    "base64_padding": (_("A part ends with the padding character =."), _("Remove the =. A JWT has none.")),
    "standard_base64": (
        _("A part contains + or /."),
        _("Encode with base64url, which uses - and _ instead."),
    ),
    "script_word": (
        _("This is what a script writes for a missing value or an object, not a token."),
        _("Wait for the response, take the token from it, and store it only then."),
    ),
    "placeholder": (
        _("There is a placeholder instead of the token."),
        _("Put the token of a signed-in player there. In a shell, set the variable first."),
    ),
    "page": (
        _("This is an HTML page or an XML document, not a token."),
        _("Check which address returned it. A proxy's error page looks like this too."),
    ),
    "shortened": (
        _("The token was shortened for display: dots replace its middle or end."),
        _("Copy the whole value, in the browser's tools with Copy value."),
    ),
    "case_changed": (
        _("The token was changed to lower case."),
        _("Pass it unchanged. Upper and lower case matter in a token."),
    ),
    "one_part": (_("The text has no dots. A JWT has two."), _PASS_LOGIN_JWT),
    "two_parts": (
        _("The token has two parts. A JWT has three."),
        _("It was cut off or not signed. Pass all three parts."),
    ),
    "five_parts": (_("The token has five parts: it is encrypted (JWE)."), _PASS_LOGIN_JWT),
    "wrong_parts": (_("The token has {number} parts. A JWT has three."), _PASS_LOGIN_JWT),
    "empty_part": (
        _("Part {number} of the token is empty."),
        _("Pass the whole token. Without a signature it proves nothing."),
    ),
    "odd_characters": (
        _("The token contains characters that no JWT has."),
        _("Pass it exactly as Login issued it: letters, digits, - and _ only."),
    ),
    "truncated": (
        _("Part {number} of the token is incomplete."),
        _("It was cut off on the way. Check the size limit of the cookie."),
    ),
    "unusual_base64": (
        _("Part {number} is not written as an encoder writes it: its last character was changed."),
        _UNCHANGED,
    ),
    "header_not_json": (_("The first part is not JSON."), _PASS_LOGIN_JWT),
    "payload_not_json": (
        _("The claims cannot be read safely: bad JSON, a name twice, or bad UTF-8."),
        _("Build the token with a JWT library instead of joining strings."),
    ),
    "too_large": (
        _("The token has {length} characters. At most {limit} are accepted."),
        _("Remove claims, such as the access token of a social network."),
    ),
    "header_names": (
        _("The header contains more than alg, typ, kid and cty, or a typ other than JWT."),
        _PASS_LOGIN_JWT,
    ),
    # Not a Login JWT at all
    "access_key": (
        _("This looks like the claim xsolla_login_access_key, which is a key and not a token."),
        _PASS_LOGIN_JWT,
    ),
    "uuid": (_("This is an ID, not a token."), _PASS_LOGIN_JWT),
    "zendesk_token_at_login": (
        _("This is a Zendesk {product} JWT: what the token endpoint returns, not what it expects."),
        _PASS_LOGIN_JWT,
    ),
    "support_token": (
        _("This looks like a JWT for signing in to Zendesk Support: it has jti and no external_id."),
        _PASS_LOGIN_JWT,
    ),
    "foreign_token": (
        _("This token was issued by “{found}” and not by Xsolla Login."),
        _("Pass the Login JWT. The token of a social network or another service does not work here."),
    ),
    "login_token_at_zendesk": (
        _("This is a Login JWT. Zendesk expects the token that the token endpoint returns for it."),
        _("Call the token endpoint in the widget's callback, and pass on the token of its response."),
    ),
    # Integration
    "disabled": (_("The integration is switched off."), _("Enable it in the admin.")),
    "observing": (
        _("The integration only observes: for now, a token that the vendor's sample service accepts is accepted."),
        _("Fix what is wrong below before you set the mode to enforce."),
    ),
    "no_integration": (
        _("No integration is chosen, and none has the project of the token."),
        _("Choose an integration."),
    ),
    "rs256_keys": (
        _("This integration is set to RS256, and the keys of the Login project are not loaded yet."),
        _("Wait for the keys, or choose HS256 if the project uses it."),
    ),
    "login_secret": (_("The Login secret key is missing or cannot be opened."), _SET_IN_ADMIN),
    "zendesk_secret": (_("The Zendesk shared secret is missing or cannot be opened."), _SET_IN_ADMIN),
    "zendesk_key_id": (
        _("Messaging needs the ID of the signing key, and none is set."),
        _("Set zendesk_key_id. It begins with app_."),
    ),
    # Algorithm and signature
    "algorithm_none": (_("The header has alg none: the token is not signed."), _PASS_LOGIN_JWT),
    "algorithm_missing": (_("The header has no alg."), _PASS_LOGIN_JWT),
    "algorithm_rs256": (
        _("The token is signed with RS256, but this integration expects {wanted}."),
        _("Choose RS256 for this integration, or HS256 in the Login project."),
    ),
    "algorithm_hs256": (
        _("The token is signed with HS256, but this integration expects {wanted}."),
        _("Choose HS256 for this integration, or RS256 in the Login project."),
    ),
    "algorithm_other": (
        _("The token has alg {found}, but this integration expects {wanted}."),
        _("Issue it with {wanted}."),
    ),
    "algorithm_hash": (
        _("The token has alg {found} and the right secret, but only HS256 is accepted."),
        _("Issue it with HS256."),
    ),
    "unknown_key": (
        _("The kid in the header, {found}, is not among the keys of the Login project."),
        _("Sign in again to get a token with a current key, and compare the project's keys in Publisher Account."),
    ),
    "signed_unknown_rs256": (
        _("The signature was not made with the key of the Login project."),
        _("Pass the token exactly as Login issued it, and check login_project_id."),
    ),
    "signed_retired": (
        _("The signature was made with the previous Login secret key, which is no longer accepted."),
        _("Sign in again, or accept the previous key for longer (previous_login_secret_until)."),
    ),
    "blocked": (
        _("This player is blocked and gets no token."),
        _("Lift the block in the admin, or with integration block --lift."),
    ),
    "signed_trimmed": (
        _("The signature matches {name} without the spaces around it."),
        _("Save the secret again without them."),
    ),
    "signed_line_end": (
        _("The signature matches {name} with a line end or a space after it."),
        _("The signer reads its secret with a line end. Trim it there."),
    ),
    "signed_base64": (_("The signature matches {name} after base64 decoding."), _USE_TEXT),
    "signed_base64_text": (
        _("The signature matches the base64 text of {name}."),
        _("The signer encodes the secret. Use its text unchanged."),
    ),
    "signed_hex": (_("The signature matches {name} after hex decoding."), _USE_TEXT),
    "signed_quoted": (
        _("The signature matches {name} in quotes."),
        _("The signer's setting contains the quotes too. Remove them."),
    ),
    "signed_unquoted": (
        _("The signature matches {name} without its quotes."),
        _("Save the secret again without quotes."),
    ),
    "signed_case": (
        _("The signature matches {name} in upper or lower case."),
        _("Copy the secret exactly. Upper and lower case matter."),
    ),
    "signed_empty": (
        _("The token is signed with an empty secret."),
        _("The signer has no secret. Its variable is probably not set."),
    ),
    "signed_swapped": (
        _("The signature matches {name}, which is the other of the two secrets."),
        _("The two secrets are probably swapped. Compare both."),
    ),
    "signed_elsewhere": (
        _("The signature matches a secret of the integration {slug}."),
        _("Call the address of that integration, or compare the secrets of both."),
    ),
    "signed_another_kind": (
        _("The signature is not compared with the secret, because this is another kind of token."),
        _("Pass the right token first. No secret has to change for this."),
    ),
    "signed_previous": (
        _("The signature matches the previous secret, which is still accepted."),
        _("Switch the signer to the new secret soon."),
    ),
    "signed_unknown": (_("The signature matches no secret known here, in any common form."), _COPY_SECRET),
    "signed_before_switch": (
        _("The signature was made with the next Zendesk shared secret, before the switch to it."),
        _("Wait for zendesk_secret_switch_at, or set it to the time at which the secret changed in Zendesk."),
    ),
    "signed_after_switch": (
        _("The signature was made with the former Zendesk shared secret, from before the switch."),
        _("Ask the endpoint for a new token."),
    ),
    "signed_unknown_zendesk": (
        _("The signature matches no secret known here, in any common form."),
        _("Copy the shared secret (for Messaging: of the signing key) from Zendesk into this integration again."),
    ),
    # Claims
    "server_token": (
        _("This is a server-to-server token. It names no player."),
        _("Pass the player's own Login JWT."),
    ),
    "exp_missing": (_("There is no exp claim, so the token would never expire."), _SIGN_IN),
    "exp_text": (_("The exp claim is text."), _AS_NUMBER),
    "exp_milliseconds": (_("The exp claim is in milliseconds."), _IN_SECONDS),
    "exp_fraction": (_("The exp claim has a fraction."), _("Round it down to whole seconds.")),
    "exp_invalid": (_("The exp claim is not a time between 1970 and 2100."), _("Write whole seconds since 1970.")),
    "iat_text": (_("The iat claim is text."), _AS_NUMBER),
    "iat_milliseconds": (_("The iat claim is in milliseconds."), _IN_SECONDS),
    "iat_invalid": (_("The iat claim is not a time between 1970 and 2100."), _("Write seconds since 1970.")),
    "nbf_text": (_("The nbf claim is text."), _AS_NUMBER),
    "nbf_milliseconds": (_("The nbf claim is in milliseconds."), _IN_SECONDS),
    "nbf_invalid": (_("The nbf claim is not a time between 1970 and 2100."), _("Write seconds since 1970.")),
    "lifetime": (
        _("The token expires before it was issued: exp is {time} before iat."),
        _("exp must be later than iat."),
    ),
    "exp_duration": (
        _("exp contains a duration of {seconds} s instead of a time, so the token expired in 1970."),
        _("Add the duration to the time of issue."),
    ),
    "expired": (_("The token expired {time} ago."), _SIGN_IN),
    "clock_ahead": (
        _("The token is from the future: iat is {time} ahead of this server's clock."),
        _("Set both clocks by NTP. Up to {leeway} s are tolerated."),
    ),
    "clock_behind": (
        _(
            "The token is from the future: iat is {time} ahead of this server's clock, like {number} refused tokens of "
            "the last hour (median {typical} s)."
        ),
        _("Set this server's clock by NTP. If it is right, set the clock of the signer."),
    ),
    "nbf_ahead": (_("The token becomes valid only in {time} (nbf)."), _("Wait, or set the clocks by NTP.")),
    "issuer_missing": (_("There is no iss claim."), _ASK_LOGIN),
    "issuer_slash": (_("The issuer ends with a slash."), _("It must be exactly {wanted}.")),
    "issuer_other": (_("The issuer is “{found}”."), _("It must be {wanted}: pass a Login JWT.")),
    "project_missing": (_("There is no xsolla_login_project_id claim."), _ASK_LOGIN),
    "project_known": (
        _("The token belongs to the Login project of the integration {slug}."),
        _("Call the address of that integration."),
    ),
    "project_publisher": (
        _("The login_project_id of this integration is the number of the Publisher project."),
        _("Set it to {found}, the ID of the Login project."),
    ),
    "project_spelling": (
        _("The project ID differs from this integration's only in upper and lower case or spaces."),
        _("Set login_project_id to exactly {found}."),
    ),
    "project_unknown": (
        _("The token belongs to the Login project “{found}”, which no integration has."),
        _("Compare it with login_project_id of this integration."),
    ),
    "audience": (
        _("The aud claim names someone else."),
        _("Pass the player's Login JWT. Its aud is empty or absent."),
    ),
    "sub_missing": (_("There is no sub claim, so the token names no player."), _ISSUE_ID),
    "sub_not_text": (_("The sub claim is not text."), _("Write the user ID in quotes.")),
    "sub_blank": (_("The sub claim is empty."), _ISSUE_ID),
    "sub_too_long": (_("The sub claim is longer than 255 characters."), _SHORTER_ID),
    "sub_surrounding_blanks": (_("The sub claim begins or ends with spaces."), _WITHOUT_THEM),
    "sub_unprintable": (_("The sub claim contains invisible characters."), _WITHOUT_THEM),
    "sub_junk": (_("The sub claim is a word for nothing, such as null or 0."), _ISSUE_ID),
    "email_missing": (
        _("There is no email claim, and this integration refuses such players."),
        _("Let Login ask for the address, or set missing_email to omit or placeholder."),
    ),
    "email_unusable": (
        _("Zendesk cannot use the e-mail address: it is not plain ASCII, or has over 254 characters."),
        _("Let the player change it in Login."),
    ),
    # What the widget hands to Zendesk
    "zendesk_kid_in_chat": (
        _("The header has a kid: this is a Messaging token, but the widget is Chat."),
        _("Set zendesk_product to the product that the account uses."),
    ),
    "zendesk_kid_missing": (
        _("The header has no kid, which Messaging needs."),
        _("Set zendesk_product to messaging, and set zendesk_key_id."),
    ),
    "zendesk_kid_other": (
        _("The kid is not the zendesk_key_id of this integration."),
        _("Compare it with the ID of the key in Admin Center."),
    ),
    "zendesk_typ": (_("The header has no typ JWT."), _("Write typ JWT in the header.")),
    "zendesk_scope": (_("The claim scope is not user."), _("Add scope with the value user.")),
    "zendesk_name": (
        _("The claim name is missing or blank."),
        _("Chat always needs a name. The e-mail address will do."),
    ),
    "zendesk_external_id": (_("The claim external_id is missing or is not text."), _("Write the user ID as text.")),
    "zendesk_external_id_long": (_("The claim external_id is longer than 255 characters."), _SHORTER_ID),
    "zendesk_email": (_("The claim email is missing or is not text."), _("Chat documents it as required.")),
    "zendesk_email_accents": (
        _("The claim email contains accented characters."),
        _("Zendesk accepts none in an address."),
    ),
    "zendesk_email_verified": (
        _("The claim email_verified is neither true nor false."),
        _("Write it without quotes."),
    ),
    "zendesk_iat": (_("The claim iat is missing or is not a whole number of seconds."), _AS_SECONDS),
    "zendesk_iat_skew": (
        _("The claim iat differs from this server's clock by {time}. Zendesk allows 120 s."),
        _("Set the clock, and make a new token at each call."),
    ),
    "zendesk_exp": (_("The claim exp is missing or is not a whole number of seconds."), _AS_SECONDS),
    "zendesk_exp_far": (
        _("The claim exp is {seconds} s after iat. Zendesk allows 420 s."),
        _("Use iat + 300."),
    ),
    "zendesk_expired": (
        _("The token expired {time} ago."),
        _("Ask the endpoint for a new one at each call, and keep none."),
    ),
    "zendesk_extra": (_("There are claims that Zendesk does not document: {names}."), _("Leave them out.")),
}
CAUSES: Mapping[str, CauseText] = MappingProxyType({name: CauseText(*texts) for name, texts in _CAUSES.items()})
