"""`DATABASE_URL` is done to the letter: what is asked for reaches the driver, and the wire."""

import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db.backends.postgresql import base
from django.db.utils import ConnectionHandler
from psycopg import OperationalError
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from zdbridge.env import BadSetting
from zdbridge.postgresql.address import LIMITS, is_remote, read_address, read_sslmode

# From PostgreSQL's protocol: what a client sends instead of a version to ask for TLS or GSS first.
ASKS_TLS, ASKS_GSS = 80877103, 80877104
ERROR = b"SFATAL\0C28000\0Mno more of this\0\0"


def parameters(url: str) -> dict:
    """What Django gives the driver."""
    return ConnectionHandler({"default": read_address(url)})["default"].get_connection_params()


def conninfo(url: str) -> dict:
    """What the driver gives libpq, as libpq reads it."""
    own = {"cursor_factory", "context", "prepare_threshold", "client_encoding"}
    return conninfo_to_dict(make_conninfo(**{k: v for k, v in parameters(url).items() if k not in own}))


class Server:
    """Stands where PostgreSQL would: knows no TLS, writes down what it is told first, and refuses."""

    def __init__(self) -> None:
        self.was_asked_for_tls, self.startup = False, {}
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                client = self._listener.accept()[0]
            except OSError:
                return
            with client:
                self._greet(client)

    def _greet(self, client: socket.socket) -> None:
        while head := client.recv(8):
            length, code = struct.unpack("!II", head)
            if code in (ASKS_TLS, ASKS_GSS):
                self.was_asked_for_tls |= code == ASKS_TLS
                client.sendall(b"N")
                continue
            words = client.recv(length - 8).rstrip(b"\0").decode().split("\0")
            self.startup = dict(zip(words[::2], words[1::2], strict=True))
            client.sendall(b"E" + struct.pack("!I", len(ERROR) + 4) + ERROR)
            return


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


def connect(url: str) -> str:
    """Return what the driver says about a server that refuses."""
    connection = ConnectionHandler({"default": read_address(url)})["default"]
    with pytest.raises(OperationalError) as error:
        connection.connect()
    return str(error.value)


class TestAddress:
    @pytest.mark.parametrize(
        ("option", "value"),
        [
            ("sslmode", "verify-full"),
            ("sslmode", "disable"),
            ("target_session_attrs", "read-write"),
            ("application_name", "support desk"),
            ("connect_timeout", "11"),
            ("sslrootcert", "system"),
            ("keepalives_idle", "30"),
            ("channel_binding", "require"),
            ("load_balance_hosts", "random"),
            ("service", "desk"),
        ],
    )
    def test_gives_every_option_to_the_driver(self, option, value):
        assert conninfo(f"postgresql://u@h/d?{option}={value.replace(' ', '%20')}")[option] == value

    @pytest.mark.parametrize("option", ["sslrootcert", "sslcert", "sslkey"])
    def test_gives_files_to_the_driver(self, tmp_path: Path, option):
        (tmp_path / "a b.pem").touch()
        assert conninfo(f"postgresql://u@h/d?{option}={tmp_path}/a%20b.pem")[option] == f"{tmp_path}/a b.pem"

    @pytest.mark.parametrize("option", ["sslrootcert", "sslcert", "sslkey"])
    def test_refuses_files_that_are_not_there(self, tmp_path: Path, option):
        with pytest.raises(BadSetting, match=f"the file in {option} does not exist"):
            read_address(f"postgresql://u@h/d?{option}={tmp_path}/nothing.pem")

    @pytest.mark.parametrize(
        ("url", "host", "port"),
        [
            ("postgresql://h/d", "h", None),
            ("postgres://u:p@h:6000/d", "h", "6000"),
            ("postgresql://u@one:5432,two:5433/d", "one,two", "5432,5433"),
            ("postgresql://u@[::1]:5432,[fe80::1]:5433/d", "::1,fe80::1", "5432,5433"),
            ("postgresql://u@%2Fvar%2Frun%2Fpostgresql/d", "/var/run/postgresql", None),
            ("postgresql://u@/d?host=/var/run/postgresql", "/var/run/postgresql", None),
            ("postgresql:///d?host=one,two&port=1,2", "one,two", "1,2"),
        ],
    )
    def test_reaches_the_hosts_it_names(self, url, host, port):
        found = conninfo(url)
        assert (found.get("host"), found.get("port"), found["dbname"]) == (host, port, "d")

    @pytest.mark.parametrize(
        ("written", "password"),
        [
            ("p%40ss", "p@ss"),
            ("p@ss", "p@ss"),
            ("50%25", "50%"),
            ("50%", "50%"),
            ("a%2Fb%3Fc", "a/b?c"),
            ("a#b", "a#b"),
        ],
    )
    def test_takes_passwords_as_they_have_always_been_written(self, written, password):
        assert (
            parameters(f"postgresql://u:{written}@h/d")["password"],
            conninfo(f"postgresql://u:{written}@h/d")["host"],
        ) == (password, "h")

    def test_keeps_the_limits_that_are_ours(self):
        found = conninfo("postgresql://u@h/d")
        assert (found["options"], found["connect_timeout"], found["application_name"]) == (LIMITS, "3", "zdbridge")

    def test_lets_the_operators_options_win(self):
        assert (
            conninfo("postgresql://u@h/d?options=-c%20statement_timeout%3D9s")["options"]
            == f"{LIMITS} -c statement_timeout=9s"
        )

    def test_keeps_the_driver_from_preparing_statements(self):
        assert parameters("postgresql://u@h/d")["prepare_threshold"] is None


