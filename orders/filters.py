"""Query strings about orders."""

from django.db.models import QuerySet

from api.fields import Amount, Choice, DayOrTimestamp, Id, Integer, Text
from api.filters import Filter, FilterSet, ListFilters, Parameter
from inventory.bands import Band
from orders.models import Order, OrderQuerySet
from orders.serializers.documents import DETAILS, OrderSerializer

ALL = frozenset(OrderSerializer.Meta.fields)


class OrderListFilters(ListFilters):
    """The parameters of each list of orders: which members the rows have."""

    expand = Parameter(
        Choice(
            required=False,
            choices=["all", *sorted(DETAILS), "none"],
            help_text="Which of `charges`, `discounts` and `fulfilments` the rows have, with commas between them; "
            "`all` by default.",
        ),
        separated=True,
    )
    fields = Parameter(
        Choice(
            required=False,
            choices=OrderSerializer.Meta.fields,
            help_text="The members that the rows have, with commas between them. All by default.",
        ),
        separated=True,
    )

    @property
    def shown(self) -> frozenset[str]:
        """The members that the rows have."""
        expand, fields = self.values.get("expand"), self.values.get("fields")
        shown = ALL if fields is None else ALL.intersection(fields)
        return shown if expand is None or "all" in expand else shown - DETAILS.difference(expand)


class OrderFilterSet(OrderListFilters):
    """The parameters of the list of all orders."""

    status = Filter(Choice(required=False, choices=Order.Status.choices), several=True)
    user_id = Filter(Id(required=False), several=True)
    start_date = Filter(
        DayOrTimestamp(
            required=False, help_text="Placed then or later; a date is the shop's day, from its first moment."
        ),
        field_name="order_date",
        lookup_expr="gte",
    )
    end_date = Filter(
        DayOrTimestamp(
            required=False,
            end_of_day=True,
            help_text="Placed then or before; a date is the shop's day, to its last moment.",
        ),
        field_name="order_date",
        lookup_expr="lte",
    )
    min_amount = Filter(Amount(required=False), field_name="total_amount", lookup_expr="gte")
    max_amount = Filter(Amount(required=False), field_name="total_amount", lookup_expr="lte")
    search = Filter(
        Text(
            required=False,
            max_length=100,
            help_text="Words that all stand on the order: number, recipient, phone, address, email, company, note, "
            "customer, SKU or article, as they were then or are called today. Several numbers find each.",
        ),
        method="found_by",
    )

    def found_by(self, orders: OrderQuerySet, words: str) -> QuerySet[Order]:
        """The orders that a search finds."""
        return orders.search(words)


class StockCheckFilterSet(FilterSet):
    """The parameters of the stock check. The answer repeats the first three, so each may be given once."""

    category = Parameter(
        Choice(required=False, choices=["available", *Band.values], help_text="Only products in this band.")
    )
    min_stock = Parameter(Integer(required=False))
    max_stock = Parameter(Integer(required=False))
    limit = Parameter(Integer(required=False, min_value=1, max_value=1000, default=100, help_text="Rows in each list."))
