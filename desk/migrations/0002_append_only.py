"""The database itself refuses to change events, to lose alerts, and to take a letter nobody approved."""

from __future__ import annotations

from typing import Any

from django.db import migrations

FROZEN = ("desk_event", "desk_reply", "desk_missedevent")
UNAPPROVED = (
    "(SELECT status FROM desk_alert WHERE alert_id = NEW.alert_id) "
    "NOT IN ('approved', 'dispatched', 'acknowledged', 'closed')"
)


def sqlite_statements() -> list[str]:
    """Triggers for SQLite."""
    frozen = [
        f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        for table in FROZEN
        for verb in ("UPDATE", "DELETE")
    ]
    return [
        *frozen,
        "CREATE TRIGGER desk_alert_no_delete BEFORE DELETE ON desk_alert "
        "BEGIN SELECT RAISE(ABORT, 'alerts are never deleted'); END",
        "CREATE TRIGGER desk_alert_payload BEFORE UPDATE OF alert_id, payload ON desk_alert "
        "WHEN OLD.payload <> NEW.payload OR OLD.alert_id <> NEW.alert_id "
        "BEGIN SELECT RAISE(ABORT, 'the payload of an alert never changes'); END",
        "CREATE TRIGGER desk_dispatch_approved BEFORE INSERT ON desk_dispatch "
        f"WHEN {UNAPPROVED} "
        "BEGIN SELECT RAISE(ABORT, 'nothing is queued before two people have approved'); END",
    ]


def postgresql_statements() -> list[str]:
    """Triggers for PostgreSQL."""
    refuse = (
        "CREATE OR REPLACE FUNCTION desk_refuse() RETURNS trigger AS $$ "
        "BEGIN RAISE EXCEPTION '%% is append-only', TG_TABLE_NAME; END $$ LANGUAGE plpgsql"
    )
    payload = (
        "CREATE OR REPLACE FUNCTION desk_keep_payload() RETURNS trigger AS $$ BEGIN "
        "IF OLD.payload <> NEW.payload OR OLD.alert_id <> NEW.alert_id THEN "
        "RAISE EXCEPTION 'the payload of an alert never changes'; END IF; RETURN NEW; END $$ LANGUAGE plpgsql"
    )
    approved = (
        "CREATE OR REPLACE FUNCTION desk_need_approval() RETURNS trigger AS $$ BEGIN "
        f"IF {UNAPPROVED} THEN "
        "RAISE EXCEPTION 'nothing is queued before two people have approved'; END IF; RETURN NEW; END "
        "$$ LANGUAGE plpgsql"
    )
    frozen = [
        f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION desk_refuse()"
        for table in FROZEN
    ]
    return [
        refuse,
        payload,
        approved,
        *frozen,
        "CREATE TRIGGER desk_alert_no_delete BEFORE DELETE ON desk_alert FOR EACH ROW EXECUTE FUNCTION desk_refuse()",
        "CREATE TRIGGER desk_alert_payload BEFORE UPDATE ON desk_alert "
        "FOR EACH ROW EXECUTE FUNCTION desk_keep_payload()",
        "CREATE TRIGGER desk_dispatch_approved BEFORE INSERT ON desk_dispatch "
        "FOR EACH ROW EXECUTE FUNCTION desk_need_approval()",
    ]


def add_triggers(_apps: Any, schema_editor: Any) -> None:
    """Create the triggers of this kind of database."""
    vendor = schema_editor.connection.vendor
    statements = {"sqlite": sqlite_statements, "postgresql": postgresql_statements}[vendor]()
    for statement in statements:
        schema_editor.execute(statement.replace("%%", "%") if vendor == "postgresql" else statement, params=None)


class Migration(migrations.Migration):
    """Append-only by trigger."""

    dependencies = (("desk", "0001_initial"),)
    operations = (migrations.RunPython(add_triggers, migrations.RunPython.noop),)
