"""Addresses of this edge. An ID is any text, a slash included, so it takes the whole of the path that is left."""

from django.urls import URLPattern, URLResolver, include, path

from linking.dashboard.accounts import theme
from linking.dashboard.conflicts import detail_page as conflict_page
from linking.dashboard.conflicts import list_page as conflict_list
from linking.dashboard.records import part_link
from linking.dashboard.records import visitor_and_user as records
from linking.dashboard.setup import connect, overview, reference, wiring
from linking.dashboard.sync import controls, sync_page
from linking.dashboard.visitors import columns, export, news, recheck, saved_views, suggestions
from linking.dashboard.visitors import list_page as visitor_list

urlpatterns: list[URLPattern | URLResolver] = [
    path("", visitor_list.visitors, name="visitors"),
    path("news/", news.news, name="news"),
    path("search/", suggestions.matches, name="matches"),
    path("export/visitors.csv", export.export, name="visitors_export"),
    path("recheck/visitors/", recheck.recheck, name="visitors_recheck"),
    path("views/save/", saved_views.save, name="view_save"),
    path("views/<int:view_id>/remove/", saved_views.remove, name="view_remove"),
    path("visitors/<path:visitor_id>/refresh/", records.refresh_visitor, name="visitor_refresh"),
    path("visitors/<path:visitor_id>/unlink/", part_link.part, name="visitor_unlink"),
    path("visitors/<path:visitor_id>/", records.visitor, name="visitor"),
    path("users/<path:user_id>/", records.user, name="user"),
    path("conflicts/", conflict_list.conflicts, name="conflicts"),
    path("conflicts/<int:conflict_id>/", conflict_page.conflict, name="conflict"),
    path("conflicts/<int:conflict_id>/decide/", conflict_page.decide, name="conflict_decide"),
    path("conflicts/<int:conflict_id>/undo/", conflict_page.undo, name="conflict_undo"),
    path("sync/", sync_page.sync, name="sync"),
    path("sync/<slug:slug>/start/", controls.start_sync, name="sync_start"),
    path("sync/<slug:slug>/pause/", controls.pause, name="sync_pause"),
    path("sync/<slug:slug>/resume/", controls.resume, name="sync_resume"),
    path("sync/<slug:slug>/stop/", controls.stop, name="sync_stop"),
    path("sync/<slug:slug>/backfill/", controls.backfill, name="sync_backfill"),
    path("setup/", overview.setup, name="setup"),
    path("setup/<slug:slug>/", wiring.wiring, name="setup_integration"),
    path("setup/<slug:slug>/codes/", reference.reference, name="setup_reference"),
    path("setup/<slug:slug>/doctor/", wiring.diagnose, name="setup_doctor"),
    path("setup/<slug:slug>/connect/", connect.connect, name="setup_connect"),
    path("setup/<slug:slug>/connect/start/", connect.start, name="setup_connect_start"),
    path("zendesk/callback/", connect.callback, name="zendesk_callback"),
    path("columns/", columns.choose_columns, name="columns"),
    path("theme/", theme.choose_theme, name="theme"),
    path("accounts/", include("linking.dashboard.accounts.urls")),
]