class TestPooler:
    URL = "postgresql://u@h/d?pgbouncer=1"

    @pytest.mark.parametrize("word", ["1", "true", "True"])
    def test_gets_no_options_at_start(self, word):
        assert "options" not in conninfo(f"postgresql://u@h/d?sslmode=require&pgbouncer={word}")

    def test_gets_those_that_are_asked_for(self):
        assert conninfo(f"{self.URL}&options=-c%20work_mem%3D8MB")["options"] == "-c work_mem=8MB"

    def test_gets_no_cursors_that_live_on_the_server(self):
        assert read_address(self.URL)["DISABLE_SERVER_SIDE_CURSORS"] is True
        assert read_address("postgresql://u@h/d?pgbouncer=0")["DISABLE_SERVER_SIDE_CURSORS"] is False

    def test_word_is_not_taken_for_an_option_of_the_servers(self):
        assert "pgbouncer" not in read_address(self.URL)["OPTIONS"]


class TestRefusal:
    @pytest.mark.parametrize(
        ("url", "words"),
        [
            ("postgresql://u:hush@h/d?sslmod=verify-full", "“sslmod” does not exist"),
            ("postgresql://u:hush@h/d?conn_max_age=60", "“conn_max_age” does not exist"),
            ("postgresql://u:hush@h/d?sslmode=verify_full", "sslmode must be one of disable, allow"),
            ("postgresql://u:hush@h/d?sslmode=", "sslmode must be one of"),
            ("postgresql://u:hush@h/d?target_session_attrs=master", "target_session_attrs must be one of any"),
            ("postgresql://u:hush@h/d?connect_timeout=soon", "connect_timeout must be a number"),
            ("postgresql://u:hush@h/d?pgbouncer=yes", "pgbouncer must be 1 or 0"),
            ("postgresql://u:hush@h:five/d", "a port must be a number"),
            ("postgresql://u:hush@h", "names no database"),
            ("postgresql://u:hush@[::1/d", "cannot be parsed"),
        ],
    )
    def test_says_what_is_wrong_and_nothing_of_the_address(self, url, words):
        with pytest.raises(BadSetting) as error:
            read_address(url)
        assert words in str(error.value)
        assert "hush" not in str(error.value)


