"""Neither caller leaves anything that only the garbage collector could free, whose pauses would be the slow answers."""

import gc

import pytest

from linking.api.front import TokenFront
from tests.factories import ORIGIN, login_jwt, make_integration
from tests.linking.api.wsgi_client import HOST, environ_of

pytestmark = pytest.mark.django_db
REQUESTS = {
    "a token": {"headers": (HOST, ("Cookie", f"token={login_jwt()}"), ("Origin", ORIGIN))},
    "a token by path": {"headers": (HOST, ("Cookie", f"token={login_jwt()}")), "target": "/generate/token/acme"},
    "a preflight": {"headers": (HOST, ("Origin", ORIGIN)), "method": "OPTIONS"},
    "no token": {"headers": (HOST,)},
    "a bad token": {"headers": (HOST, ("Cookie", "token=a.b.c"))},
    "an expired token": {"headers": (HOST, ("Cookie", f"token={login_jwt(exp=9)}"))},
    "an unknown path": {"headers": (HOST,), "target": "/generate/token/unknown"},
    "another method": {"headers": (HOST,), "method": "PUT"},
}


@pytest.fixture
def unreachable():
    """Count what a call leaves behind that no reference reaches and no reference count freed."""

    def count(call):
        call()  # what is made once and kept
        gc.collect()
        gc.disable()
        gc.set_debug(gc.DEBUG_SAVEALL)
        try:
            for _ in range(20):
                call()
            gc.collect()
            return [type(one).__name__ for one in gc.garbage]
        finally:
            gc.set_debug(0)
            gc.garbage.clear()
            gc.enable()

    return count


@pytest.mark.parametrize("is_direct", [True, False], ids=["front", "view"])
class TestRequest:
    @pytest.mark.parametrize("name", REQUESTS)
    def test_leaves_no_cyclic_garbage(self, unreachable, name, is_direct):
        make_integration()
        front = TokenFront(application=None, is_direct=is_direct, allowed_hosts=["testserver"])
        environ = environ_of(**REQUESTS[name])
        assert unreachable(lambda: front(dict(environ), lambda *_: None)) == []


class TestCount:
    def test_sees_a_cycle(self, unreachable):
        def tie():
            one = {}
            one["itself"] = one

        assert unreachable(tie) == ["dict"] * 20
