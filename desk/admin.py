"""The first interface: queue, review page, event log, letters, addresses - in Kazakh, Russian and English."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.forms import ChoiceField, ModelForm, ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils.functional import lazy, lazystr
from django.utils.translation import get_language

from data_contracts.councils import case_kinds, councils
from data_contracts.reference import regions
from desk.decisions import housekeeping
from desk.models import Alert, Dispatch, Event, MissedEvent, Recipient, Reply
from desk.phrases import phrase, phrase_or_code, refusal_text
from desk.recipients import CHANNELS, check_recipient, set_recipient
from desk.review_page import BOOK, language, local_time, review_page
from models.warning.dispatching import DISPATCH_STATES
from models.warning.refusals import Refused


def _spoken(name: str) -> str:
    chosen = (get_language() or "ru")[:2]
    return phrase(name, chosen if chosen in ("kk", "ru", "en") else "ru")


lazy_phrase = lazy(_spoken, str)

NAMES = (
    (Alert, "alert_one", "alerts"),
    (Event, "event_one", "events"),
    (Dispatch, "letter_one", "letters"),
    (Reply, "reply_one", "replies"),
    (MissedEvent, "missed_one", "missed"),
    (Recipient, "recipient_one", "recipients"),
)
for _model, _one, _many in NAMES:
    _model._meta.verbose_name = lazy_phrase(f"page.{_one}")
    _model._meta.verbose_name_plural = lazy_phrase(f"page.{_many}")
FIELD_NAMES: dict[Any, dict[str, str]] = {
    Alert: {"alert_id": "alert", "severity": "severity"},
    Event: {
        "sequence": "number",
        "alert_id": "alert",
        "kind": "event",
        "actor": "actor",
        "from_status": "from_status",
        "to_status": "to_status",
        "reason": "reason",
        "recorded_at": "at",
        "payload": "payload",
        "previous_hash": "previous_hash",
        "event_hash": "hash",
    },
    Dispatch: {
        "alert": "alert",
        "body_code": "body",
        "region_code": "region",
        "severity": "severity",
        "channel": "channel",
        "state": "letter",
        "attempts": "attempts",
        "sent_at": "sent_at",
        "detail": "detail",
    },
    Reply: {
        "alert": "alert",
        "body_code": "body",
        "reply_code": "reply",
        "confirmed_date": "confirmed",
        "replied_at": "at",
    },
    MissedEvent: {
        "entry_id": "number",
        "event_date": "event_date",
        "region_code": "region",
        "body_code": "body",
        "case_kind": "kind",
        "cause_code": "cause",
        "reported_at": "at",
    },
    Recipient: {"body_code": "body", "region_code": "region", "channel": "channel", "address": "address"},
}
for _model, _fields in FIELD_NAMES.items():
    for _field, _name in _fields.items():
        _model._meta.get_field(_field).verbose_name = lazy_phrase(f"column.{_name}")


class DeskSite(admin.AdminSite):
    """The site with the desk's name."""

    site_header = lazystr(lazy_phrase("page.site"))
    site_title = lazystr(lazy_phrase("page.site"))
    index_title = lazystr(lazy_phrase("page.sections"))
    enable_nav_sidebar = False
    site_url = None


class ReadOnly(admin.ModelAdmin):
    """Rows that are looked at; nobody adds, changes or deletes them here."""

    actions = None
    show_facets = admin.ShowFacets.NEVER

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The list under its own name."""
        return super().changelist_view(request, {"title": self.opts.verbose_name_plural, **(extra_context or {})})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """One row under its own name."""
        title = {"title": f"{self.opts.verbose_name} {object_id}", **(extra_context or {})}
        return super().change_view(request, object_id, form_url, title)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False


class StatusFilter(admin.SimpleListFilter):
    """Alerts of one status."""

    title = lazy_phrase("column.status")
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The statuses that occur."""
        found = Alert.objects.order_by("status").values_list("status", flat=True).distinct()
        return [(status, phrase(f"status.{status}", language())) for status in found]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """The rows of the chosen status."""
        return queryset.filter(status=self.value()) if self.value() else queryset


class EventFilter(admin.SimpleListFilter):
    """Events of one kind."""

    title = lazy_phrase("column.event")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The kinds that occur."""
        found = Event.objects.order_by("kind").values_list("kind", flat=True).distinct()
        return [(kind, phrase_or_code("event", kind, language())) for kind in found]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """The rows of the chosen kind."""
        return queryset.filter(kind=self.value()) if self.value() else queryset


class LetterFilter(admin.SimpleListFilter):
    """Letters of one state."""

    title = lazy_phrase("column.letter")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Every state a letter may be in."""
        return [(state, phrase(f"letter.{state}", language())) for state in DISPATCH_STATES]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """The rows of the chosen state."""
        return queryset.filter(state=self.value()) if self.value() else queryset


def column(name: str, ordering: str | None = None) -> Any:
    """A list column whose heading is a phrase."""
    return admin.display(description=lazy_phrase(f"column.{name}"), ordering=ordering)


