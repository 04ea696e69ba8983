from tests.linking.api.wsgi_client import environ_of
from tests.zdbridge.serving.rsgi_client import scope_of
from zdbridge.serving.environs import build_head_environ, complete_environ


class TestBuildHeadEnviron:
    def test_is_what_a_wsgi_server_would_say(self):
        headers = (("Host", "testserver"), ("Cookie", "a=1"), ("Cookie", "b=2"), ("Origin", "https://é.example"),
                   ("X-A", "1"), ("X-A", "2"))  # fmt: skip
        wanted = environ_of(method="POST", target="/gener%C3%A4te?q=%20", headers=headers)
        scope = scope_of("POST", "/generäte", headers=headers[1:], query_string="q=%20")
        found = complete_environ(build_head_environ(scope), scope=scope, body=b"")
        assert {name: found.get(name) for name in wanted if name.isupper()} == {
            name: value for name, value in wanted.items() if name.isupper()
        }

    def test_leaves_out_a_header_that_could_be_taken_for_another(self):
        scope = scope_of(headers=[("X_Forwarded_For", "203.0.113.9"), ("X-Forwarded-For", "198.51.100.1")])
        assert build_head_environ(scope)["HTTP_X_FORWARDED_FOR"] == "198.51.100.1"

    def test_takes_the_host_of_an_absolute_address_where_none_is_named(self):
        scope = scope_of(authority="bridge.example")
        scope.headers.pairs = []
        assert build_head_environ(scope)["HTTP_HOST"] == "bridge.example"

    def test_knows_addresses_of_both_kinds(self):
        assert build_head_environ(scope_of(client="[2001:db8::1]:4711"))["REMOTE_ADDR"] == "2001:db8::1"

    def test_does_not_mix_in_the_variables_of_this_process(self, monkeypatch):
        monkeypatch.setenv("DATABASE_URL", "postgresql://somewhere")
        scope = scope_of()
        assert "DATABASE_URL" not in complete_environ(build_head_environ(scope), scope=scope, body=b"")


class TestCompleteEnviron:
    def test_tells_the_length_of_a_body_that_came_without_one(self):
        scope = scope_of("POST", headers=[("Transfer-Encoding", "chunked")])
        environ = complete_environ(build_head_environ(scope), scope=scope, body=b"abc")
        assert (environ["CONTENT_LENGTH"], environ["wsgi.input"].read()) == ("3", b"abc")
        assert "HTTP_TRANSFER_ENCODING" not in environ
