"""What the site developer pastes: the widget's callback with this integration's real values, never a secret."""

import json
import shlex
from dataclasses import dataclass

from django.utils.translation import gettext as _

from linking.core.config import ZendeskProduct


@dataclass(frozen=True, slots=True, kw_only=True)
class Snippet:
    """A piece of JavaScript or a shell line, its title and what to mind."""

    key: str
    title: str
    note: str
    text: str


def snippets_of(*, product: str, endpoint: str, account_key: str, cookie_name: str) -> tuple[Snippet, ...]:
    """Return the snippets for a widget of `product`; `endpoint` is the token endpoint's absolute address."""
    if product == ZendeskProduct.MESSAGING:
        return (_messenger(endpoint), _curl(endpoint, cookie_name=cookie_name))
    return (
        _web_widget(endpoint),
        _web_sdk(endpoint, account_key=account_key),
        _plain(endpoint),
        _curl(endpoint, cookie_name=cookie_name),
    )


def _fetch(endpoint: str) -> str:
    # The player's Login JWT travels in a cookie, which a cross-site request carries only when asked to.
    return f"""const TOKEN_URL = {_quoted(endpoint)};

async function zendeskToken() {{
  const answer = await fetch(TOKEN_URL, {{ credentials: "include" }});
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.code + " " + body.description);
  return body.token;
}}"""


def _web_widget(endpoint: str) -> Snippet:
    # Source: Zendesk help centre, authenticated visitors in the Web Widget (Classic), read 2026-11.
    text = f"""{_fetch(endpoint)}

function jwtFn(callback) {{
  zendeskToken().then(callback, console.warn);
}}

window.zESettings = {{
  webWidget: {{ authenticate: {{ chat: {{ jwtFn }} }} }}
}};"""
    note = _("Put it before Zendesk's own snippet. The widget calls it again during a chat and gets a fresh token.")
    return Snippet(key="web-widget", title=_("Web Widget (Classic)"), note=note, text=text)


def _web_sdk(endpoint: str, *, account_key: str) -> Snippet:
    # Source: Zendesk Chat Web SDK reference, `init` and its `authentication`, read 2026-11.
    key = account_key or _("your account key")
    text = f"""{_fetch(endpoint)}

zChat.init({{
  account_key: {_quoted(key)},
  authentication: {{
    jwt_fn: (callback) => zendeskToken().then(callback, console.warn)
  }}
}});"""
    note = _("On sign-out end the chat, then call zChat.logout() before another player signs in on the same page.")
    return Snippet(key="web-sdk", title=_("Chat Web SDK"), note=note, text=text)


def _messenger(endpoint: str) -> Snippet:
    # Source: Zendesk Widget for Messaging, authentication, read 2026-11.
    text = f"""{_fetch(endpoint)}

zE("messenger", "loginUser", (callback) => {{
  zendeskToken().then(callback, console.warn);
}});"""
    note = _('On sign-out call zE("messenger", "logoutUser").')
    return Snippet(key="messenger", title=_("Messaging widget"), note=note, text=text)


def _plain(endpoint: str) -> Snippet:
    note = _("For any other widget: the answer's token is what Zendesk asks for.")
    return Snippet(key="fetch", title=_("Plain fetch"), note=note, text=_fetch(endpoint))


def _curl(endpoint: str, *, cookie_name: str) -> Snippet:
    cookie = shlex.quote(f"{cookie_name}=LOGIN_JWT")
    text = f"curl -i --cookie {cookie} \\\n  {shlex.quote(endpoint)}"
    note = _("Put a Login JWT of a signed-in player in the place of LOGIN_JWT, on your own machine only.")
    return Snippet(key="curl", title=_("Try it from a shell"), note=note, text=text)


def _quoted(text: str) -> str:
    return json.dumps(text)
