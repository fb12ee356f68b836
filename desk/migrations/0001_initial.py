"""The tables of the desk."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Alerts, events, letters, replies, missed events, recipients."""

    initial = True

    dependencies = ()

    operations = (
        migrations.CreateModel(
            name="Alert",
            fields=[
                ("alert_id", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("week_date", models.DateField()),
                ("region_code", models.CharField(db_index=True, max_length=16)),
                ("case_kind", models.CharField(max_length=40)),
                ("severity", models.IntegerField()),
                ("primary_body", models.CharField(max_length=40)),
                ("status", models.CharField(db_index=True, max_length=32)),
                ("status_since", models.DateTimeField()),
                ("registered_at", models.DateTimeField()),
                ("escalated_at", models.DateTimeField(null=True)),
                ("is_synthetic", models.BooleanField(default=False)),
                ("version", models.IntegerField()),
                ("case_state", models.TextField()),
                ("payload", models.TextField()),
            ],
            options={
                "ordering": ("-week_date", "-severity", "alert_id"),
                "permissions": (
                    ("review_alert", "Can review, approve and dismiss"),
                    ("send_alert", "Can send approved alerts and close them"),
                    ("reply_alert", "Can record replies and missed events"),
                ),
            },
        ),
        migrations.CreateModel(
            name="Event",
            fields=[
                ("sequence", models.BigIntegerField(primary_key=True, serialize=False)),
                ("alert_id", models.CharField(blank=True, db_index=True, max_length=64)),
                ("kind", models.CharField(max_length=32)),
                ("actor", models.CharField(max_length=160)),
                ("from_status", models.CharField(blank=True, max_length=32)),
                ("to_status", models.CharField(blank=True, max_length=32)),
                ("reason", models.TextField(blank=True)),
                ("recorded_at", models.CharField(max_length=40)),
                ("payload", models.TextField()),
                ("previous_hash", models.CharField(max_length=64)),
                ("event_hash", models.CharField(max_length=64, unique=True)),
            ],
            options={
                "ordering": ("-sequence",),
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="MissedEvent",
            fields=[
                ("entry_id", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("event_date", models.DateField()),
                ("reported_at", models.DateTimeField()),
                ("region_code", models.CharField(max_length=16)),
                ("body_code", models.CharField(max_length=40)),
                ("case_kind", models.CharField(max_length=40)),
                ("cause_code", models.CharField(max_length=32)),
            ],
            options={
                "ordering": ("-reported_at",),
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Recipient",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("body_code", models.CharField(max_length=40)),
                ("region_code", models.CharField(max_length=16)),
                ("channel", models.CharField(max_length=16)),
                ("address", models.CharField(blank=True, max_length=500)),
            ],
            options={
                "ordering": ("body_code", "region_code"),
                "constraints": [
                    models.UniqueConstraint(fields=("body_code", "region_code"), name="one_recipient_a_body")
                ],
            },
        ),
        migrations.CreateModel(
            name="Reply",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("body_code", models.CharField(max_length=40)),
                ("reply_code", models.CharField(max_length=32)),
                ("confirmed_date", models.DateField(null=True)),
                ("replied_at", models.DateTimeField()),
                (
                    "alert",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="replies", to="desk.alert"
                    ),
                ),
            ],
            options={
                "ordering": ("-replied_at", "-pk"),
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Dispatch",
            fields=[
                ("idempotency_key", models.CharField(max_length=32, primary_key=True, serialize=False)),
                ("body_code", models.CharField(max_length=40)),
                ("region_code", models.CharField(max_length=16)),
                ("edition", models.IntegerField()),
                ("severity", models.IntegerField()),
                ("channel", models.CharField(blank=True, max_length=16)),
                ("state", models.CharField(db_index=True, max_length=16)),
                ("attempts", models.IntegerField(default=0)),
                ("queued_at", models.DateTimeField()),
                ("next_attempt_at", models.DateTimeField()),
                ("started_at", models.DateTimeField(null=True)),
                ("sent_at", models.DateTimeField(null=True)),
                ("problem", models.CharField(blank=True, max_length=40)),
                ("detail", models.TextField(blank=True)),
                (
                    "alert",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="letters", to="desk.alert"
                    ),
                ),
            ],
            options={
                "ordering": ("-severity", "queued_at", "idempotency_key"),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("alert", "body_code", "edition"), name="one_letter_a_body_and_edition"
                    )
                ],
            },
        ),
    )