class TestWire:
    @pytest.mark.parametrize("mode", ["require", "verify-ca", "verify-full"])
    def test_is_left_when_the_server_has_no_tls_that_was_asked_for(self, server, mode):
        said = connect(f"postgresql://u:hush@127.0.0.1:{server.port}/d?sslmode={mode}")
        assert (server.was_asked_for_tls, server.startup) == (True, {})
        assert "SSL" in said

    def test_carries_what_was_asked_for(self, server):
        connect(f"postgresql://u@127.0.0.1:{server.port}/d?sslmode=disable&application_name=desk")
        assert not server.was_asked_for_tls
        wanted = {"user": "u", "database": "d", "application_name": "desk", "options": LIMITS}
        assert server.startup.items() >= wanted.items()

    def test_carries_nothing_a_pooler_refuses(self, server):
        connect(f"postgresql://u@127.0.0.1:{server.port}/d?sslmode=disable&pgbouncer=1")
        assert set(server.startup) <= {"user", "database", "application_name", "client_encoding"}

    def test_goes_on_to_the_next_host(self, server):
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            ports = f"127.0.0.1:{nobody.getsockname()[1]},127.0.0.1:{server.port}"
            connect(f"postgresql://u@{ports}/d?sslmode=disable")
        assert server.startup["database"] == "d"


class TestRemote:
    @pytest.mark.parametrize(
        "url",
        [
            "postgresql://u@127.0.0.1/d",
            "postgresql://u@localhost,127.0.0.9:5433/d",
            "postgresql://u@[::1]/d",
            "postgresql:///d",
            "postgresql://u@%2Frun%2Fpostgresql/d",
            "postgresql://u@db.example/d?hostaddr=127.0.0.1",
        ],
    )
    def test_is_no_server_of_this_machine(self, monkeypatch, url):
        monkeypatch.delenv("PGHOST", raising=False)
        assert not is_remote(read_address(url))

    @pytest.mark.parametrize("url", ["postgresql://u@db.example/d", "postgresql://u@127.0.0.1,10.0.0.5/d"])
    def test_is_one_elsewhere(self, url):
        assert is_remote(read_address(url))

    def test_is_one_that_libpqs_own_variable_names(self, monkeypatch):
        monkeypatch.setenv("PGHOST", "db.example")
        assert is_remote(read_address("postgresql:///d"))

    def test_is_encrypted_as_libpqs_own_variable_says(self, monkeypatch):
        monkeypatch.setenv("PGSSLMODE", "verify-full")
        assert read_sslmode(read_address("postgresql://u@h/d")) == "verify-full"
        assert read_sslmode(read_address("postgresql://u@h/d?sslmode=require")) == "require"


class Answering:
    """A connection whose server answers every question with `word`, or is gone."""

    def __init__(self, word: str | None) -> None:
        self.word = word

    def execute(self, _sql: str) -> "Answering":
        if self.word is None:
            raise OperationalError("gone")
        return self

    def fetchone(self) -> tuple:
        return (self.word,)


class TestFailover:
    @pytest.mark.parametrize(
        ("wanted", "read_only", "is_usable"),
        [
            ("read-write", "off", True),
            ("read-write", "on", False),
            ("primary", "on", False),
            ("read-write", None, False),
        ],
    )
    def test_leaves_a_server_that_stopped_writing_where_writes_are_asked_for(self, wanted, read_only, is_usable):
        url = f"postgresql://u@one,two/d?target_session_attrs={wanted}"
        connection = ConnectionHandler({"default": read_address(url)})["default"]
        connection.connection = Answering(read_only)
        assert connection.is_usable() is is_usable

    def test_asks_as_django_does_where_any_server_will_do(self, monkeypatch):
        monkeypatch.setattr(base.DatabaseWrapper, "is_usable", lambda self: "as Django does")
        assert (
            ConnectionHandler({"default": read_address("postgresql://u@h/d")})["default"].is_usable()
            == "as Django does"
        )

    def test_has_no_use_for_a_connection_that_was_never_opened(self):
        url = "postgresql://u@one,two/d?target_session_attrs=read-write"
        assert not ConnectionHandler({"default": read_address(url)})["default"].is_usable()
