"""Addresses of this edge."""

from django.urls import URLPattern, path, re_path

from linking.api import diagnose, docs, health, v1, webhooks
from linking.api.token import TokenView

urlpatterns: list[URLPattern] = [
    # No redirect carries a token somewhere else: a trailing slash is a 404. Any last part is taken, so that a wrong one
    # gets the endpoint's own answer instead of a page.
    path("generate/token", TokenView.as_view(), name="token"),
    path("generate/token/<str:slug>", TokenView.as_view(), name="token-of-integration"),
    re_path(r"^generate/token/(?P<slug>.*)\Z", TokenView.as_view(schema=None)),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.Metrics.as_view(), name="metrics"),
    path("api/v1/visitors/", v1.Visitors.as_view(), name="api-visitors"),
    path("api/v1/visitors/<str:visitor_id>/", v1.OneVisitor.as_view(), name="api-visitor"),
    path("api/v1/visitors/<str:visitor_id>/refresh/", v1.RefreshVisitor.as_view(), name="api-visitor-refresh"),
    path("api/v1/users/<path:user_id>/", v1.OneLoginUser.as_view(), name="api-user"),
    path("api/v1/integrations/", v1.Integrations.as_view(), name="api-integrations"),
    path("api/v1/diagnose/", diagnose.Diagnose.as_view(), name="api-diagnose"),
    re_path(r"^api/v1/hooks/zendesk/(?P<slug>[^/]+)/?\Z", webhooks.ChatTicket.as_view(), name="api-webhook"),
    path("api/schema/", docs.Schema.as_view(), name="api-schema"),
    path("api/docs/", docs.api_docs, name="api-docs"),
    re_path(r"^api/v1/(?:.*/)?\Z", v1.NoSuchAddress.as_view(), name="api-nowhere"),
]
