import contextlib
import logging
import socket
import uuid

import pytest
from django.core.cache import cache as configured
from django.test import Client
from django.test.utils import override_settings

from zdbridge.cache import PatientCache

SIGN_IN = "/accounts/login/"
PASSWORD = "a long enough password"


@contextlib.contextmanager
def listening(*, backlog):
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        if backlog is not None:
            one.listen(backlog)
        yield f"redis://127.0.0.1:{one.getsockname()[1]}/0"


@pytest.fixture(params=["closed", "mute"])
def redis_url(request):
    """The address of a Redis that is away, or that takes connections and never says a word."""
    with listening(backlog=None if request.param == "closed" else 99) as url:
        yield url


@pytest.fixture
def cache(redis_url):
    return PatientCache(redis_url, {"KEY_PREFIX": uuid.uuid4().hex})


class TestPatientCacheWithoutRedis:
    def test_keeps_in_memory(self, cache):
        cache.set("a", [1.5])
        assert (cache.get("a"), cache.get("b", "none"), cache.has_key("a"), "a" in cache) == ([1.5], "none", True, True)

    def test_adds_once(self, cache):
        assert (cache.add("a", 1), cache.add("a", 2), cache.get("a")) == (True, False, 1)

    def test_counts(self, cache):
        cache.set("a", 1)
        assert (cache.incr("a"), cache.decr("a", 2)) == (2, 0)

    def test_forgets(self, cache):
        cache.set_many({"a": 1, "b": 2, "c": 3})
        assert cache.delete("a")
        cache.delete_many(["b"])
        assert cache.get_many(["a", "b", "c"]) == {"c": 3}
        cache.clear()
        assert cache.get("c") is None

    def test_asks_redis_once_in_a_while_only(self, cache, monkeypatch):
        cache.get("a")
        monkeypatch.setattr(cache._redis, "get", lambda *_: pytest.fail("asked again"))
        cache.get("a")

    def test_asks_again_after_a_pause(self, cache, monkeypatch):
        cache.get("a")
        cache._paused_until_s = 0.0
        monkeypatch.setattr(cache._redis, "get", lambda *_: "from redis")
        assert cache.get("a") == "from redis"

    def test_takes_back_what_redis_may_have_added_after_all(self, cache, monkeypatch):
        cache.add("lock", True)
        cache._paused_until_s = 0.0
        taken_back = []
        monkeypatch.setattr(cache._redis, "delete_many", taken_back.extend)
        monkeypatch.setattr(cache._redis, "get", lambda *_: None)
        for _ in range(2):
            cache.get("a")
        assert taken_back == ["lock"]

    def test_tells_of_it_once(self, cache, caplog):
        with caplog.at_level(logging.WARNING):
            for _ in range(3):
                cache.get("a")
        assert [one.levelname for one in caplog.records] == ["WARNING"]


@pytest.mark.django_db
class TestSignInWithoutRedis:
    @pytest.fixture
    def client(self, redis_url, django_user_model):
        django_user_model.objects.create_user(username="nadia", password=PASSWORD)
        caches = {"default": {"BACKEND": "zdbridge.cache.PatientCache", "LOCATION": redis_url}}
        with override_settings(CACHES=caches):
            configured.clear()
            yield Client()

    def test_works(self, client):
        assert client.post(SIGN_IN, {"login": "nadia", "password": PASSWORD}).status_code == 302

    def test_is_limited_all_the_same(self, client):
        for _ in range(5):
            client.post(SIGN_IN, {"login": "nadia", "password": "wrong"})
        answer = client.post(SIGN_IN, {"login": "nadia", "password": PASSWORD})
        assert answer.status_code == 200 and b"Too many" in answer.content
