"""Addresses of this edge. An ID is any text, a slash included, so it takes the whole of the path that is left."""

from django.urls import URLPattern, URLResolver, include, path

from linking.dashboard.accounts import theme
from linking.dashboard.conflicts import detail_page as deciding
from linking.dashboard.conflicts import list_page as conflicts
from linking.dashboard.records import part_link as parting
from linking.dashboard.records import visitor_and_user as records
from linking.dashboard.setup import connect as connecting
from linking.dashboard.setup import overview as setup
from linking.dashboard.setup import reference, wiring
from linking.dashboard.sync import controls as steering
from linking.dashboard.sync import sync_page
from linking.dashboard.visitors import columns, export, news
from linking.dashboard.visitors import list_page as visitors
from linking.dashboard.visitors import recheck as rechecking
from linking.dashboard.visitors import saved_views as views
from linking.dashboard.visitors import suggestions as matches

urlpatterns: list[URLPattern | URLResolver] = [
    path("", visitors.visitors, name="visitors"),
    path("news/", news.news, name="news"),
    path("search/", matches.matches, name="matches"),
    path("export/visitors.csv", export.export, name="visitors_export"),
    path("recheck/visitors/", rechecking.recheck, name="visitors_recheck"),
    path("views/save/", views.save, name="view_save"),
    path("views/<int:view_id>/remove/", views.remove, name="view_remove"),
    path("visitors/<path:visitor_id>/refresh/", records.refresh_visitor, name="visitor_refresh"),
    path("visitors/<path:visitor_id>/unlink/", parting.part, name="visitor_unlink"),
    path("visitors/<path:visitor_id>/", records.visitor, name="visitor"),
    path("users/<path:user_id>/", records.user, name="user"),
    path("conflicts/", conflicts.conflicts, name="conflicts"),
    path("conflicts/<int:conflict_id>/", deciding.conflict, name="conflict"),
    path("conflicts/<int:conflict_id>/decide/", deciding.decide, name="conflict_decide"),
    path("conflicts/<int:conflict_id>/undo/", deciding.undo, name="conflict_undo"),
    path("sync/", sync_page.sync, name="sync"),
    path("sync/<slug:slug>/start/", steering.start_sync, name="sync_start"),
    path("sync/<slug:slug>/pause/", steering.pause, name="sync_pause"),
    path("sync/<slug:slug>/resume/", steering.resume, name="sync_resume"),
    path("sync/<slug:slug>/stop/", steering.stop, name="sync_stop"),
    path("sync/<slug:slug>/backfill/", steering.backfill, name="sync_backfill"),
    path("setup/", setup.setup, name="setup"),
    path("setup/<slug:slug>/", wiring.wiring, name="setup_integration"),
    path("setup/<slug:slug>/codes/", reference.reference, name="setup_reference"),
    path("setup/<slug:slug>/doctor/", wiring.diagnose, name="setup_doctor"),
    path("setup/<slug:slug>/connect/", connecting.connect, name="setup_connect"),
    path("setup/<slug:slug>/connect/start/", connecting.start, name="setup_connect_start"),
    path("zendesk/callback/", connecting.callback, name="zendesk_callback"),
    path("columns/", columns.choose_columns, name="columns"),
    path("theme/", theme.choose_theme, name="theme"),
    path("accounts/", include("linking.dashboard.accounts.urls")),
]
