"""The link rate by day: a page of its own, and what the fold above the list loads when it is opened."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from linking.dashboard.shell.access import page
from linking.dashboard.visitors.link_rate import choose_apart
from linking.dashboard.visitors.link_rate_plot import load_link_rate_plots
from linking.monitoring import status


@page
@require_safe
@vary_on_headers("HX-Request")
def show_link_rate(request: HttpRequest) -> HttpResponse:
    """Show the plots of all integrations, or of the one that the address names."""
    integrations, slug = status.list_integrations(), request.GET.get("integration", "")
    if slug and slug not in {integration.slug for integration in integrations}:
        raise Http404
    plots = load_link_rate_plots(
        integrations=integrations, slug=slug, apart=choose_apart(integrations), now=timezone.now()
    )
    name = next((integration.name for integration in integrations if integration.slug == slug), "")
    part = "_link_rate_plot.html" if request.htmx else "link_rate.html"  # type: ignore[attr-defined]
    return render(request, f"dashboard/visitors/{part}", {"rate_plots": plots, "name": name})