class AlertAdmin(ReadOnly):
    """The queue, and behind each row the review page."""

    list_display = ("alert_id", "week", "region", "kind", "level", "receiver", "state", "is_overdue")
    list_filter = (StatusFilter, "severity")
    search_fields = ("alert_id",)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The queue as time has left it: what is overdue is marked, what nobody decided expires."""
        housekeeping(BOOK)
        return super().changelist_view(request, extra_context)

    @column("week", "week_date")
    def week(self, row: Alert) -> Any:
        """Monday of the week."""
        return row.week_date

    @column("region", "region_code")
    def region(self, row: Alert) -> str:
        """Name of the region."""
        known = regions().get(row.region_code)
        return known.name.in_language(language()) if known else row.region_code

    @column("kind", "case_kind")
    def kind(self, row: Alert) -> str:
        """Kind of case."""
        return case_kinds()[row.case_kind].name.in_language(language())

    @column("severity", "severity")
    def level(self, row: Alert) -> int:
        """Severity."""
        return row.severity

    @column("to")
    def receiver(self, row: Alert) -> str:
        """Primary body."""
        return councils()[row.primary_body].name.in_language(language())

    @column("status", "status")
    def state(self, row: Alert) -> str:
        """Status in words."""
        return phrase(f"status.{row.status}", language())

    @column("overdue", "escalated_at")
    def is_overdue(self, row: Alert) -> str:
        """A mark for those past their time limit."""
        return "⚠" if row.escalated_at else ""

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The review page in place of a form over columns."""
        context = {**self.admin_site.each_context(request), "opts": self.opts, **(extra_context or {})}
        return review_page(request, object_id, context)


class EventAdmin(ReadOnly):
    """The event log."""

    list_display = ("sequence", "at", "alert_id", "what", "who", "why", "short_hash")
    search_fields = ("alert_id", "actor")
    list_filter = (EventFilter,)

    @column("at", "sequence")
    def at(self, row: Event) -> str:
        """Time of the event in Kazakhstan."""
        return local_time(row.recorded_at)

    @column("event", "kind")
    def what(self, row: Event) -> str:
        """What happened."""
        return phrase_or_code("event", row.kind, language())

    @column("actor", "actor")
    def who(self, row: Event) -> str:
        """Who did it."""
        return row.actor

    @column("reason")
    def why(self, row: Event) -> str:
        """Reason, shortened."""
        return row.reason if len(row.reason) <= 80 else row.reason[:79] + "…"

    @column("hash")
    def short_hash(self, row: Event) -> str:
        """Beginning of the hash."""
        return row.event_hash[:12]


class DispatchAdmin(ReadOnly):
    """Letters and what became of them."""

    list_display = ("alert", "body", "region_code", "condition", "attempts", "sent_at", "detail")
    list_filter = (LetterFilter,)

    @column("body", "body_code")
    def body(self, row: Dispatch) -> str:
        """Name of the body."""
        return councils()[row.body_code].name.in_language(language())

    @column("letter", "state")
    def condition(self, row: Dispatch) -> str:
        """State in words."""
        return phrase(f"letter.{row.state}", language())


class ReplyAdmin(ReadOnly):
    """What councils answered."""

    list_display = ("alert", "body_code", "reply_code", "confirmed_date", "replied_at")


class MissedAdmin(ReadOnly):
    """Events no alert had told of."""

    list_display = ("entry_id", "event_date", "region_code", "body_code", "case_kind", "cause_code")


class RecipientForm(ModelForm):
    """Bodies, regions and channels to choose from; checks that an address is one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        spoken = language()
        places = [(code, region.name.in_language(spoken)) for code, region in regions().items()]
        choices = {
            "body_code": [(code, body.name.in_language(spoken)) for code, body in councils().items()],
            "region_code": [*places, ("unknown", "unknown")],
            "channel": [(channel, channel) for channel in CHANNELS],
        }
        for name, known in choices.items():
            self.fields[name] = ChoiceField(label=self.fields[name].label, choices=known)

    def clean(self) -> dict[str, Any]:
        """The values, checked by the rules of recipients."""
        content = super().clean() or self.cleaned_data
        try:
            check_recipient(*(content.get(name, "") for name in ("body_code", "region_code", "channel", "address")))
        except Refused as refusal:
            raise ValidationError(refusal_text(refusal, language())) from refusal
        return content


class RecipientAdmin(admin.ModelAdmin):
    """Where letters go. The list shows the channel only: an address may hold a secret."""

    form = RecipientForm
    list_display = ("body_code", "region_code", "channel")
    actions = None

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: an empty address takes a recipient away and leaves a trace."""
        return False

    def save_model(self, request: HttpRequest, obj: Recipient, form: Any, change: bool) -> None:
        """Save through the rules, so that the change is an event."""
        saved = set_recipient(
            BOOK,
            body_code=obj.body_code,
            region_code=obj.region_code,
            channel=obj.channel,
            address=obj.address,
            actor=request.user.get_username(),
        )
        obj.pk = saved.pk
        messages.info(request, f"{obj.body_code} {obj.region_code}: {obj.channel}")


site = DeskSite(name="admin")
site.register(Alert, AlertAdmin)
site.register(Event, EventAdmin)
site.register(Dispatch, DispatchAdmin)
site.register(Reply, ReplyAdmin)
site.register(MissedEvent, MissedAdmin)
site.register(Recipient, RecipientAdmin)
