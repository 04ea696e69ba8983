from sandbox.world.books import OAuthBook


class TestScopes:
    def test_no_token_is_none_even_where_none_was_configured(self):
        assert OAuthBook().find_scopes(token="", fixed="", now_s=0.0) is None
