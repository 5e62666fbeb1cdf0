"""What all admins of pricing have in common."""

from typing import TypeVar

from django.db.models import Model

from pricing.models import TaxClass
from staff.frame import StaffAdmin

M = TypeVar("M", bound=Model)


class RulesAdmin(StaffAdmin[M]):
    """The base of all admins of pricing: the journal names a row as pricing.services do."""

    def subject_of(self, row: M) -> str:
        """The subject under which the journal keeps a row: "tax_class:17"."""
        return f"{str(self.opts.verbose_name).replace(' ', '_')}:{row.pk}"


def code_of(tax_class: TaxClass | None) -> str:
    """The code of a tax class, "" for the standard one."""
    return tax_class.code if tax_class else ""
