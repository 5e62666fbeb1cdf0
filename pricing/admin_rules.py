"""What all admins of pricing have in common."""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import Model
from django.http import HttpRequest, HttpResponse

from database.refusals import FieldError, Invalid
from pricing.models import TaxClass
from staff.frame import StaffAdmin

M = TypeVar("M", bound=Model)


class RulesAdmin(StaffAdmin[M]):
    """The base of all admins of pricing: the journal names a row as pricing.services do, and so do refusals."""

    def subject_of(self, row: M) -> str:
        """The subject under which the journal keeps a row: "tax_class:17"."""
        return f"{str(self.opts.verbose_name).replace(' ', '_')}:{row.pk}"

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[Any, Any, set[str], list[str]]:
        """As Django's own, but for what protects the rows: the service refuses it, in one sentence."""
        rows, counts, permissions, _ = super().get_deleted_objects(objs, request)
        return rows, counts, permissions, []

    def in_unit(self, request: HttpRequest, show: Callable[[], HttpResponse]) -> HttpResponse:
        """As for all staff. What a service finds not valid is shown like a refusal, too."""
        return super().in_unit(request, partial(refusing, show))


def refusing(show: Callable[[], HttpResponse]) -> HttpResponse:
    """What `show` answers. Refuses (Invalid) what it finds not valid (ValidationError)."""
    try:
        return show()
    except ValidationError as error:
        by_field = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
        errors = [FieldError(name, "invalid", said) for name, several in by_field.items() for said in several]
        raise Invalid(errors=errors) from error


def code_of(tax_class: TaxClass | None) -> str:
    """The code of a tax class, "" for the standard one."""
    return tax_class.code if tax_class else ""
