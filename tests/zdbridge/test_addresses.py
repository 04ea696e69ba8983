from pathlib import Path
from ssl import CERT_NONE, CERT_OPTIONAL, CERT_REQUIRED

import pytest
import redis
from django.core.cache.backends.redis import RedisCache
from kombu import Connection

from zdbridge.addresses import read_database, read_redis
from zdbridge.env import BadSetting


class TestReadDatabase:
    @pytest.mark.parametrize(
        ("url", "name"),
        [
            ("sqlite:////srv/data/z.sqlite3", "/srv/data/z.sqlite3"),
            ("sqlite:///z.sqlite3", "z.sqlite3"),
            ("sqlite:////srv/50%25%3F/a+b#c", "/srv/50%?/a+b#c"),
            ("sqlite://", ":memory:"),
            ("sqlite://:memory:", ":memory:"),
        ],
    )
    def test_knows_the_file_of_sqlite(self, url, name):
        assert read_database(url)["NAME"] == name

    def test_knows_postgresql_by_both_its_names(self):
        assert {read_database(f"{scheme}://u@h/d")["ENGINE"] for scheme in ("postgres", "postgresql")} == {
            "zdbridge.postgresql"
        }

    @pytest.mark.parametrize("url", ["mysql://h/d", "sqlite:///z?timeout=5", "sqlite://h/z", "z.sqlite3", "POSTGRESQL"])
    def test_refuses_everything_else(self, url):
        with pytest.raises(BadSetting, match="DATABASE_URL must be"):
            read_database(url)


def verified_by(url: str) -> dict[str, tuple]:
    """How each client that is made of the address takes the server's certificate: the demand, the authorities."""
    address = read_redis(url)
    pool = redis.ConnectionPool.from_url(address.url)
    cache = RedisCache(address.url, {})._cache.get_client().connection_pool
    broker = Connection(address.broker_url).ssl
    clients = {name: one.make_connection() for name, one in (("limits", pool), ("cache", cache))}
    return {name: (one.cert_reqs, one.ca_certs) for name, one in clients.items()} | {
        "broker": (broker["ssl_cert_reqs"], broker.get("ssl_ca_certs"))
    }


class TestReadRedis:
    @pytest.mark.parametrize(
        ("query", "demand"),
        [
            ("", CERT_REQUIRED),
            ("?ssl_cert_reqs=required", CERT_REQUIRED),
            ("?ssl_cert_reqs=CERT_REQUIRED", CERT_REQUIRED),
            ("?ssl_cert_reqs=optional", CERT_OPTIONAL),
            ("?ssl_cert_reqs=none", CERT_NONE),
            ("?ssl_cert_reqs=CERT_NONE", CERT_NONE),
        ],
    )
    def test_has_every_client_verify_alike(self, query, demand):
        found = verified_by(f"rediss://:word@cache.example:6380/1{query}")
        assert {who: how for who, (how, _file) in found.items()} == dict.fromkeys(("limits", "cache", "broker"), demand)

    def test_gives_every_client_the_authorities(self, tmp_path: Path):
        file = tmp_path / "own ca.pem"
        file.touch()
        found = verified_by(f"rediss://cache.example/0?ssl_ca_certs={tmp_path}/own%20ca.pem")
        assert {path for _how, path in found.values()} == {str(file)}

    @pytest.mark.parametrize("option", ["ssl_ca_certs", "ssl_certfile", "ssl_keyfile"])
    def test_refuses_files_that_are_not_there(self, tmp_path: Path, option):
        with pytest.raises(BadSetting, match=f"REDIS_URL: the file in {option} does not exist"):
            read_redis(f"rediss://:hush@h/0?{option}={tmp_path}/nothing.pem")

    def test_refuses_a_demand_it_does_not_know(self):
        with pytest.raises(BadSetting, match="ssl_cert_reqs must be required, optional or none") as error:
            read_redis("rediss://:hush@h/0?ssl_cert_reqs=maybe")
        assert "hush" not in str(error.value)

    def test_changes_nothing_where_nothing_is_encrypted(self):
        found = read_redis("redis://:word@h:6379/2")
        assert (found.url, found.broker_url, found.is_encrypted) == ("redis://:word@h:6379/2",) * 2 + (False,)

    def test_has_a_word_for_a_socket_that_celery_knows(self):
        broker = Connection(read_redis("unix:///run/redis.sock?db=3").broker_url)
        assert broker.transport_cls == "redis"
        assert broker.hostname == "socket:///run/redis.sock?virtual_host=3"

    @pytest.mark.parametrize(
        ("url", "is_remote"),
        [
            ("redis://127.0.0.1/0", False),
            ("redis:///0", False),
            ("unix:///r", False),
            ("redis://cache/0", True),
            ("", False),
        ],
    )
    def test_knows_whether_it_is_elsewhere(self, url, is_remote):
        assert read_redis(url).is_remote is is_remote
