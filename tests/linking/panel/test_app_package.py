import io
import json
import stat
import struct
import zipfile

import pytest

from linking.core.config import ZendeskProduct
from linking.panel import AppRefused, build_app, find_file_name
from tests.factories import LOGIN_SECRET_KEY, ZENDESK_ACCESS_TOKEN, ZENDESK_SHARED_SECRET, make_config
from tests.linking.panel.app_rules import find_flaws
from tests.linking.panel.zendesk import set_up_app

URL = "https://bridge.example/panel/acme/"
TEMPLATE = "https://publisher.xsolla.com/{merchant_id}/projects/{project_id}/login/users/{user_id}"
PLACE = {"url": URL, "flexible": True}


def build(url=URL, languages=("en",), **changes):
    values = {
        "publisher_account_url_template": TEMPLATE, "merchant_id": "77001", "publisher_project_id": "44056",
        **set_up_app(),
    }  # fmt: skip
    return build_app(config=make_config(**(values | changes)), panel_url=url, languages=languages)


def unpack(content):
    return zipfile.ZipFile(io.BytesIO(content))


def read_manifest(content):
    return json.loads(unpack(content).read("manifest.json"))


class TestPackage:
    @pytest.mark.parametrize("product", ZendeskProduct)
    @pytest.mark.parametrize("languages", [("en",), ("en", "de")])
    def test_passes_the_vendors_rules(self, product, languages):
        assert find_flaws(unpack(build(zendesk_product=product, languages=languages))) == []

    def test_is_for_ticket_user_and_chat(self):
        assert read_manifest(build())["location"] == {
            "support": {"ticket_sidebar": PLACE, "user_sidebar": PLACE}, "chat": {"chat_sidebar": PLACE},
        }  # fmt: skip

    def test_is_private_and_started_by_a_signed_token(self):
        manifest = read_manifest(build())
        assert (manifest["private"], manifest["signedUrls"], manifest["frameworkVersion"]) == (True, True, "2.0")

    def test_holds_no_secret(self):
        content = build()
        for secret in (LOGIN_SECRET_KEY, ZENDESK_SHARED_SECRET, ZENDESK_ACCESS_TOKEN, "PUBLIC KEY"):
            assert secret.encode() not in content

    def test_is_the_same_bytes_every_time(self):
        assert build() == build()

    def test_has_plain_files_of_one_day(self):
        entries = unpack(build()).infolist()
        assert {(entry.date_time, stat.filemode(entry.external_attr >> 16)) for entry in entries} == {
            ((1980, 1, 1, 0, 0, 0), "-rw-r--r--")
        }

    @pytest.mark.parametrize(("name", "size"), [("logo.png", 320), ("logo-small.png", 128)])
    def test_has_logos_of_the_sizes_that_zendesk_shows(self, name, size):
        content = unpack(build()).read(f"assets/{name}")
        assert (content[:8], struct.unpack(">II", content[16:24])) == (b"\x89PNG\r\n\x1a\n", (size, size))

    def test_has_the_languages_of_the_interface(self):
        names = unpack(build(languages=("de",))).namelist()
        assert [name for name in names if name.startswith("translations/")] == [
            "translations/de.json", "translations/en.json",
        ]  # fmt: skip

    def test_is_named_after_its_integration(self):
        assert read_manifest(build(name="Äcme " * 20))["name"].startswith("zdbridge: Äcme")
        assert find_file_name("acme") == "zdbridge-acme.zip"


class TestPublisherSetting:
    def test_is_filled_in_but_for_the_player(self):
        (setting,) = read_manifest(build())["parameters"]
        assert setting["default"] == "https://publisher.xsolla.com/77001/projects/44056/login/users/{user_id}"

    @pytest.mark.parametrize(
        "changes",
        [{"merchant_id": ""}, {"publisher_account_url_template": ""}, {"publisher_account_url_template": "https://x.example/"}],
    )  # fmt: skip
    def test_is_empty_where_the_address_cannot_be_told(self, changes):
        (setting,) = read_manifest(build(**changes))["parameters"]
        assert "default" not in setting

    def test_takes_no_address_apart(self):
        (setting,) = read_manifest(build(merchant_id="7/../8"))["parameters"]
        assert "/7%2F..%2F8/" in setting["default"]


