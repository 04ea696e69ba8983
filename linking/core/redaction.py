"""Cuts out of text what must never reach a log: tokens, credentials, cookies, e-mail addresses."""

import re

_JWT = re.compile(r"[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}")
_CREDENTIAL = re.compile(
    r"(?i)(authorization|cookie|bearer|token|secret|password|api[_-]?key|access[_-]?key)(\"?'?\s*[:= ]\s*\"?'?)"
    r"(?:bearer\s+|token\s+|basic\s+)?[^\s\"',;&]{6,}"
)
_URL_PASSWORD = re.compile(r"(?<=://)[^/\s:@]*:[^/\s@]+(?=@)")
_EMAIL = re.compile(r"[^\s\"'<>(),:;@/=\[\]{}]+@[^\s\"'<>(),:;@/=\[\]{}]+\.[^\s\"'<>(),:;@/=\[\]{}]+")


def redact(text: str) -> str:
    """Return `text` with everything that looks like a token, credential or e-mail address replaced by a marker."""
    text = _JWT.sub("[token]", text)
    text = _URL_PASSWORD.sub("[credentials]", text)
    text = _CREDENTIAL.sub(lambda match: f"{match[1]}{match[2]}[cut]", text)
    return _EMAIL.sub("[e-mail]", text)
