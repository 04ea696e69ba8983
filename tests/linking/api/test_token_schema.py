import pytest
from drf_spectacular.generators import SchemaGenerator

from linking.tokens.refusals import STATUSES, Reason

PATHS = ("/generate/token", "/generate/token/{slug}")


@pytest.fixture(scope="module")
def document():
    return SchemaGenerator().get_schema(request=None, public=True)


class TestTokenSchema:
    @pytest.mark.parametrize("path", PATHS)
    @pytest.mark.parametrize("method", ["get", "post"])
    def test_describes_every_status(self, document, path, method):
        found = {int(status) for status in document["paths"][path][method]["responses"]}
        assert found == {200, *STATUSES.values()}

    def test_shows_an_example_of_every_reason(self, document):
        answers = document["paths"][PATHS[0]]["get"]["responses"]
        shown = [
            example["value"]["reason"]
            for status, answer in answers.items()
            if status != "200"
            for example in answer["content"]["application/json"]["examples"].values()
        ]
        assert sorted(shown) == sorted(reason.value for reason in Reason)

    def test_asks_for_no_account_of_ours(self, document):
        assert "security" not in document and "security" not in document["paths"][PATHS[0]]["get"]

    def test_names_header_and_cookie(self, document):
        named = {(one["in"], one["name"]) for one in document["paths"][PATHS[0]]["get"]["parameters"]}
        assert named == {("header", "Authorization"), ("header", "Origin"), ("cookie", "token")}

    def test_names_every_operation_once(self, document):
        named = [call["operationId"] for path in document["paths"].values() for call in path.values()]
        assert len(named) == len(set(named))
