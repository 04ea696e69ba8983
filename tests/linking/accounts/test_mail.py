"""Mail by EMAIL_URL, from the variable to a server on loopback."""

from functools import partial
from urllib.parse import quote

import pytest
from django.core.mail import EmailMessage

from linking.accounts import mail
from linking.accounts.mail import MailFailed
from tests.linking.mail_server import PASSWORD, USER, mail_server, silent_port, tls_context
from zdbridge.env import Environment
from zdbridge.mail import read_mail_settings

LOGIN = f"{quote(USER, safe='')}:{quote(PASSWORD, safe='')}@"
silent = pytest.fixture(silent_port)


@pytest.fixture
def use(settings):
    """Put an EMAIL_URL in force."""

    def put_in_force(url, **others):
        found = read_mail_settings(env=Environment(source={"EMAIL_URL": url} | others), hosts=["support.example"])
        for name, value in found.items():
            setattr(settings, name, value)

    return put_in_force


@pytest.fixture
def trusted(monkeypatch, tmp_path):
    """A server's TLS whose certificate this machine trusts."""
    context = tls_context(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "localhost.pem"))
    return context


def send(to="lead@shop.example", **changes):
    mail.send(EmailMessage("A subject", "Some words", None, [to], **changes))


def failure(**changes):
    with pytest.raises(MailFailed) as caught:
        send(**changes)
    words = str(caught.value)
    assert not any(secret in words for secret in (PASSWORD, USER, "lead@shop.example"))
    return words


class TestWays:
    def test_in_clear(self, use):
        with mail_server() as server:
            use(f"smtp://localhost:{server.port}")
            send()
        assert b"Some words" in server.messages[0].content

    @pytest.mark.parametrize("scheme", ["smtps", "smtp+ssl"])
    def test_in_tls_from_the_first_byte_with_a_login(self, use, trusted, scheme):
        with mail_server(tls=trusted, has_login=True) as server:
            use(f"{scheme}://{LOGIN}localhost:{server.port}")
            send()
        assert len(server.messages) == 1

    def test_by_starttls_with_a_login(self, use, trusted):
        with mail_server(starttls=trusted, has_login=True) as server:
            use(f"smtp+tls://{LOGIN}localhost:{server.port}")
            send()
        assert len(server.messages) == 1

    def test_is_from_the_one_who_logs_in(self, use):
        with mail_server(has_login=True) as server:
            use(f"smtp://{LOGIN}localhost:{server.port}")
            send()
        assert server.messages[0].mail_from == USER

    def test_is_from_whom_the_operator_names(self, use):
        with mail_server() as server:
            use(f"smtp://localhost:{server.port}", ZDBRIDGE_MAIL_FROM="bridge@shop.example")
            send()
        assert server.messages[0].mail_from == "bridge@shop.example"

    def test_is_from_this_host_by_itself(self, use):
        with mail_server() as server:
            use(f"smtp://localhost:{server.port}")
            send()
        assert server.messages[0].mail_from == "zdbridge@support.example"


class TestFailure:
    def test_of_a_login(self, use, trusted):
        with mail_server(tls=trusted, has_login=True) as server:
            use(f"smtps://{quote(USER, safe='')}:wrong@localhost:{server.port}")
            assert failure() == "The mail server refused the log-in (535). Check user and password in EMAIL_URL."

    def test_of_a_certificate_nobody_trusts(self, use, tmp_path):
        with mail_server(tls=tls_context(tmp_path)) as server:
            use(f"smtps://localhost:{server.port}")
            assert "certificate of the mail server is not trusted" in failure()

    def test_of_a_certificate_for_another_name(self, use, tmp_path, monkeypatch):
        context = tls_context(tmp_path, "mail.elsewhere.example")
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "mail.elsewhere.example.pem"))
        with mail_server(starttls=context) as server:
            use(f"smtp+tls://localhost:{server.port}")
            assert "is for another name" in failure()

    def test_of_tls_where_the_server_has_none(self, use):
        with mail_server() as server:
            use(f"smtp+tls://localhost:{server.port}")
            assert "does not offer TLS" in failure()

    def test_of_tls_on_a_port_that_speaks_in_clear(self, use):
        with mail_server() as server:
            use(f"smtps://localhost:{server.port}")
            assert "No TLS with the mail server" in failure()

    def test_of_the_recipient(self, use):
        with mail_server() as server:
            server.refused = {"lead@shop.example": "550 unknown"}
            use(f"smtp://localhost:{server.port}")
            assert failure() == "The mail server refused the recipient (550)."

    def test_of_the_sender(self, use):
        with mail_server() as server:
            server.refused = {"zdbridge@support.example": "553 not yours"}
            use(f"smtp://localhost:{server.port}")
            assert "refused the sender's address (553)" in failure()

    def test_of_a_server_that_is_not_there(self, use):
        use("smtp://localhost:1")
        assert "cannot be reached" in failure()

    def test_of_a_server_that_says_nothing(self, use, silent):
        use(f"smtp://localhost:{silent}?timeout=1")
        assert "did not answer in time" in failure()

    def test_without_a_server(self, use):
        use("")
        assert "can set EMAIL_URL" in failure()


class TestBackground:
    @pytest.fixture(autouse=True)
    def at_once(self, monkeypatch):
        monkeypatch.setattr(mail, "HEAD_START_S", 0)

    def test_a_failure_is_logged_without_address_or_secret(self, use, caplog):
        use(f"smtp://{LOGIN}localhost:1")
        make = partial(EmailMessage, "A subject", "Some words", None, ["lead@shop.example"])
        mail.send_in_background(make).result()
        assert "cannot be reached" in caplog.text
        assert not any(word in caplog.text for word in (PASSWORD, USER, "lead@shop.example"))
