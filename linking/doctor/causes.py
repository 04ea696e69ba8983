"""Everything the token doctor can say: one cause each, what is wrong in a sentence, and what to do about it.

docs/doctor.md shows this table, and a test holds the two together. Words in braces are filled in by whoever finds the
cause; they are numbers, names of settings and cleaned claims, never a token, a secret, an e-mail or a user ID.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class CauseText:
    """The two templates of a cause."""

    problem: str
    fix: str


_SIGN_IN = "Send the player through Xsolla Login again."
_ASK_LOGIN = "Ask Xsolla which claims this Login project issues, and pass its JWT unchanged."
_ISSUE_ID = "Issue the real user ID in sub; Zendesk joins everybody who shares one."
_PASS_LOGIN_JWT = "Pass the Login JWT that Login handed to the page after sign-in."  # noqa: S105
_COPY_SECRET = "Copy the Login project's secret key from Publisher Account into this integration again."  # noqa: S105

_CAUSES: dict[str, tuple[str, str]] = {
    # The page that asked
    "page_load": (
        "The request is no call of a script (Sec-Fetch-Mode is {found}): page loads and embedded files get no token.",
        "Call the address with fetch from the page; the address bar of a browser is no way to try it.",
    ),
    "origin_near": (
        "The page's origin is {found}, and what is listed is {listed}: scheme, host and port must be the same.",
        "Add {found} to this integration's origins too.",
    ),
    "origin_unlisted": (
        "The page's origin, {found}, is not among this integration's origins.",
        "Add it there, exactly as the browser sends it.",
    ),
    # What was pasted
    "is_secret": (
        "This holds an integration's {name} itself. Nobody but the two servers may have it.",
        "Regenerate it if it was ever in a page, a chat or a ticket; then paste a token.",
    ),
    "nothing_pasted": ("Nothing was pasted.", "Paste a token, a Cookie header, a curl line or a JSON answer."),
    "paste_too_long": ("The paste is longer than {limit} characters.", "Paste the token alone."),
    "no_token_found": (
        "There is no token in the paste.",
        "Paste three parts of letters and digits joined by two dots.",
    ),
    "several_tokens": ("There are {number} different tokens in the paste.", "Paste one of them alone."),
    "other_text": (
        "Other text stands around the token.",
        "Only the token is judged here; if the other text is sent too, send the token alone.",
    ),
    "nothing_sent": (
        "This request carries neither the cookie {name} nor an Authorization header.",
        "Copy it as cURL, which shows the cookies; if {name} is not among them, use the origin preview.",
    ),
    "cookie_file": (
        "The command names a file of cookies, which is not read here.",
        "Paste the file's line with the cookie {name}.",
    ),
    "open_quote": ("A quote in the command is not closed.", "Copy the whole command, to its last line."),
    "token_in_body": (
        "The token is in the body, and the endpoint never reads it there.",
        "Send it as the cookie {name} or as Authorization: Bearer.",
    ),
    "empty_cookie": ("The cookie {name} is empty.", "Set the cookie only after sign-in, and remove it on sign-out."),
    "two_cookies": (
        "The cookie {name} came twice with different values.",
        "Remove the one that was set for another domain or path: clear both, then sign in again.",
    ),
    "other_cookie": (
        "There is no cookie {name}, but the cookie {other} holds a token.",
        "Set this integration's cookie name to {other}, or let the site use {name}.",
    ),
    "cookie_not_ascii": (
        "The cookie {other} beside it holds characters outside ASCII; the server is then given no cookie at all.",
        "Write that cookie with encodeURIComponent, or send the token as Authorization: Bearer.",
    ),
    "no_cookie": (
        "There is no cookie {name}.",
        "Use the origin preview: the cookie may belong to another host, or need SameSite and Secure.",
    ),
    "token_in_query": (
        "The token is in the address, where logs and browser histories keep it; the endpoint never reads it there.",
        "Send it as the cookie {name} or as Authorization: Bearer.",
    ),
    "empty_bearer": (
        "The Authorization header says Bearer and nothing after it.",
        "Call the endpoint only once the page has the player's token.",
    ),
    "not_bearer": ("The Authorization header does not say Bearer.", "Write Authorization: Bearer and then the token."),
    "refused_answer": ("This is an answer of the endpoint: {code}, {reason}.", "{description}"),
    "cors_error": (
        "A browser kept an answer from the page (CORS): its origin is not listed, or the address is no endpoint.",
        "Compare the origin with those listed and the address with the one above; the network panel shows the answer.",
    ),
    "mixed_content": (
        "A browser did not send the request: the page has https and the address has not.",
        "Serve the bridge with https, and call it so.",
    ),
    "status_alone": (
        "This says that the answer was {status}, and not why.",
        "Paste the body of that answer from the network panel: it has code and reason.",
    ),
    "oauth_code": (
        "The address holds a code and no token: the sign-in is not finished.",
        "Exchange the code at Login (oauth2/token), and pass the access_token of its answer.",
    ),
    "token_in_login_url": (
        "This is Login's answer to a sign-in; the token is inside its login_url.",
        "Follow that address, and let the page it leads to keep its parameter token.",
    ),
    "decoded_token": (
        "This is what a token says, and not the token: nobody can check it without the signature.",
        "Paste the encoded token, three parts joined by two dots.",
    ),
    "login_error": (
        "This is an error of Xsolla Login, {code}, and holds no token.",
        "Look the code up in Login's documentation; the player is not signed in yet.",
    ),
    "other_error": (
        "This is an error message, and not one of the token endpoint.",
        "Look at the address it came from: the endpoint's own have code, description and reason.",
    ),
    "json_without_token": (
        "The JSON has no text called token.",
        "Paste the whole answer; where token is null there, the player is not signed in.",
    ),
    "surrounding_blanks": (
        "There are blanks or line ends around the token.",
        "If they came with the copying, ignore this; if your code sends them, trim the token.",
    ),
    # Shape
    "invisible_characters": (
        "There are invisible characters around the token, such as a byte order mark.",
        "Type the value anew or save the file without them; copying from a chat or a document adds them.",
    ),
    "punctuation": ("A comma or a semicolon stands behind the token.", "Take the token without it."),
    "backslashes": (
        "There are backslashes in the token: it was escaped and not read back.",
        "Parse the JSON or the string it comes from instead of cutting it.",
    ),
    "quoted": ("The token stands in quotes.", "Take the text itself, without JSON.stringify or quotes around it."),
    "bearer_prefix": ("The word Bearer is part of the value.", "Store the token alone; Bearer belongs in the header."),
    "name_prefix": ("The value begins with its own name and an equals sign.", "Keep what follows the equals sign."),
    "glued_parameters": (
        "Other parameters of the address are glued to the token.",
        "Read the parameter token with URLSearchParams instead of cutting the address.",
    ),
    "percent_encoded": ("The token is percent-encoded.", "Decode it once with decodeURIComponent before it is stored."),
    "inner_blanks": ("There is a blank or a line end inside the token.", "Copy it on one line, without wrapping."),
    "base64_padding": ("A part ends with the padding =.", "Remove the =; a JWT has none."),
    "standard_base64": ("A part uses + or /.", "Encode with base64url, which has - and _ in their place."),
    "script_word": (
        "This is what a script writes for nothing or for an object, and no token.",
        "Wait for the answer, take its token, and keep that only once it is there.",
    ),
    "placeholder": (
        "A placeholder stands where the token belongs.",
        "Put a signed-in player's token there; in a shell, set the variable first.",
    ),
    "page": (
        "This is a page or an XML document, and no token.",
        "See which address answered with it; a proxy's error page looks so too.",
    ),
    "shortened": (
        "The token was shortened for showing: dots stand for its middle or end.",
        "Copy the whole value, in a browser's tools with Copy value.",
    ),
    "case_changed": ("The token was changed to small letters.", "Pass it as it is; capitals matter in a token."),
    "one_part": ("The text has no dots, and a JWT has two.", _PASS_LOGIN_JWT),
    "two_parts": (
        "The token has two parts and a JWT has three.",
        "It was cut off, or nobody signed it: pass all three parts.",
    ),
    "five_parts": ("The token has five parts: it is encrypted (JWE).", _PASS_LOGIN_JWT),
    "wrong_parts": ("The token has {number} parts and a JWT has three.", _PASS_LOGIN_JWT),
    "empty_part": (
        "Part {number} of the token is empty.",
        "Pass the whole token; without a signature it proves nothing.",
    ),
    "odd_characters": (
        "The token holds characters no JWT has.",
        "Pass it exactly as Login issued it, letters, digits, - and _ only.",
    ),
    "truncated": (
        "Part {number} of the token ends in the middle.",
        "It was cut off on the way: look at the cookie's size limit.",
    ),
    "unusual_base64": (
        "Part {number} is not written as an encoder writes it, so its last character was changed.",
        "Pass the token exactly as Login issued it.",
    ),
    "header_not_json": ("The first part is not JSON.", _PASS_LOGIN_JWT),
    "payload_not_json": (
        "The claims cannot be read without doubt: bad JSON, a name twice, or bad UTF-8.",
        "Let a JWT library build the token instead of joining strings.",
    ),
    "too_large": (
        "The token has {length} characters; more than {limit} are refused.",
        "Drop claims such as a social access token.",
    ),
    "header_names": ("The header holds more than alg, typ, kid and cty, or a typ that is not JWT.", _PASS_LOGIN_JWT),
    # Not a Login JWT at all
    "access_key": ("This looks like the claim xsolla_login_access_key, which is a key and no token.", _PASS_LOGIN_JWT),
    "uuid": ("This is an ID, not a token.", _PASS_LOGIN_JWT),
    "zendesk_token_at_login": (
        "This is a Zendesk {product} JWT, the answer of the token endpoint and not what it wants.",
        _PASS_LOGIN_JWT,
    ),
    "support_token": (
        "This looks like a JWT for signing in to Zendesk Support (it has jti, and no external_id).",
        _PASS_LOGIN_JWT,
    ),
    "foreign_token": (
        "This token was issued by “{found}” and not by Xsolla Login.",
        "Pass the Login JWT; a social network's or another service's own token is of no use here.",
    ),
    "login_token_at_zendesk": (
        "This is a Login JWT; Zendesk wants the one the token endpoint gives for it.",
        "Call the token endpoint in the widget's callback, and hand over the token of its answer.",
    ),
    # Integration
    "disabled": ("The integration is switched off.", "Enable it in the admin."),
    "observing": (
        "The integration only observes: for now, what the vendor's sample service accepted is served all the same.",
        "Mend what is wrong below before the mode is set to enforce.",
    ),
    "no_integration": ("No integration is chosen and none has the token's project.", "Choose an integration."),
    "rs256_keys": (
        "This integration is set to RS256, and the Login project's keys are not here yet.",
        "Wait for the keys, or choose HS256 if the project signs so.",
    ),
    "login_secret": ("The Login secret key is missing or cannot be opened.", "Set it in the admin."),
    "zendesk_secret": ("The Zendesk shared secret is missing or cannot be opened.", "Set it in the admin."),
    "zendesk_key_id": (
        "Messaging needs the ID of the signing key, and none is set.",
        "Set zendesk_key_id; it begins with app_.",
    ),
    # Algorithm and signature
    "algorithm_none": ("The header says alg none: the token is not signed.", _PASS_LOGIN_JWT),
    "algorithm_missing": ("The header names no alg.", _PASS_LOGIN_JWT),
    "algorithm_rs256": (
        "The token is signed with RS256 and this integration expects {wanted}.",
        "Choose RS256 for this integration, or HS256 in the Login project.",
    ),
    "algorithm_hs256": (
        "The token is signed with HS256 and this integration expects {wanted}.",
        "Choose HS256 for this integration, or RS256 in the Login project.",
    ),
    "algorithm_other": ("The token says alg {found}; this integration expects {wanted}.", "Issue it with {wanted}."),
    "algorithm_hash": (
        "The token says alg {found}, under the right secret; only HS256 is accepted.",
        "Issue it with HS256.",
    ),
    "unknown_key": (
        "The header's kid, {found}, names none of the keys that the Login project lists.",
        "Sign in again for a token with a current key, and compare the project's keys in Publisher Account.",
    ),
    "signed_unknown_rs256": (
        "The Login project's key did not make this signature.",
        "Pass the token exactly as Login issued it, and check login_project_id.",
    ),
    "signed_retired": (
        "The signature was made with the previous Login secret, whose time is over.",
        "Sign in again, or accept the previous secret for longer (previous_login_secret_until).",
    ),
    "blocked": (
        "This user is blocked here and gets no token.",
        "Lift the block in the admin, or with integration block --lift.",
    ),
    "signed_trimmed": (
        "The signature matches {name} without its surrounding blanks.",
        "Save the secret again without them.",
    ),
    "signed_line_end": (
        "The signature matches {name} with a line end after it.",
        "The signer reads its secret with a line end: trim it there.",
    ),
    "signed_base64": (
        "The signature matches {name} after base64-decoding it.",
        "The signer decodes the secret; use its text as it is.",
    ),
    "signed_base64_text": (
        "The signature matches the base64 text of {name}.",
        "The signer encodes the secret; use its text as it is.",
    ),
    "signed_hex": (
        "The signature matches {name} after hex-decoding it.",
        "The signer decodes the secret; use its text as it is.",
    ),
    "signed_quoted": (
        "The signature matches {name} in quotes.",
        "The signer's setting holds the quotes too: remove them.",
    ),
    "signed_unquoted": ("The signature matches {name} without its quotes.", "Save the secret again without quotes."),
    "signed_case": ("The signature matches {name} in another case.", "Copy the secret exactly; capitals matter."),
    "signed_empty": (
        "The token is signed with an empty secret.",
        "The signer has no secret set: its variable is probably missing.",
    ),
    "signed_swapped": (
        "The signature matches {name}, which is the other of the two secrets.",
        "The two secrets are probably in each other's box: compare both.",
    ),
    "signed_elsewhere": (
        "The signature matches the secret of the integration {slug}.",
        "Call that integration's address, or compare the two integrations' secrets.",
    ),
    "signed_another_kind": (
        "The signature is not judged by its secret, as this is another kind of token.",
        "Mend the place first; no secret has to change for this.",
    ),
    "signed_previous": (
        "The signature matches the previous secret, which is still accepted.",
        "Let the signer use the new one soon.",
    ),
    "signed_unknown": ("The signature matches no secret known here, in any common form.", _COPY_SECRET),
    "signed_before_switch": (
        "The signature is made with the next Zendesk shared secret, whose time has not come.",
        "Wait for zendesk_secret_switch_at, or set it to the moment at which the secret changed in Zendesk.",
    ),
    "signed_after_switch": (
        "The signature is made with the former Zendesk shared secret, from before the switch.",
        "Ask the endpoint for a fresh token.",
    ),
    "signed_unknown_zendesk": (
        "The signature matches no secret known here, in any common form.",
        "Copy the shared secret, for Messaging the signing key's, from Zendesk into this integration again.",
    ),
    # Claims
    "server_token": ("This is a server-to-server token; it names no player.", "Pass the player's own Login JWT."),
    "exp_missing": ("There is no exp claim; the token would never end.", _SIGN_IN),
    "exp_text": ("The exp claim is text.", "Write it as a number, without quotes."),
    "exp_milliseconds": ("The exp claim is in milliseconds.", "Divide by 1000 and round: JWT times are seconds."),
    "exp_fraction": ("The exp claim has a fraction.", "Round it down to whole seconds."),
    "exp_invalid": ("The exp claim is no time between 1970 and 2100.", "Write whole seconds since 1970."),
    "iat_text": ("The iat claim is text.", "Write it as a number, without quotes."),
    "iat_milliseconds": ("The iat claim is in milliseconds.", "Divide by 1000 and round: JWT times are seconds."),
    "iat_invalid": ("The iat claim is no time between 1970 and 2100.", "Write seconds since 1970."),
    "nbf_text": ("The nbf claim is text.", "Write it as a number, without quotes."),
    "nbf_milliseconds": ("The nbf claim is in milliseconds.", "Divide by 1000 and round: JWT times are seconds."),
    "nbf_invalid": ("The nbf claim is no time between 1970 and 2100.", "Write seconds since 1970."),
    "lifetime": ("The token ends before it was issued: exp is {time} before iat.", "exp must be later than iat."),
    "exp_duration": (
        "The token expired in 1970: exp holds a duration of {seconds} s instead of a time.",
        "Add the duration to the time of issue.",
    ),
    "expired": ("The token expired {time} ago.", _SIGN_IN),
    "clock_ahead": (
        "The token is from the future: iat is {time} ahead of this server's clock.",
        "Set both clocks by NTP; up to {leeway} s are forgiven.",
    ),
    "clock_behind": (
        (
            "The token is from the future: iat is {time} ahead of this server's clock, like {number} refused "
            "tokens of the last hour (median {typical} s)."
        ),
        "Set this server's clock by NTP; if it is right, set the clock of whoever signs.",
    ),
    "nbf_ahead": ("The token is not valid for another {time} (nbf).", "Wait, or set the clocks by NTP."),
    "issuer_missing": ("There is no iss claim.", _ASK_LOGIN),
    "issuer_slash": ("The issuer has a slash at its end.", "It must be {wanted}, to the letter."),
    "issuer_other": ("The issuer is “{found}”.", "It must be {wanted}: pass a Login JWT."),
    "project_missing": ("There is no xsolla_login_project_id claim.", _ASK_LOGIN),
    "project_known": (
        "The token belongs to the Login project of the integration {slug}.",
        "Call that integration's address.",
    ),
    "project_publisher": (
        "This integration's login_project_id is the number of the Publisher project.",
        "Set it to {found}, the Login project's ID.",
    ),
    "project_spelling": (
        "The project ID differs from this integration's only in capitals or blanks.",
        "Set login_project_id to {found}, to the letter.",
    ),
    "project_unknown": (
        "The token belongs to the Login project “{found}”, which no integration here has.",
        "Compare it with this integration's login_project_id.",
    ),
    "audience": ("The aud claim names somebody else.", "Pass the player's Login JWT; its aud is empty or absent."),
    "sub_missing": ("There is no sub claim, so the token names nobody.", _ISSUE_ID),
    "sub_not_text": ("The sub claim is not text.", "Write the user ID in quotes."),
    "sub_blank": ("The sub claim is empty.", _ISSUE_ID),
    "sub_too_long": ("The sub claim is longer than 255 characters.", "Use a shorter user ID."),
    "sub_surrounding_blanks": ("The sub claim begins or ends with blanks.", "Issue it without them."),
    "sub_unprintable": ("The sub claim holds invisible characters.", "Issue it without them."),
    "sub_junk": ("The sub claim is a word for nothing, such as null or 0.", _ISSUE_ID),
    "email_missing": (
        "There is no email claim, and this integration refuses such users.",
        "Let Login ask for the address, or choose omit or placeholder for this integration.",
    ),
    "email_unusable": (
        "Zendesk cannot take the e-mail address: not plain ASCII, or over 254 characters.",
        "Let the player change it in Login.",
    ),
    # What the widget hands to Zendesk
    "zendesk_kid_in_chat": (
        "The header has a kid: this is a Messaging token, and the widget is Chat.",
        "Set zendesk_product to what the account uses.",
    ),
    "zendesk_kid_missing": (
        "The header has no kid, which Messaging needs.",
        "Set zendesk_product to messaging and zendesk_key_id.",
    ),
    "zendesk_kid_other": (
        "The kid is not this integration's zendesk_key_id.",
        "Compare it with the key's ID in Admin Center.",
    ),
    "zendesk_typ": ("The header has no typ JWT.", "Write typ JWT in the header."),
    "zendesk_scope": ("The claim scope must be user.", "Add scope with the value user."),
    "zendesk_name": ("The claim name is missing or blank.", "Chat wants a name always; the e-mail will do."),
    "zendesk_external_id": ("The claim external_id is missing or no text.", "Write the user ID as text."),
    "zendesk_external_id_long": ("The claim external_id is longer than 255 characters.", "Use a shorter user ID."),
    "zendesk_email": ("The claim email is missing or no text.", "Chat documents it as needed."),
    "zendesk_email_accents": ("The claim email holds accented characters.", "Zendesk takes none in an address."),
    "zendesk_email_verified": ("The claim email_verified must be true or false.", "Write it without quotes."),
    "zendesk_iat": ("The claim iat is missing or no whole number of seconds.", "Write it as a number of seconds."),
    "zendesk_iat_skew": (
        "The claim iat is {time} away from this server's clock; 120 s are allowed.",
        "Set the clock, and make a fresh token at each call.",
    ),
    "zendesk_exp": ("The claim exp is missing or no whole number of seconds.", "Write it as a number of seconds."),
    "zendesk_exp_far": ("The claim exp is {seconds} s after iat; 420 s are allowed.", "Use iat + 300."),
    "zendesk_expired": (
        "The token expired {time} ago.",
        "Ask the endpoint for a fresh one at each call; keep none.",
    ),
    "zendesk_extra": ("There are claims that Zendesk does not document: {names}.", "Leave them out."),
}
CAUSES: Mapping[str, CauseText] = MappingProxyType({name: CauseText(*texts) for name, texts in _CAUSES.items()})
