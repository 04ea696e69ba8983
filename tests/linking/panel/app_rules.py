"""Zendesk's published rules for an app's zip, so that a package can be judged without a network.

Source: fact sheets of Zendesk, 9.2, and of Messaging accounts, section 11, which read the vendor's own validation.
"""

import json
import re
import stat
import zipfile
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

PRODUCTS = {
    "support": {
        "ticket_sidebar", "new_ticket_sidebar", "user_sidebar", "organization_sidebar", "top_bar", "nav_bar",
        "background", "modal", "ticket_editor", "custom_object_record_sidebar",
    },
    "chat": {"chat_sidebar", "background"},
}  # fmt: skip
KNOWN_KEYS = {
    "name", "author", "defaultLocale", "private", "location", "version", "frameworkVersion", "parameters",
    "domainWhitelist", "signedUrls", "singleInstall", "oauth", "requirementsOnly", "marketingOnly",
    "termsConditionsURL", "remoteInstallationURL",
}  # fmt: skip
PARAMETER_TYPES = {"text", "checkbox", "url", "number", "multiline", "hidden", "oauth", "mtls"}
SECURE_SCOPES = {
    "header", "body", "url", "jwt_secret_key", "jwt_claim", "basic_auth_username", "basic_auth_password",
}  # fmt: skip
LOCALE = re.compile(r"[a-z]{2,3}(-\w{2,3})?\Z")
REFUSED_ENDINGS = {
    "rar", "zip", "gz", "gzip", "pdf", "doc", "docx", "avi", "bin", "bz", "bz2", "csh", "sh", "jar", "mp3", "mpeg",
    "odt", "pptx", "ppt", "xls", "xlsx", "7z",
}  # fmt: skip
# How the content of such files begins, whatever their name.
REFUSED_BEGINNINGS = (b"PK\x03\x04", b"%PDF", b"\x1f\x8b", b"Rar!", b"\xd0\xcf\x11\xe0", b"7z\xbc\xaf", b"BZh")


def find_flaws(archive: zipfile.ZipFile) -> list[str]:
    """Return what Zendesk would object to."""
    return list(_find_all(archive))


def _find_all(archive: zipfile.ZipFile) -> Iterator[str]:
    yield from _judge_files(archive)
    names = set(archive.namelist())
    if "manifest.json" not in names:
        yield "there is no manifest.json at the root"
        return
    try:
        manifest = json.loads(archive.read("manifest.json"), object_pairs_hook=_once)
    except ValueError as error:
        yield f"manifest.json: {error}"
        return
    yield from _judge_manifest(manifest, names=names)
    yield from _judge_translations(archive, manifest=manifest)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a key stands twice")
    return dict(pairs)


def _judge_files(archive: zipfile.ZipFile) -> Iterator[str]:
    if archive.testzip() is not None:
        yield "the zip is damaged"
    if len(set(archive.namelist())) != len(archive.namelist()):
        yield "a file is there twice"
    for entry in archive.infolist():
        if stat.S_ISLNK(entry.external_attr >> 16):
            yield f"{entry.filename} is a link"
        if entry.filename.startswith("/") or ".." in entry.filename.split("/") or "\\" in entry.filename:
            yield f"{entry.filename} leads out of the zip"
        is_refused = entry.filename.rpartition(".")[2].lower() in REFUSED_ENDINGS
        if is_refused or archive.read(entry).startswith(REFUSED_BEGINNINGS):
            yield f"{entry.filename} is of a kind that is refused"


def _judge_manifest(manifest: dict[str, Any], *, names: set[str]) -> Iterator[str]:
    for key in ("author", "defaultLocale", "location", "frameworkVersion"):
        if not manifest.get(key):
            yield f"{key} is missing"
    yield from (f"{key} is no key" for key in sorted(set(manifest) - KNOWN_KEYS))
    for key in ("private", "signedUrls", "singleInstall", "requirementsOnly", "marketingOnly"):
        if not isinstance(manifest.get(key, False), bool):
            yield f"{key} must be true or false"
    for key in ("defaultLocale", "version", "frameworkVersion", "termsConditionsURL", "remoteInstallationURL"):
        if not isinstance(manifest.get(key, ""), str):
            yield f"{key} must be a text"
    if manifest.get("frameworkVersion") != "2.0":
        yield "frameworkVersion must be 2.0"
    locale = manifest.get("defaultLocale")
    if isinstance(locale, str) and (not LOCALE.match(locale) or f"translations/{locale}.json" not in names):
        yield "defaultLocale has no translation, or is none"
    yield from _judge_author(manifest.get("author"))
    yield from _judge_locations(manifest.get("location"), names=names)
    yield from _judge_parameters(manifest)


