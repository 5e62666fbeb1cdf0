"""Forms of the admin. They carry the version that was shown, show refusals, and take effect once."""

import re
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, cast
from uuid import UUID

from django import forms
from django.contrib.admin.widgets import AdminSplitDateTime
from django.db import models
from django.db.models import Model
from django.forms.utils import pretty_name
from django.http import HttpRequest

from database.refusals import Refusal
from database.text import refuse_hidden, refuse_hidden_in_lines
from database.transactions import run_unit
from staff.models import PostedForm

WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
AMOUNT = re.compile(r"[+-]?[0-9]{1,18}([.][0-9]{1,18})?")
DAY: dict[str, Any] = {
    "widget": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    "input_formats": ["%Y-%m-%d"],
}
M = TypeVar("M", bound=Model)
T = TypeVar("T")

if TYPE_CHECKING:
    DjangoForm = forms.ModelForm
else:  # Django's own class cannot be subscribed with its model

    class DjangoForm(forms.ModelForm, Generic[M]):
        pass


class Line(forms.CharField):
    """One line of text of characters that can be seen, for forms that no model has made."""

    default_validators = [refuse_hidden]


class PeriodForm(forms.Form):
    """Days of which something is handed over or added up: both of them, and those between."""

    # How many days it may have, and what is said of one that ends before it begins or has more.
    most: ClassVar[timedelta] = timedelta.max
    refusal: ClassVar[str] = "The last day is before the first one."

    since = forms.DateField(label="From", **DAY)
    until = forms.DateField(label="To, this day included", **DAY)

    def clean(self) -> dict[str, Any]:
        """Refuses a period that ends before it begins, and one that is too long."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors and not timedelta() <= cleaned["until"] - cleaned["since"] < self.most:
            raise forms.ValidationError(self.refusal)
        return cleaned


def guard_texts(form: Any) -> None:
    """Let every field of text in a form refuse hidden characters. A second call changes nothing."""
    for field in form.base_fields.values():
        guard = guard_of(field)
        if guard is not None and guard not in field.validators:
            field.validators.append(guard)


def guard_of(field: forms.Field) -> Callable[[str], None] | None:
    """What a field of text has to refuse: all hidden characters, or in paragraphs all but line breaks.

    None for passwords, which take every character, and for JSON, whose texts the model's validator checks.
    """
    if not isinstance(field, forms.CharField) or isinstance(field, forms.JSONField | forms.UUIDField):
        return None
    if isinstance(field.widget, forms.PasswordInput):
        return None
    return refuse_hidden_in_lines if isinstance(field.widget, forms.Textarea) else refuse_hidden


def name_fields(form: Any, *, in_table: bool) -> None:
    """Name each field that has no label beside it: all fields of a table, and both parts of a moment.

    A screen reader does not read the head of a column. A second call changes nothing.
    """
    for name, field in form.base_fields.items():
        label = str(field.label or pretty_name(name))
        if isinstance(field.widget, AdminSplitDateTime):
            for part, of_moment in zip(("date", "time"), field.widget.widgets, strict=True):
                of_moment.attrs["aria-label"] = f"{label}: {part}"
        elif in_table and not field.widget.is_hidden:
            field.widget.attrs["aria-label"] = label


class WholeField(forms.IntegerField):
    """A whole number in digits alone. Nothing is guessed: `1.000` is one to some, and a thousand to others.

    It is a field of text, since a browser's own field of numbers may drop the comma of `39,90` before it is sent.
    """

    widget = forms.TextInput(attrs={"inputmode": "numeric"})
    default_error_messages = {
        "invalid": "Write a whole number in digits alone, such as 1000: no points, commas or spaces."
    }

    def to_python(self, value: Any) -> int | None:
        """The number. Refuses everything but digits with a sign."""
        return super().to_python(digits_of(value, WHOLE, self))


class AmountField(forms.DecimalField):
    """An amount in digits with a point before its places. Nothing is guessed, as in WholeField."""

    widget = forms.TextInput(attrs={"inputmode": "decimal"})
    default_error_messages = {
        "invalid": "Write digits, and a point before the cents, such as 39.90: no commas or spaces."
    }

    def to_python(self, value: Any) -> Any:
        """The amount. Refuses commas, spaces, exponents and whatever else is no digit."""
        return super().to_python(digits_of(value, AMOUNT, self))


def digits_of(value: Any, pattern: re.Pattern[str], field: forms.Field) -> Any:
    """A typed value, if it is written as the pattern says. A value that nobody has typed stays as it is."""
    if not isinstance(value, str) or not value.strip():
        return value
    if not pattern.fullmatch(value.strip()):
        raise forms.ValidationError(field.error_messages["invalid"], code="invalid")
    return value.strip()


# How the numbers of a model are typed, for every admin and for the tables below a form.
NUMBERS: Any = {
    models.IntegerField: {"form_class": WholeField, "widget": WholeField.widget},
    models.BigIntegerField: {"form_class": WholeField, "widget": WholeField.widget},
    models.DecimalField: {"form_class": AmountField, "widget": AmountField.widget},
}


class StaffForm(DjangoForm[M]):
    """A form over a row. The form carries the row's version as shown, and the service's refusal of the first try."""

    seen_version = WholeField(required=False, widget=forms.HiddenInput)
    refusal: ClassVar[Refusal | None] = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("seen_version", getattr(self.instance, "version", None))

    def clean(self) -> dict[str, Any] | None:
        """Django's own, with the errors of an earlier refusal."""
        cleaned = super().clean()
        if self.refusal is not None:
            show_refusal(self.refusal, self)
        return cleaned


def show_refusal(refusal: Refusal, form: forms.BaseForm, lines: Sequence[forms.BaseForm] = ()) -> None:
    """Put the errors of a refusal on the fields, on the lines (`lines.2.sku`), or on top of the form."""
    if refusal.status == 412:
        form.add_error(None, "Somebody else has changed this since you opened it. Open it again to see what is new.")
    elif not refusal.errors:
        form.add_error(None, refusal.detail)
    for error in refusal.errors:
        where, _, rest = error.field.partition(".")
        number, _, field = rest.partition(".")
        target, name = form, where
        if where == "lines" and number.isascii() and number.isdigit() and int(number) < len(lines):
            target, name = lines[int(number)], field
        target.add_error(name if name in target.fields else None, error.message)


class PostedAlready(Refusal):
    """The form was posted before, and the first post took effect."""

    code = "posted_already"
    title = "This page was posted already. Look at what it did before you post it again"


def only_once(request: HttpRequest, once: UUID, work: Callable[[], T]) -> T:
    """Run a verb as a unit of work, unless the form with this number was posted before. Refuses PostedAlready.

    `once` is the form's number. The number is written in the transaction of the effect, so that neither exists without
    the other. A second click waits for the end of the first one.
    """

    def unit() -> T:
        _, is_first = PostedForm.objects.get_or_create(number=once, defaults={"user_id": cast(int, request.user.pk)})
        if not is_first:
            raise PostedAlready
        return work()

    return run_unit(unit)


def moment_field(**how: Any) -> forms.DateTimeField:
    """A moment in the time of the shop."""
    return forms.DateTimeField(
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
        **how,
    )
