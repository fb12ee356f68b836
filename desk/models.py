"""Tables of the desk: alerts, the event chain, letters, replies, missed events, recipients."""

from __future__ import annotations

from typing import Any, NoReturn

from django.db import models

from models.warning.refusals import Refused


class AppendOnlyRows(models.QuerySet):
    """Rows that are only added."""

    def update(self, **kwargs: Any) -> NoReturn:
        """Refused.

        Raises:
            Refused: always.
        """
        raise Refused("append_only")

    def bulk_update(self, objs: Any, fields: Any, batch_size: Any = None) -> NoReturn:
        """Refused.

        Raises:
            Refused: always.
        """
        raise Refused("append_only")

    def delete(self) -> NoReturn:
        """Refused.

        Raises:
            Refused: always.
        """
        raise Refused("append_only")


class AppendOnly(models.Model):
    """A row that can be added and never changed or deleted."""

    objects = AppendOnlyRows.as_manager()

    class Meta:
        abstract = True

    def save(self, **kwargs: Any) -> None:
        """Add the row.

        Raises:
            Refused: if the row is already there.
        """
        if not self._state.adding:
            raise Refused("append_only")
        super().save(**{**kwargs, "force_insert": True})

    def delete(self, using: Any = None, keep_parents: bool = False) -> NoReturn:
        """Refused.

        Raises:
            Refused: always.
        """
        raise Refused("append_only")


class Alert(models.Model):
    """One candidate and where it stands. `case_state` repeats what the events say, and `verify` compares both."""

    objects = models.Manager()
    alert_id = models.CharField(max_length=64, primary_key=True)
    week_date = models.DateField()
    region_code = models.CharField(max_length=16, db_index=True)
    case_kind = models.CharField(max_length=40)
    severity = models.IntegerField()
    primary_body = models.CharField(max_length=40)
    status = models.CharField(max_length=32, db_index=True)
    status_since = models.DateTimeField()
    registered_at = models.DateTimeField()
    escalated_at = models.DateTimeField(null=True)
    is_synthetic = models.BooleanField(default=False)
    version = models.IntegerField()
    case_state = models.TextField()
    payload = models.TextField()

    class Meta:
        ordering = ("-week_date", "-severity", "alert_id")
        permissions = (
            ("review_alert", "Can review, approve and dismiss"),
            ("send_alert", "Can send approved alerts and close them"),
            ("reply_alert", "Can record replies and missed events"),
        )

    def __str__(self) -> str:
        return self.alert_id


class Event(AppendOnly):
    """One thing that happened, bound to the one before by its hash. Without an alert it is about the desk itself."""

    sequence = models.BigIntegerField(primary_key=True)
    alert_id = models.CharField(max_length=64, blank=True, db_index=True)
    kind = models.CharField(max_length=32)
    actor = models.CharField(max_length=160)
    from_status = models.CharField(max_length=32, blank=True)
    to_status = models.CharField(max_length=32, blank=True)
    reason = models.TextField(blank=True)
    recorded_at = models.CharField(max_length=40)
    payload = models.TextField()
    previous_hash = models.CharField(max_length=64)
    event_hash = models.CharField(max_length=64, unique=True)

    class Meta(AppendOnly.Meta):
        ordering = ("-sequence",)

    def __str__(self) -> str:
        return f"{self.sequence} {self.kind}"


class Dispatch(models.Model):
    """One letter to one body; its key is the same for every attempt."""

    objects = models.Manager()
    idempotency_key = models.CharField(max_length=32, primary_key=True)
    alert_id: str
    alert = models.ForeignKey(Alert, on_delete=models.PROTECT, related_name="letters")
    body_code = models.CharField(max_length=40)
    region_code = models.CharField(max_length=16)
    edition = models.IntegerField()
    severity = models.IntegerField()
    channel = models.CharField(max_length=16, blank=True)
    state = models.CharField(max_length=16, db_index=True)
    attempts = models.IntegerField(default=0)
    queued_at = models.DateTimeField()
    next_attempt_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=40, blank=True)
    detail = models.TextField(blank=True)

    class Meta:
        ordering = ("-severity", "queued_at", "idempotency_key")
        constraints = (
            models.UniqueConstraint(fields=["alert", "body_code", "edition"], name="one_letter_a_body_and_edition"),
        )

    def __str__(self) -> str:
        return f"{self.alert_id} -> {self.body_code}"


class Reply(AppendOnly):
    """What a body answered; a later answer of the same body replaces an earlier one, and both stay."""

    alert_id: str
    alert = models.ForeignKey(Alert, on_delete=models.PROTECT, related_name="replies")
    body_code = models.CharField(max_length=40)
    reply_code = models.CharField(max_length=32)
    confirmed_date = models.DateField(null=True)
    replied_at = models.DateTimeField()

    class Meta(AppendOnly.Meta):
        ordering = ("-replied_at", "-pk")

    def __str__(self) -> str:
        return f"{self.alert_id} <- {self.body_code}: {self.reply_code}"


class MissedEvent(AppendOnly):
    """An event that a body reports and no alert had told of."""

    entry_id = models.CharField(max_length=64, primary_key=True)
    event_date = models.DateField()
    reported_at = models.DateTimeField()
    region_code = models.CharField(max_length=16)
    body_code = models.CharField(max_length=40)
    case_kind = models.CharField(max_length=40)
    cause_code = models.CharField(max_length=32)

    class Meta(AppendOnly.Meta):
        ordering = ("-reported_at",)

    def __str__(self) -> str:
        return self.entry_id


class Recipient(models.Model):
    """Where letters for a body of a region go. Addresses may hold secrets and stay out of events and exports."""

    objects = models.Manager()
    body_code = models.CharField(max_length=40)
    region_code = models.CharField(max_length=16)
    channel = models.CharField(max_length=16)
    address = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ("body_code", "region_code")
        constraints = (models.UniqueConstraint(fields=["body_code", "region_code"], name="one_recipient_a_body"),)

    def __str__(self) -> str:
        return f"{self.body_code} {self.region_code}"
