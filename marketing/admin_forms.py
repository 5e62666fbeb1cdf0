"""The forms by which staff choose whom they write to, and what."""

from decimal import Decimal
from typing import Any

from django import forms

from accounts.country_names import NAMES
from catalog.admin_forms import with_path
from database.money import places_of
from database.refusals import Refusal
from database.text import refuse_hidden_in_lines
from marketing.models import MAX_RATE, MAX_TEXT, Campaign, Segment
from marketing.rules import MAX_DAYS, MAX_SPENT
from pricing.admin_forms import Lines, products_with, skus_of
from staff.forms import AmountField, Line, WholeField, show_refusal

MARKUP = (
    "An empty line between paragraphs. ## begins a heading, - a line of a list, **words** are strong, and "
    "[words](https://…) is a link."
)


def days_field(label: str, help_text: str) -> WholeField:
    """A number of days, or nothing."""
    return WholeField(label=label, min_value=1, max_value=MAX_DAYS, required=False, help_text=help_text)


class SegmentForm(forms.Form):
    """The rules of a segment. `version` is the version that the page showed."""

    name = Line(max_length=100)
    products = Lines(label="Has bought one of", help_text="SKUs of articles, one on each line: their products count.")
    categories = forms.ModelMultipleChoiceField(
        with_path(), label="Has bought from", required=False, help_text="What lies below them counts too."
    )
    bought_anything = forms.BooleanField(label="Has bought anything", required=False)
    spent_at_least = AmountField(
        label="Has spent at least",
        required=False,
        min_value=Decimal("0.01"),
        max_value=MAX_SPENT,
        decimal_places=places_of(),
    )
    countries = Lines(label="Has had goods sent to", help_text="Codes of countries, one on each line, such as DE.")
    within_days = days_field("In the last days", "So many days back the rules above look. Empty: since ever.")
    not_bought_for_days = days_field("Has bought nothing for days", "Whoever bought in so many days is left out.")
    version = WholeField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice: Any = self.fields["categories"]
        choice.label_from_instance = lambda category: category.path

    @classmethod
    def of(cls, segment: Segment, data: Any = None) -> "SegmentForm":
        """The form of a segment as it is now."""
        seen = segment.rules | {"name": segment.name, "version": segment.version}
        seen["products"] = "\n".join(skus_of(segment.rules.get("products", [])))
        seen["countries"] = "\n".join(segment.rules.get("countries", []))
        return cls(data, initial=seen)

    def clean_products(self) -> list[int]:
        """The products of the articles. Refuses a SKU that no article has."""
        return products_with(self.cleaned_data["products"].splitlines())

    def clean_countries(self) -> list[str]:
        """The codes, in capitals. Refuses what is no code of a country."""
        found = [code.upper() for code in self.cleaned_data["countries"].splitlines()]
        if unknown := [code for code in found if code not in NAMES]:
            raise forms.ValidationError(f"{unknown[0][:60]} is no country code.")
        return found

    @property
    def rules(self) -> dict[str, Any]:
        """The rules that the form says."""
        said = {name: self.cleaned_data[name] for name in self.fields if name not in ("name", "version")}
        said["categories"] = [category.pk for category in said["categories"]]
        return said

    def show(self, refusal: Refusal) -> None:
        """Say what a service has refused."""
        show_refusal(refusal, self)


class CampaignForm(forms.Form):
    """What is written, and to whom. `version` is the version that the page showed."""

    subject = Line(max_length=150)
    text = forms.CharField(
        max_length=MAX_TEXT,
        widget=forms.Textarea(attrs={"rows": 16}),
        validators=[refuse_hidden_in_lines],
        help_text=MARKUP,
    )
    segment = forms.ModelChoiceField(Segment.objects.all(), help_text="Of those in it, whoever wants news.")
    rate = WholeField(label="Mails per hour", min_value=1, max_value=MAX_RATE, initial=1000)
    version = WholeField(widget=forms.HiddenInput, required=False)

    @classmethod
    def of(cls, campaign: Campaign, data: Any = None) -> "CampaignForm":
        """The form of a campaign as it is now. Of one that was started, the rate alone may be changed."""
        seen = {name: getattr(campaign, name) for name in ("subject", "text", "rate", "version")}
        form = cls(data, initial=seen | {"segment": campaign.segment_id})
        if campaign.state != Campaign.State.DRAFT:
            for name in ("subject", "text", "segment"):
                del form.fields[name]
        return form

    @property
    def words(self) -> dict[str, Any]:
        """What the service is told."""
        said: dict[str, Any] = {
            name: self.cleaned_data[name] for name in ("subject", "text", "rate") if name in self.fields
        }
        if "segment" in self.fields:
            said["segment_id"] = self.cleaned_data["segment"].pk
        return said

    def show(self, refusal: Refusal) -> None:
        """Say what a service has refused."""
        show_refusal(refusal, self)
