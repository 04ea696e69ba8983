"""Addresses of this edge. An ID is any text, a slash included, so it takes the whole of the path that is left."""

from django.urls import URLPattern, URLResolver, path

from linking.dashboard import (
    admin_link,
    conflicts,
    connecting,
    deciding,
    export,
    nudges,
    records,
    setup,
    steering,
    sync_page,
    theme,
    views,
    visitors,
    wiring,
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("", visitors.visitors, name="visitors"),
    path("export/visitors.csv", export.export, name="visitors_export"),
    path("views/save/", views.save, name="view_save"),
    path("views/<int:view_id>/remove/", views.remove, name="view_remove"),
    path("visitors/<path:visitor_id>/refresh/", nudges.refresh_visitor, name="visitor_refresh"),
    path("visitors/<path:visitor_id>/", records.visitor, name="visitor"),
    path("users/<path:user_id>/", records.user, name="user"),
    path("conflicts/", conflicts.conflicts, name="conflicts"),
    path("conflicts/<int:conflict_id>/", deciding.conflict, name="conflict"),
    path("conflicts/<int:conflict_id>/decide/", deciding.decide, name="conflict_decide"),
    path("conflicts/<int:conflict_id>/undo/", deciding.undo, name="conflict_undo"),
    path("sync/", sync_page.sync, name="sync"),
    path("sync/<slug:slug>/start/", nudges.start_sync, name="sync_start"),
    path("sync/<slug:slug>/pause/", steering.pause, name="sync_pause"),
    path("sync/<slug:slug>/resume/", steering.resume, name="sync_resume"),
    path("sync/<slug:slug>/stop/", steering.stop, name="sync_stop"),
    path("sync/<slug:slug>/backfill/", steering.backfill, name="sync_backfill"),
    path("setup/", setup.setup, name="setup"),
    path("setup/<slug:slug>/", wiring.wiring, name="setup_integration"),
    path("setup/<slug:slug>/doctor/", wiring.diagnose, name="setup_doctor"),
    path("setup/<slug:slug>/connect/", connecting.connect, name="setup_connect"),
    path("setup/<slug:slug>/connect/start/", connecting.start, name="setup_connect_start"),
    path("zendesk/callback/", connecting.callback, name="zendesk_callback"),
    path("theme/", theme.choose_theme, name="theme"),
    path("accounts/link/<str:token>/", admin_link.open_link, name="admin_link"),
    path("accounts/own-password/", admin_link.own_password, name="own_password"),
]
