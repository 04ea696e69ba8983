"""Words only: what people read of models, fields and choices. No statement reaches the database."""

from typing import Any

from django.core import validators
from django.db import migrations, models

NEWEST_SEEN = ["-last_seen_at", "-id"]


def call(model: str, singular: str, plural: str, **options: Any) -> migrations.AlterModelOptions:
    """Give a model its names in one and in many; `options` are those that it keeps."""
    return migrations.AlterModelOptions(model, {"verbose_name": singular, "verbose_name_plural": plural} | options)


class Migration(migrations.Migration):
    dependencies = [("linking", "0013_login_user_room")]

    operations = [
        call("alarmmessage", "alarm message", "alarm messages", ordering=["pk"]),
        call(
            "answercount",
            "token answer count",
            "token answer counts",
            ordering=["-hour_at", "integration", "code", "reason", "origin"],
        ),
        call("auditevent", "audit event", "audit events", ordering=["-at", "-id"]),
        call("blockeduser", "blocked player", "blocked players", ordering=["-blocked_at", "-id"]),
        call("clockoffset", "clock offset", "clock offsets"),
        call("conflict", "conflict", "conflicts", ordering=NEWEST_SEEN),
        call("conflictdecision", "conflict decision", "conflict decisions", ordering=["-pk"]),
        call("heartbeat", "heartbeat", "heartbeats"),
        call("incident", "incident", "incidents", ordering=["-pk"]),
        call(
            "integration",
            "integration",
            "integrations",
            ordering=["name", "id"],
            permissions=[("write_by_token", "May have records refreshed with an API token")],
        ),
        call("lease", "lease", "leases"),
        call("loginuser", "player", "players"),
        call("quarantined", "unreadable record", "unreadable records", ordering=NEWEST_SEEN),
        call("requestslot", "request slot", "request slots"),
        call("syncrun", "sync", "syncs", ordering=["-started_at", "-id"]),
        call("syncsteering", "sync control", "sync controls"),
        call("visitor", "visitor", "visitors", ordering=NEWEST_SEEN),
        call("visitoralias", "visitor alias", "visitor aliases"),
        call("visitorlink", "link", "links", ordering=["-first_seen_at", "-id"]),
        call("webhookdelivery", "webhook delivery", "webhook deliveries"),
        migrations.AlterModelOptions("visitorwords", {}),
        migrations.AlterModelOptions("waitingwords", {}),
        migrations.AlterField(
            model_name="alarmsettings",
            name="after_minutes",
            field=models.PositiveIntegerField(
                default=15,
                help_text="Minutes without a complete sync before an alarm is sent. A sync is due every minute.",
                validators=[
                    validators.MinValueValidator(5),
                    validators.MaxValueValidator(10080),
                ],
                verbose_name="alarm after",
            ),
        ),
        migrations.AlterField(
            model_name="alarmsettings",
            name="mail_from",
            field=models.EmailField(blank=True, max_length=254, verbose_name="send mail from"),
        ),
        migrations.AlterField(
            model_name="alarmsettings",
            name="mail_to",
            field=models.EmailField(blank=True, max_length=254, verbose_name="send mail to"),
        ),
        migrations.AlterField(
            model_name="alarmsettings",
            name="webhook_host",
            field=models.CharField(blank=True, editable=False, max_length=255, verbose_name="webhook"),
        ),
        migrations.AlterField(
            model_name="blockeduser",
            name="blocked_at",
            field=models.DateTimeField(verbose_name="blocked at"),
        ),
        migrations.AlterField(
            model_name="blockeduser",
            name="blocked_by",
            field=models.CharField(max_length=150, verbose_name="blocked by"),
        ),
        migrations.AlterField(
            model_name="blockeduser",
            name="user_id",
            field=models.CharField(max_length=255, verbose_name="user ID"),
        ),
        migrations.AlterField(
            model_name="conflict",
            name="kind",
            field=models.CharField(
                choices=[
                    ("relinked", "Visitor signed in as another player"),
                    ("shared_device", "Several players on one device"),
                    ("email_of_another_user", "E-mail address of another player"),
                    ("id_variant", "User IDs that differ only in upper and lower case"),
                    ("junk_external_id", "Invalid user ID from the website"),
                    ("wrong_link", "Wrong link, reported by support"),
                ],
                max_length=30,
            ),
        ),
        migrations.AlterField(
            model_name="conflictdecision",
            name="verdict",
            field=models.CharField(
                choices=[
                    ("keep", "Keep link"),
                    ("shared_device", "Shared device"),
                    ("unlink", "Unlink"),
                    ("ignore", "Ignore"),
                    ("undo", "Undone"),
                ],
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="incident",
            name="kind",
            field=models.CharField(
                choices=[
                    ("stale", "No complete sync for too long"),
                    ("credentials", "Zendesk refused the access token"),
                    ("host", "Zendesk's address could not be used"),
                ],
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="integration",
            name="blocked_reason",
            field=models.CharField(blank=True, editable=False, max_length=30, verbose_name="sync stopped by"),
        ),
        migrations.AlterField(
            model_name="integration",
            name="last_success_at",
            field=models.DateTimeField(editable=False, null=True, verbose_name="last complete sync"),
        ),
        migrations.AlterField(
            model_name="integration",
            name="slug",
            field=models.SlugField(unique=True, verbose_name="slug"),
        ),
        migrations.AlterField(
            model_name="syncrun",
            name="stop_reason",
            field=models.CharField(
                blank=True,
                choices=[
                    ("credentials", "Zendesk refused the access token"),
                    ("host", "Zendesk's address could not be used"),
                    ("budget", "Rate limit reached; the rest follows automatically"),
                    ("vendor_pause", "Zendesk asked for a pause; the rest follows automatically"),
                    ("vendor_fault", "Zendesk did not answer properly; the next sync tries again"),
                    ("another_pass", "Another sync of this integration is running"),
                    ("lease_lost", "Another worker took over"),
                    ("deadline", "Time limit reached; the next sync continues"),
                    ("killed", "The worker ended during the sync; the next sync continued"),
                    ("crashed", "Unexpected error; see the log"),
                    ("setup", "The set-up is incomplete"),
                    ("by_hand", "Stopped by a person"),
                ],
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="visitor",
            name="state",
            field=models.CharField(
                choices=[
                    ("pending", "Waiting for lookup"),
                    ("linked", "Linked"),
                    ("anonymous", "Anonymous"),
                    ("gone", "Deleted in Zendesk"),
                ],
                default="pending",
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="visitorlink",
            name="end_reason",
            field=models.CharField(
                blank=True,
                choices=[
                    ("relinked", "The visitor signed in as another player"),
                    ("cleared", "The visitor no longer has a user ID"),
                    ("merged", "Zendesk merged the visitor into another one"),
                    ("gone", "The visitor was deleted in Zendesk"),
                    ("unlinked", "Support decided that they are not the same person"),
                ],
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="zendeskconnection",
            name="flaw",
            field=models.CharField(
                blank=True,
                choices=[
                    ("refused", "Zendesk refused the refresh token."),
                    ("client", "Zendesk refused the client ID or the client secret."),
                    ("answer_lost", "The answer to a renewal was lost."),
                    ("address", "The address of the Zendesk account was changed."),
                    ("sealed", "The refresh token cannot be opened."),
                ],
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="zendeskconnection",
            name="state",
            field=models.CharField(
                choices=[("connected", "Connected"), ("renewing", "Renewing"), ("lost", "Lost")],
                default="connected",
                max_length=10,
            ),
        ),
    ]
