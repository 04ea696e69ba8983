"""All HTTP to the OpenID Connect issuer at which people of the house sign in; every call is one of `outbound`.

The operator names the issuer. Where its other addresses are, it says itself, so each of them is judged before its call
as the issuer's own is: https to a public address, or this machine where the environment allows it.

Source: OpenID Connect Discovery 1.0, sections 3 and 4; OpenID Connect Core 1.0, sections 3.1.3 and 5.3; RFC 6749,
section 2.3.1. Read 2026-11.
"""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus, urlsplit

from linking.clients.outbound import Answer, Outbound, OutboundError
from linking.clients.vendor_urls import address_flaw
from linking.core.key_sets import BadKeySet, KeySet, list_keys, usable_keys
from linking.core.strict_json import NotStrictJSON, read_object

CALL_DEADLINE_S = 10.0
_DISCOVERY = "/.well-known/openid-configuration"
_OK = 200


class IssuerError(Exception):
    """The issuer gave nothing that can be used; the message is for the log and carries no code, token or secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerConfiguration:
    """Where the issuer does what. `has_post_auth`: the client's secret goes into the form, else into a header."""

    authorization_url: str
    token_url: str
    keys_url: str
    userinfo_url: str
    has_post_auth: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedTokens:
    """What the issuer gave for a code."""

    id_token: str = field(repr=False)
    access_token: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerClient:
    """Speaks to one issuer, whose name is `issuer`, as the client `client_id`."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    allow_loopback: bool

    def read_configuration(self) -> IssuerConfiguration:
        """Return what the issuer says about itself.

        Raises: IssuerError, also where it names itself otherwise or an address that may not be called.
        """
        document = self._read_json(self.issuer.rstrip("/") + _DISCOVERY)
        if document.get("issuer") != self.issuer:
            raise IssuerError("The issuer gives itself another name than ZDBRIDGE_OIDC_ISSUER.")
        methods = document.get("token_endpoint_auth_methods_supported")
        return IssuerConfiguration(
            authorization_url=self._read_address(document, "authorization_endpoint"),
            token_url=self._read_address(document, "token_endpoint"),
            keys_url=self._read_address(document, "jwks_uri"),
            userinfo_url=self._read_address(document, "userinfo_endpoint") if "userinfo_endpoint" in document else "",
            has_post_auth=isinstance(methods, list) and "client_secret_post" in methods,
        )

    def exchange_code(
        self, *, configuration: IssuerConfiguration, code: str, redirect_url: str, verifier: str
    ) -> IssuedTokens:
        """Return the tokens for a code; `redirect_url` and `verifier` are those it was asked with.

        Raises: IssuerError.
        """
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_url}
        form["code_verifier"] = verifier
        headers = {}
        if configuration.has_post_auth:
            form |= {"client_id": self.client_id, "client_secret": self.client_secret}
        else:
            pair = f"{quote_plus(self.client_id)}:{quote_plus(self.client_secret)}"
            headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        document = _parse(self._call(configuration.token_url, form=form, headers=headers))
        id_token, access_token = document.get("id_token"), document.get("access_token")
        if not isinstance(id_token, str) or not isinstance(access_token, str):
            raise IssuerError("The issuer gave no ID token. The scope openid may be missing.")
        return IssuedTokens(id_token=id_token, access_token=access_token)

    def read_keys(self, *, configuration: IssuerConfiguration) -> KeySet:
        """Return the issuer's keys for RS256. Raises: IssuerError."""
        try:
            encoding, keys = list_keys(self._read_json(configuration.keys_url))
        except BadKeySet as error:
            raise IssuerError("The issuer's list of keys cannot be read.") from error
        return usable_keys(keys, encoding=encoding)

    def read_userinfo(self, *, configuration: IssuerConfiguration, access_token: str) -> Mapping[str, Any]:
        """Return what the issuer tells about the person beside the ID token. Raises: IssuerError."""
        headers = {"Authorization": f"Bearer {access_token}"}
        return _parse(self._call(configuration.userinfo_url, headers=headers))

    def _read_address(self, document: Mapping[str, Any], name: str) -> str:
        url = document.get(name)
        if not isinstance(url, str) or self._find_flaw(url):
            raise IssuerError(f"The issuer names no address that may be called as {name}.")
        return url

    def _find_flaw(self, url: str) -> str:
        hosts = [urlsplit(url).hostname or ""] if url.isprintable() and url.isascii() else []
        return address_flaw(url.partition("?")[0], allow_loopback=self.allow_loopback, hosts=hosts)

    def _read_json(self, url: str) -> Mapping[str, Any]:
        return _parse(self._call(url))

    def _call(
        self, url: str, *, form: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        parts = urlsplit(url)
        path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        try:
            out = Outbound(
                base_url=f"{parts.scheme}://{parts.netloc}",
                hosts=[parts.hostname or ""],
                allow_loopback=self.allow_loopback,
                deadline_s=CALL_DEADLINE_S,
            )
            try:
                return out.get(path=path, headers=headers) if form is None else _post(out, path, form, headers)
            finally:
                out.close()
        except OutboundError as error:
            raise IssuerError(str(error)) from error


def _post(out: Outbound, path: str, form: Mapping[str, str], headers: Mapping[str, str] | None) -> Answer:
    return out.post(path=path, form=form, headers=headers)


def _parse(answer: Answer) -> Mapping[str, Any]:
    if answer.status != _OK:
        # The body may repeat what was sent.
        raise IssuerError(f"The issuer answered {answer.status}.")
    try:
        return read_object(answer.body)
    except NotStrictJSON as error:
        raise IssuerError("The issuer's answer is no JSON object.") from error