def _judge_author(author: Any) -> Iterator[str]:
    if not isinstance(author, dict):
        yield "author must be an object"
        return
    yield from (f"author {key} must be a text" for key in author if not isinstance(author[key], str))
    url = author.get("url", "https://x.example")
    if isinstance(url, str) and urlsplit(url).scheme not in ("http", "https"):
        yield "the author's url is none"


def _judge_locations(location: Any, *, names: set[str]) -> Iterator[str]:
    if not isinstance(location, dict):
        yield "location must be an object by product"
        return
    for product, places in location.items():
        if product not in PRODUCTS or not isinstance(places, dict):
            yield f"{product} is no product with places"
            continue
        for place, value in places.items():
            if place not in PRODUCTS[product]:
                yield f"{product} has no place {place}"
            yield from _judge_place(value, where=f"{product}.{place}", names=names)


def _judge_place(value: Any, *, where: str, names: set[str]) -> Iterator[str]:
    url = value.get("url") if isinstance(value, dict) else value
    if isinstance(value, dict) and not isinstance(value.get("flexible", False), bool):
        yield f"{where}: flexible must be true or false"
    if not isinstance(url, str) or not url:
        yield f"{where} has no url"
    elif "{{setting." not in url:
        parts = urlsplit(url)
        is_absolute = parts.scheme == "https" or parts.hostname == "localhost"
        is_asset = not parts.scheme and url.startswith("assets/") and url in names
        if not (is_absolute or is_asset):
            yield f"{where}: {url} is neither https, nor localhost, nor an asset"


def _judge_parameters(manifest: dict[str, Any]) -> Iterator[str]:
    parameters = manifest.get("parameters", [])
    if not isinstance(parameters, list) or not all(isinstance(one, dict) for one in parameters):
        yield "parameters must be a list of objects"
        return
    names = [one.get("name") for one in parameters]
    if len(set(names)) != len(names):
        yield "a parameter stands twice"
    if sum(one.get("type") == "oauth" for one in parameters) > 1:
        yield "there may be one oauth parameter"
    hosts = manifest.get("domainWhitelist", [])
    if not isinstance(hosts, list) or not all(isinstance(host, str) for host in hosts):
        yield "domainWhitelist must be a list of texts"
    for one in parameters:
        yield from _judge_parameter(one, has_hosts=bool(hosts))


def _judge_parameter(one: dict[str, Any], *, has_hosts: bool) -> Iterator[str]:
    name, kind = one.get("name"), one.get("type", "text")
    if not isinstance(name, str) or name in ("", "name"):
        yield f"a parameter cannot be called {name}"
    if kind not in PARAMETER_TYPES:
        yield f"{name} has no such type: {kind}"
    for key in ("required", "secure"):
        if not isinstance(one.get(key, False), bool):
            yield f"{name}: {key} must be true or false"
    if kind == "hidden" and one.get("required"):
        yield f"{name} is hidden and cannot be required"
    if one.get("secure"):
        if kind == "oauth":
            yield f"{name} is oauth and cannot be secure"
        if not has_hosts:
            yield f"{name} is secure and goes to no host of domainWhitelist"
        if not set(one.get("scopes", ["none"])) <= SECURE_SCOPES:
            yield f"{name} is secure and has no scopes"


def _judge_translations(archive: zipfile.ZipFile, *, manifest: dict[str, Any]) -> Iterator[str]:
    for name in archive.namelist():
        if not name.startswith("translations/"):
            continue
        if not LOCALE.match(name.removeprefix("translations/").removesuffix(".json")):
            yield f"{name} is no language"
        try:
            texts = json.loads(archive.read(name))
        except ValueError:
            yield f"{name} is no JSON"
            continue
        app = texts.get("app") if isinstance(texts, dict) else None
        if not isinstance(app, dict) or not app.get("name"):
            yield f"{name} has no app.name"
            continue
        for parameter in manifest.get("parameters") or []:
            if not app.get("parameters", {}).get(parameter.get("name"), {}).get("label"):
                yield f"{name} has no label for {parameter.get('name')}"
