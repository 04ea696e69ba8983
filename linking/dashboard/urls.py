"""Addresses of this edge. An ID is any text, a slash included, so it takes the whole of the path that is left."""

from django.urls import URLPattern, URLResolver, include, path

from linking.dashboard.accounts import theme
from linking.dashboard.conflicts import bulk_pages, owner_and_flags
from linking.dashboard.conflicts import detail_page as conflict_page
from linking.dashboard.conflicts import list_page as conflict_list
from linking.dashboard.conflicts import news as conflict_news
from linking.dashboard.notes import label_page, writing
from linking.dashboard.panel import card_call, start_page
from linking.dashboard.people import audit_page, people_page, privacy_page
from linking.dashboard.records import player_page, unlink, visitor_page
from linking.dashboard.setup import connect, guide, move, overview, panel_app, reference, secrets, settings_file, wiring
from linking.dashboard.shell import demo
from linking.dashboard.sync import controls, sync_page
from linking.dashboard.visitors import (
    columns,
    export,
    jump,
    link_rate_page,
    news,
    page_size,
    recheck,
    saved_views,
    suggestions,
)
from linking.dashboard.visitors import list_page as visitor_list

urlpatterns: list[URLPattern | URLResolver] = [
    path("", visitor_list.show_visitors, name="visitors"),
    path("news/", news.check_news, name="news"),
    path("search/", suggestions.show_matches, name="matches"),
    path("jump/", jump.show_jump_matches, name="jump"),
    path("export/visitors.csv", export.export_visitors, name="visitors_export"),
    path("recheck/visitors/", recheck.recheck_visitors, name="visitors_recheck"),
    path("views/", saved_views.show_views, name="views"),
    path("views/save/", saved_views.save_view, name="view_save"),
    path("views/<int:view_id>/rename/", saved_views.rename_view, name="view_rename"),
    path("views/<int:view_id>/share/", saved_views.share_view, name="view_share"),
    path("views/<int:view_id>/move/", saved_views.move_view, name="view_move"),
    path("views/<int:view_id>/remove/", saved_views.remove_view, name="view_remove"),
    path("visitors/<path:visitor_id>/refresh/", visitor_page.refresh_visitor, name="visitor_refresh"),
    path("visitors/<path:visitor_id>/unlink/", unlink.unlink_visitor, name="visitor_unlink"),
    path("visitors/<path:visitor_id>/", visitor_page.show_visitor, name="visitor"),
    path("users/<path:user_id>/", player_page.show_player, name="user"),
    path("players/<int:player_key>/notes/", writing.write_note, name="note_write"),
    path("players/<int:player_key>/labels/", writing.choose_label, name="player_label"),
    path("notes/<int:note_key>/edit/", writing.edit_note, name="note_edit"),
    path("notes/<int:note_key>/remove/", writing.remove_note, name="note_remove"),
    path("labels/", label_page.show_labels, name="labels"),
    path("labels/add/", label_page.add_label, name="label_add"),
    path("labels/<int:label_key>/change/", label_page.change_label, name="label_change"),
    path("labels/<int:label_key>/remove/", label_page.remove_label, name="label_remove"),
    path("conflicts/", conflict_list.show_conflicts, name="conflicts"),
    path("conflicts/bulk/", bulk_pages.preview_bulk, name="conflict_bulk"),
    path("conflicts/bulk/decide/", bulk_pages.decide_bulk, name="conflict_bulk_decide"),
    path("conflicts/bulk/<int:batch_id>/", bulk_pages.show_batch, name="conflict_batch"),
    path("conflicts/bulk/<int:batch_id>/undo/", bulk_pages.undo_batch, name="conflict_batch_undo"),
    path("conflicts/news/", conflict_news.check_news, name="conflict_news"),
    path("conflicts/take/", owner_and_flags.take_conflicts, name="conflicts_take"),
    path("conflicts/flags/<int:flag_id>/remove/", owner_and_flags.remove_flag, name="conflict_unflag"),
    path("conflicts/<int:conflict_id>/assign/", owner_and_flags.assign_conflict, name="conflict_assign"),
    path("conflicts/<int:conflict_id>/flag/", owner_and_flags.flag_conflict, name="conflict_flag"),
    path("conflicts/<int:conflict_id>/", conflict_page.show_conflict, name="conflict"),
    path("conflicts/<int:conflict_id>/decide/", conflict_page.decide_conflict, name="conflict_decide"),
    path("conflicts/<int:conflict_id>/undo/", conflict_page.undo_decision, name="conflict_undo"),
    path("sync/", sync_page.show_sync, name="sync"),
    path("sync/<slug:slug>/start/", controls.start_sync, name="sync_start"),
    path("sync/<slug:slug>/pause/", controls.pause_sync, name="sync_pause"),
    path("sync/<slug:slug>/resume/", controls.resume_sync, name="sync_resume"),
    path("sync/<slug:slug>/stop/", controls.stop_sync, name="sync_stop"),
    path("sync/<slug:slug>/backfill/", controls.backfill_chats, name="sync_backfill"),
    path("setup/", overview.show_setup, name="setup"),
    path("integrations/new/", guide.show_product, name="guide"),
    path("integrations/new/import/", settings_file.import_new, name="guide_import"),
    path("integrations/new/drop/", guide.drop_guide, name="guide_drop"),
    path("integrations/new/<slug:step>/", guide.show_step, name="guide_step"),
    path("setup/<slug:slug>/", wiring.show_wiring, name="setup_integration"),
    path("setup/<slug:slug>/codes/", reference.show_reference, name="setup_reference"),
    path("setup/<slug:slug>/secrets/", secrets.show_secrets, name="setup_secrets"),
    path("setup/<slug:slug>/export/", settings_file.export_file, name="setup_export"),
    path("setup/<slug:slug>/import/", settings_file.import_settings, name="setup_import"),
    path("setup/<slug:slug>/app/", panel_app.download_app, name="setup_panel_app"),
    path("setup/<slug:slug>/move/", move.show_move, name="setup_move"),
    path("setup/<slug:slug>/doctor/", wiring.diagnose, name="setup_doctor"),
    path("setup/<slug:slug>/connect/", connect.show_connection, name="setup_connect"),
    path("setup/<slug:slug>/connect/start/", connect.start_connecting, name="setup_connect_start"),
    path("zendesk/callback/", connect.handle_callback, name="zendesk_callback"),
    path("panel/<slug:slug>/", start_page.start_panel, name="panel"),
    path("panel/<slug:slug>/card", card_call.show_card, name="panel_card"),
    path("people/", people_page.show_people, name="people"),
    path("people/invite/", people_page.invite_person, name="people_invite"),
    path("people/<int:user_id>/role/", people_page.change_role, name="person_role"),
    path("people/<int:user_id>/link/", people_page.make_link, name="person_link"),
    path("people/<int:user_id>/sign-out/", people_page.sign_out_person, name="person_sign_out"),
    path("people/<int:user_id>/switch/", people_page.switch_person, name="person_switch"),
    path("audit/", audit_page.show_audit, name="audit"),
    path("privacy/", privacy_page.show_privacy, name="privacy"),
    path("privacy/find/", privacy_page.find_person, name="privacy_find"),
    path("privacy/export/", privacy_page.export_person, name="privacy_export"),
    path("privacy/erase/", privacy_page.erase_person, name="privacy_erase"),
    path("privacy/receipts/<slug:number>/", privacy_page.show_receipt, name="privacy_receipt"),
    path("privacy/receipts/<slug:number>/file/", privacy_page.download_receipt, name="privacy_receipt_file"),
    path("privacy/receipts/<slug:number>/readmit/", privacy_page.readmit_person, name="privacy_readmit"),
    path("link-rate/", link_rate_page.show_link_rate, name="link_rate"),
    path("columns/", columns.choose_columns, name="columns"),
    path("rows/", page_size.choose_page_size, name="page_size"),
    path("demo/hide/", demo.hide_banner, name="demo_hide"),
    path("theme/", theme.choose_theme, name="theme"),
    path("accounts/", include("linking.dashboard.accounts.urls")),
]
