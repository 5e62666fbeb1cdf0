"""The filters of the list of payments."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from payments.models import Dispute, PaymentQuerySet
from payments.words import PROVIDERS


class NeedFilter(admin.SimpleListFilter):
    """The payments that somebody or something waits for."""

    title = "what it waits for"
    parameter_name = "needs"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The choices."""
        return [("person", "Needs a person"), ("dispute", "Open dispute"), ("provider", "Under way")]

    def queryset(self, request: HttpRequest, queryset: Any) -> QuerySet[Any]:
        """The payments of the choice."""
        payments: PaymentQuerySet = queryset
        if self.value() == "person":
            return payments.needing_people()
        if self.value() == "dispute":
            return payments.filter(pk__in=Dispute.objects.open().order_by().values("payment"))
        return payments.under_way() if self.value() == "provider" else payments


class ProviderFilter(admin.SimpleListFilter):
    """The payments by who carries them."""

    title = "provider"
    parameter_name = "provider"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The choices."""
        return list(PROVIDERS.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The payments of the chosen provider."""
        return queryset.filter(provider=self.value()) if self.value() in PROVIDERS else queryset
