"""The JSON API described: for programs at `/api/schema/`, for people at `/api/docs/`."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiJsonRenderer2, OpenApiYamlRenderer
from drf_spectacular.views import SpectacularAPIView

from linking.accounts import roles
from linking.api.access import MayUseSetup, PerPerson

# What developers may call; the other calls are about records.
_WITHOUT_RECORDS = ("/generate/token", "/api/v1/diagnose/")


class Schema(SpectacularAPIView):
    """`GET /api/schema/`: OpenAPI 3 as JSON, or as YAML when asked for by `Accept`."""

    permission_classes = [MayUseSetup]
    throttle_classes = [PerPerson]
    renderer_classes = [OpenApiJsonRenderer2, OpenApiJsonRenderer, OpenApiYamlRenderer]


def api_docs(request: HttpRequest) -> HttpResponse:
    """Show every call that this person may make, with its parameters and answers."""
    if not roles.can_use_setup(request.user):
        raise PermissionDenied
    operations = _operations(SchemaGenerator().get_schema(request=None, public=True))
    if not roles.can_see_pages(request.user):
        operations = [one for one in operations if one["path"].startswith(_WITHOUT_RECORDS)]
    return render(request, "api/docs.html", {"operations": operations})


def _operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return one flat record a call, in the order of the document."""
    return [
        {
            "method": method.upper(),
            "path": path,
            "description": operation.get("description", ""),
            "parameters": [
                {
                    "name": one["name"],
                    "place": one["in"],
                    "description": one.get("description", ""),
                    "choices": one.get("schema", {}).get("enum", ()),
                }
                for one in operation.get("parameters", ())
            ],
            "answers": sorted(operation.get("responses", {})),
        }
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
