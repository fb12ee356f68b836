"""Forms of the review page: the six Rabat questions, reason, outcome, and the version somebody looked at."""

from __future__ import annotations

from typing import Any

from django import forms

from data_contracts.councils import council_book, councils
from desk.phrases import phrase
from desk.replies import RECEIVED
from models.warning.lifecycle import OUTCOMES, RABAT_FACTORS, Action, ActionKind

SCALE = ("", "0", "1", "2", "3", "unknown")


class DecisionForm(forms.Form):
    """What a person decides about one alert; which fields there are depends on the step."""

    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, kinds: tuple[ActionKind, ...], language: str, data: Any = None, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.kinds = kinds
        if {"first_review", "approve"} & set(kinds):
            choices = [(value, phrase(f"scale.{value}", language) if value else "---") for value in SCALE]
            for factor in RABAT_FACTORS:
                self.fields[factor] = forms.ChoiceField(
                    label=phrase(f"rabat.{factor}", language), choices=choices, required=False
                )
        if {"close", "correct"} & set(kinds):
            names = {reply.reply_code: reply.name.in_language(language) for reply in council_book().replies}
            self.fields["outcome"] = forms.ChoiceField(
                label=phrase("column.outcome", language), choices=[(code, names[code]) for code in OUTCOMES]
            )
        self.fields["reason"] = forms.CharField(
            label=phrase("page.reason", language),
            help_text=phrase("page.no_names", language),
            widget=forms.Textarea(attrs={"rows": 3}),
            required=False,
            max_length=2000,
        )

    def action(self, kind: ActionKind, actor: str) -> Action:
        """The step this form asks for; unanswered Rabat questions are left out, so that the rules notice them."""
        content = self.cleaned_data
        answered = {factor: content[factor] for factor in RABAT_FACTORS if content.get(factor)}
        rabat = {factor: None if value == "unknown" else int(value) for factor, value in answered.items()}
        return Action(
            kind=kind,
            actor=actor,
            reason=content.get("reason") or None,
            outcome=content.get("outcome") or None,
            rabat=rabat if kind in ("first_review", "approve") else None,
            expected_version=content["version"],
        )


def reply_names(language: str) -> dict[str, str]:
    """What a council may answer, in words; that the letter came is the first."""
    names = {reply.reply_code: reply.name.in_language(language) for reply in council_book().replies}
    return {RECEIVED: phrase("page.received", language)} | names


class ReplyForm(forms.Form):
    """What a body answered to its letter."""

    def __init__(self, bodies: list[str], language: str, data: Any = None) -> None:
        super().__init__(data)
        self.fields["body"] = forms.ChoiceField(
            label=phrase("column.body", language),
            choices=[(code, councils()[code].name.in_language(language)) for code in bodies],
        )
        self.fields["reply"] = forms.ChoiceField(
            label=phrase("column.reply", language), choices=list(reply_names(language).items())
        )
        self.fields["confirmed"] = forms.DateField(
            label=phrase("column.confirmed", language),
            required=False,
            widget=forms.DateInput(attrs={"type": "date"}),
        )
