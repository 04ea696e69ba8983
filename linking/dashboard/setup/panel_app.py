"""The download of the app with the panel, for one integration."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from linking import panel, registry
from linking.dashboard.shell.access import require_integration, setup_page


@setup_page
@require_safe
def download_app(request: HttpRequest, slug: str) -> HttpResponse:
    """Answer with the zip that an administrator uploads to Zendesk; it holds no secret."""
    integration = require_integration(slug)
    config, _problems = registry.config_of(integration)
    try:
        content = panel.build_app(
            config=config,
            panel_url=request.build_absolute_uri(reverse("panel", args=[slug])),
            languages=[code for code, _name in settings.LANGUAGES],
        )
    except panel.AppRefused as error:
        messages.error(request, error.sentence.to_text(_))
        return redirect("setup_integration", slug=slug)
    response = HttpResponse(content, content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="{panel.find_file_name(slug)}"'
    return response
