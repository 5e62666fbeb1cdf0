"""The forms by which staff set up webhooks and deliver events again."""

from datetime import datetime
from typing import Any

from django import forms

from database.refusals import Refusal
from events.kinds import public_kinds
from events.models import WebhookEndpoint
from events.webhooks.addresses import MAX_URL
from staff.forms import Line, WholeField, moment_field, show_refusal


def kinds_field(help_text: str) -> forms.MultipleChoiceField:
    """A choice of kinds of events."""
    choices = [(kind, kind) for kind in sorted(public_kinds())]
    widget = forms.SelectMultiple(attrs={"size": 10})
    words: Any = {"label": "Events", "help_text": help_text, "required": False}
    return forms.MultipleChoiceField(choices=choices, widget=widget, **words)


class EndpointForm(forms.Form):
    """Where an endpoint is, and what it is told of. `version` is the version that the page showed."""

    url = Line(label="URL", max_length=MAX_URL, help_text="https://, and a host that the Internet reaches.")
    description = Line(max_length=200, required=False, help_text="For staff: what it is, and whom to ask about it.")
    kinds = kinds_field("None chosen: it is told of all.")
    version = WholeField(widget=forms.HiddenInput, required=False)

    @classmethod
    def of(cls, endpoint: WebhookEndpoint, data: Any = None) -> "EndpointForm":
        """The form of an endpoint as it is now."""
        seen = {name: getattr(endpoint, name) for name in ("url", "description", "kinds", "version")}
        return cls(data, initial=seen, prefix="edit")

    @property
    def words(self) -> dict[str, Any]:
        """What the service is told."""
        return {name: self.cleaned_data[name] for name in ("url", "description", "kinds")}

    def show(self, refusal: Refusal) -> None:
        """Say what a service has refused."""
        show_refusal(refusal, self)


class ResumeForm(forms.Form):
    """Whether an endpoint is told of what it has missed."""

    catch_up = forms.BooleanField(required=False, widget=forms.HiddenInput)


class ReplayForm(forms.Form):
    """The time whose events are delivered again."""

    since = moment_field(label="From", help_text="In the shop's time zone.")
    until = moment_field(label="To", required=False, help_text="Left empty: until now.")
    kinds = kinds_field("None chosen: those that it is told of.")

    @property
    def words(self) -> dict[str, Any]:
        """What the service is told."""
        since: datetime = self.cleaned_data["since"]
        return {"since": since, "until": self.cleaned_data["until"], "kinds": self.cleaned_data["kinds"]}

    def show(self, refusal: Refusal) -> None:
        """Say what a service has refused."""
        show_refusal(refusal, self)