class TestAddress:
    @pytest.mark.parametrize(
        ("given", "loaded"),
        [
            ("http://127.0.0.1:8000/panel/acme/", "http://localhost:8000/panel/acme/"),
            ("http://[::1]:8000/panel/acme/", "http://localhost:8000/panel/acme/"),
            ("https://bridge.example:8443/p/panel/acme/", "https://bridge.example:8443/p/panel/acme/"),
        ],
    )
    def test_is_one_that_zendesk_loads(self, given, loaded):
        content = build(given)
        assert read_manifest(content)["location"]["chat"]["chat_sidebar"]["url"] == loaded
        assert find_flaws(unpack(content)) == []

    def test_without_https_is_refused_with_the_address(self):
        with pytest.raises(AppRefused) as raised:
            build("http://bridge.example/panel/acme/")
        assert "this address is http://bridge.example." in raised.value.sentence.to_text()


class TestRules:
    """The rules object to what is wrong, one change at a time."""

    @pytest.mark.parametrize(
        ("change", "flaw"),
        [
            ({"author": None}, "author is missing"),
            ({"frameworkVersion": "1.0"}, "frameworkVersion must be 2.0"),
            ({"defaultLocale": "english"}, "defaultLocale has no translation"),
            ({"defaultLocale": "fr"}, "defaultLocale has no translation"),
            ({"signedUrls": "yes"}, "signedUrls must be"),
            ({"location": {"support": {"sidebar": PLACE}}}, "no place sidebar"),
            ({"location": {"sell": {"deal_card": PLACE}}}, "no product"),
            ({"location": {"support": {"ticket_sidebar": "http://bridge.example/"}}}, "neither https"),
            ({"location": {"support": {"ticket_sidebar": "assets/none.html"}}}, "neither https"),
            ({"location": {"support": {"ticket_sidebar": {"url": URL, "flexible": "yes"}}}}, "flexible"),
            ({"parameters": [{"name": "name"}]}, "cannot be called name"),
            ({"parameters": [{"name": "a", "type": "password"}]}, "no such type"),
            ({"parameters": [{"name": "a", "type": "hidden", "required": True}]}, "cannot be required"),
            ({"parameters": [{"name": "a", "type": "text"}]}, "no label"),
            ({"parameters": [{"name": "a", "secure": True}]}, "domainWhitelist"),
            ({"domainWhitelist": "bridge.example"}, "domainWhitelist"),
            ({"bogus": 1}, "bogus is no key"),
        ],
    )
    def test_find_a_wrong_manifest(self, change, flaw):
        manifest = read_manifest(build()) | change
        assert any(flaw in found for found in find_flaws(self.repack({"manifest.json": json.dumps(manifest)})))

    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("assets/a.pdf", "x"),
            ("assets/a.html", "PK\x03\x04"),
            ("../a.html", "x"),
            ("translations/english.json", "{}"),
        ],
    )
    def test_find_a_wrong_file(self, name, content):
        assert find_flaws(self.repack({name: content}))

    def test_find_a_link(self):
        link = zipfile.ZipInfo("assets/link.html")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        assert find_flaws(self.repack({link: "manifest.json"})) == ["assets/link.html is a link"]

    def repack(self, changes):
        source, target = unpack(build()), io.BytesIO()
        with zipfile.ZipFile(target, "w") as archive:
            for entry in source.infolist():
                if entry.filename not in changes:
                    archive.writestr(entry, source.read(entry))
            for name, content in changes.items():
                archive.writestr(name, content)
        return zipfile.ZipFile(target)
