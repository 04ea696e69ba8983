"""`EMAIL_URL` as Django's settings, and what is refused."""

import pytest

from zdbridge.env import BadSetting, Environment
from zdbridge.mail import read_mail_settings


def read(url="", sender="", hosts=("127.0.0.1",)):
    source = {"EMAIL_URL": url, "ZDBRIDGE_MAIL_FROM": sender}
    return read_mail_settings(env=Environment(source=source), hosts=list(hosts))


class TestServer:
    @pytest.mark.parametrize(
        ("url", "port", "has_starttls", "has_tls"),
        [
            ("smtp://mail.example", 25, False, False),
            ("smtp+tls://mail.example", 587, True, False),
            ("smtps://mail.example", 465, False, True),
            ("smtps://mail.example:587", 587, True, False),
            ("smtps://mail.example:2465", 2465, False, True),
            ("smtp+ssl://mail.example:465", 465, False, True),
        ],
    )
    def test_is_spoken_to_as_the_scheme_and_the_port_say(self, url, port, has_starttls, has_tls):
        found = read(url)
        assert (found["EMAIL_PORT"], found["EMAIL_USE_TLS"], found["EMAIL_USE_SSL"]) == (port, has_starttls, has_tls)

    def test_keeps_every_sign_of_a_password(self):
        found = read("smtp://a%40b.example:p+%2F%25%20w@mail.example")
        assert (found["EMAIL_HOST_USER"], found["EMAIL_HOST_PASSWORD"]) == ("a@b.example", "p+/% w")

    @pytest.mark.parametrize(("url", "seconds"), [("smtp://m", 10), ("smtp://m?timeout=3", 3)])
    def test_is_waited_for_so_long(self, url, seconds):
        assert read(url)["EMAIL_TIMEOUT"] == seconds

    @pytest.mark.parametrize(
        "url",
        [
            "http://m", "smtp:m", "smtp://", "smtp://m/box", "smtp://m:99999", "smtp://m:x", "smtp://user@m",
            "smtp://:hunter2@m", "smtp://a:%C3%BChunter2@m",
            "smtp://m?timeout=0", "smtp://m?timeout=61", "smtp://m?timeout=x", "smtp://m?tls=1",
            "consolemail://", "filemail:///tmp",
        ],
    )  # fmt: skip
    def test_of_nonsense_is_refused_in_words_without_the_value(self, url):
        with pytest.raises(BadSetting, match="EMAIL_URL") as caught:
            read(url)
        assert "hunter2" not in str(caught.value)


class TestSender:
    @pytest.mark.parametrize(
        ("url", "sender", "hosts", "expected"),
        [
            ("smtp://m", "a@b.example", (), "a@b.example"),
            ("smtp://u%40b.example:p@m", "", (), "u@b.example"),
            ("smtp://u:p@m", "", ("localhost", ".support.example"), "zdbridge@support.example"),
            ("smtp://m", "", ("127.0.0.1",), "zdbridge@localhost"),
        ],
    )
    def test_is_found(self, url, sender, hosts, expected):
        assert read(url, sender, hosts)["DEFAULT_FROM_EMAIL"] == expected

    @pytest.mark.parametrize("sender", ["nobody", "a@b", "A <a@b.example>", "a@b.example\nBcc: x@y.example"])
    def test_that_is_no_address_is_refused(self, sender):
        with pytest.raises(BadSetting, match="ZDBRIDGE_MAIL_FROM"):
            read("smtp://m", sender)
