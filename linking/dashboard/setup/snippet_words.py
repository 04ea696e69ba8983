"""The snippets by file: for which kind of program each is, what it is called, and what to mind.

Source: developer.zendesk.com, "Authentication" of Zendesk's SDKs for iOS, Android and Unity (`loginUser`,
`LoginAsync`), "Enabling authenticated users with the Chat SDK" (`setIdentity`), "Content Security Policy support"
of both web widgets (Zendesk's script), and Zendesk's pages on authenticated visitors for each widget, read 2026-11.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from django.utils.translation import gettext_lazy as _

from linking.dashboard.shell.parts import Text


class SnippetGroup(StrEnum):
    """The kind of program that a snippet belongs in."""

    PAGE = "page"
    APP = "app"
    SERVER = "server"
    TRY = "try"


@dataclass(frozen=True, slots=True, kw_only=True)
class SnippetWords:
    """What the page says about one file. `vendor_file` is Zendesk's own script for it, "" for none.

    `key` is the same for the files of both products, so that a chosen tab has one name.
    """

    key: str
    group: SnippetGroup
    title: Text
    note: Text
    vendor_file: str = ""
    is_vendor_first: bool = False


GROUP_NAMES: Mapping[str, Text] = MappingProxyType(
    {
        SnippetGroup.PAGE: _("Web page"),
        SnippetGroup.APP: _("App or game"),
        SnippetGroup.SERVER: _("Your server"),
        SnippetGroup.TRY: _("Any other"),
    }
)
_SCRIPT, _SDK_SCRIPT = "ze-snippet.html", "web-sdk.html"
_HOOK_NOTE = _(
    "It signs the player in and out as your page does. Put Zendesk's script into the page itself, before your own."
)
_APP_NOTE = _(
    "The app has no cookie: it sends the Login JWT that the Login SDK gave it. The names of calls are those "
    "of Zendesk's SDK."
)
_CHAT_SDK_NOTE = _(
    "For Zendesk's Chat SDK. It sends the Login JWT that the Login SDK gave the app, and asks for a new token"
    " whenever the SDK wants one."
)
_SERVER_NOTE = _(
    "For sites whose pages do not have the cookie, because the server holds the Login JWT. All players of a "
    "server share one address, so an administrator may have to raise ZDBRIDGE_TOKEN_LIMIT_PER_ADDRESS."
)


def _web(key: str, title: Text, note: Text, *, script: str = "", is_first: bool = False) -> SnippetWords:
    return SnippetWords(
        key=key, group=SnippetGroup.PAGE, title=title, note=note, vendor_file=script, is_vendor_first=is_first
    )


def _app(key: str, title: Text, note: Text) -> SnippetWords:
    return SnippetWords(key=key, group=SnippetGroup.APP, title=title, note=note)


def _server(key: str, title: Text) -> SnippetWords:
    return SnippetWords(key=key, group=SnippetGroup.SERVER, title=title, note=_SERVER_NOTE)


_REACT, _VUE = _("React"), _("Vue")
_IOS, _ANDROID, _UNITY = _("iOS (Swift)"), _("Android (Kotlin)"), _("Unity (C#)")
SNIPPETS: Mapping[str, SnippetWords] = MappingProxyType(
    {
        "web-widget.js": _web(
            "web-widget",
            _("Web Widget (Classic)"),
            _("Place it before Zendesk's script. The widget asks for a new token during a chat."),
            script=_SCRIPT,
        ),
        "web-sdk.js": _web(
            "web-sdk",
            _("Chat Web SDK"),
            _("Place it after the SDK's script. Call its functions when a player signs in, signs out or changes."),
            script=_SDK_SCRIPT,
            is_first=True,
        ),
        "messaging.js": _web(
            "messaging",
            _("Messaging widget"),
            _("Place it after Zendesk's script. Call its functions when a player signs in, signs out or changes."),
            script=_SCRIPT,
            is_first=True,
        ),
        "react-chat.js": _web("react", _REACT, _HOOK_NOTE, script=_SCRIPT, is_first=True),
        "react-messaging.js": _web("react", _REACT, _HOOK_NOTE, script=_SCRIPT, is_first=True),
        "vue-chat.js": _web("vue", _VUE, _HOOK_NOTE, script=_SCRIPT, is_first=True),
        "vue-messaging.js": _web("vue", _VUE, _HOOK_NOTE, script=_SCRIPT, is_first=True),
        "ios-chat.swift": _app("ios", _IOS, _CHAT_SDK_NOTE),
        "ios-messaging.swift": _app("ios", _IOS, _APP_NOTE),
        "android-chat.kt": _app("android", _ANDROID, _CHAT_SDK_NOTE),
        "android-messaging.kt": _app("android", _ANDROID, _APP_NOTE),
        "unity-chat.cs": _app(
            "unity",
            _UNITY,
            _(
                "It gets the token; hand it to the chat that your game shows. Zendesk's SDK for Unity takes tokens for "
                "Messaging, not these."
            ),
        ),
        "unity-messaging.cs": _app("unity", _UNITY, _APP_NOTE),
        "express.js": _server("express", _("Node (Express)")),
        "server.php": _server("php", _("PHP")),
        "django.py": _server("django", _("Python (Django)")),
        "fetch.js": SnippetWords(
            key="fetch",
            group=SnippetGroup.TRY,
            title=_("Plain fetch"),
            note=_("For any other widget: the token in the answer is what Zendesk needs."),
        ),
        "curl.txt": SnippetWords(
            key="curl",
            group=SnippetGroup.TRY,
            title=_("Try it from a shell"),
            note=_("Set LOGIN_JWT to the token of a signed-in player. Do this only on your own machine."),
        ),
    }
)  # fmt: skip
