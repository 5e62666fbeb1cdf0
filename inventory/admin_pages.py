"""The verbs of stock as pages: receive, adjust, transfer. A page posts all of its lines by one service, or none."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.timezone import localtime

from database.refusals import Refusal
from events.actors import Actor, admin_actor
from inventory import services
from inventory.admin_forms import (
    AdjustForm,
    AdjustmentLineForm,
    HeadForm,
    LineForm,
    Lines,
    ReceiptLineForm,
    ReceiveForm,
    TransferForm,
    TransferLineForm,
    on_hand_in,
)
from inventory.exceptions import AlreadyReceived
from inventory.models import StockItem, Warehouse
from staff.forms import only_once, show_refusal
from staff.frame import StaffAdmin

LINES = 5
MAX_LINES = 100
MOST_TOLD = 10


@dataclass(frozen=True, slots=True)
class Verb:
    """A page with a head and lines, and the service that it calls."""

    title: str
    done: str
    head: type[HeadForm]
    line: type[LineForm]
    call: Callable[[dict[str, Any], Sequence[dict[str, Any]], Actor], services.Posting]


def receive(head: dict[str, Any], lines: Sequence[dict[str, Any]], actor: Actor) -> services.Posting:
    """Post goods that came in."""
    warehouse = head["warehouse"].code
    return services.receive_stock(
        reference=head["reference"],
        reason=head["reason"],
        again=head["again"],
        lines=[
            services.ReceiptLine(line["sku"], line["quantity"], warehouse, unit_cost=line["unit_cost"])
            for line in lines
        ],
        actor=actor,
    )


def adjust(head: dict[str, Any], lines: Sequence[dict[str, Any]], actor: Actor) -> services.Posting:
    """Post corrections."""
    warehouse = head["warehouse"].code
    return services.adjust_stock(
        reference=head["reference"],
        reason=head["reason"],
        lines=[
            services.AdjustmentLine(
                line["sku"],
                warehouse,
                delta=line["delta"],
                set_to=line["set_to"],
                expected=None if line["set_to"] is None else line["expected"],
            )
            for line in lines
        ],
        actor=actor,
    )


def transfer(head: dict[str, Any], lines: Sequence[dict[str, Any]], actor: Actor) -> services.Posting:
    """Post goods that move."""
    return services.transfer_stock(
        source=head["source"].code,
        target=head["target"].code,
        reference=head["reference"],
        reason=head["reason"],
        lines=[services.TransferLine(line["sku"], line["quantity"]) for line in lines],
        actor=actor,
    )


RECEIVE = Verb("Receive goods", "Received", ReceiveForm, ReceiptLineForm, receive)
ADJUST = Verb("Adjust stock", "Adjusted", AdjustForm, AdjustmentLineForm, adjust)
TRANSFER = Verb("Transfer", "Moved", TransferForm, TransferLineForm, transfer)


def verb_page(admin: StaffAdmin[StockItem], request: HttpRequest, verb: Verb) -> HttpResponseBase:
    """Show a verb's form, or carry it out. A refused form is shown again, with the reason on its line."""
    line_set: Any = forms.formset_factory(
        verb.line, formset=Lines, extra=LINES, max_num=MAX_LINES, absolute_max=MAX_LINES
    )
    if request.method != "POST":
        head, lines = prefilled(request, verb, line_set)
        return admin.show(request, "admin/inventory/posting.html", verb.title, head=head, lines=lines)
    head, lines = verb.head(request.POST), line_set(request.POST, prefix="lines")
    if head.is_valid() & lines.is_valid():
        filled = [form.cleaned_data for form in lines.filled]
        try:
            posting = only_once(
                request, head.cleaned_data["once"], lambda: verb.call(head.cleaned_data, filled, admin_actor(request))
            )
        except Refusal as refusal:
            if isinstance(refusal, AlreadyReceived):
                received = localtime(datetime.fromisoformat(refusal.extra["received_at"]))
                refusal.detail += f" That was on {received:%d %B %Y at %H:%M}."
                head.fields["again"].widget = forms.CheckboxInput()
            show_refusal(refusal, head, lines.filled)
        else:
            tell(request, verb, posting)
            return HttpResponseRedirect(where_to_look(admin, lines, posting))
    return admin.show(request, "admin/inventory/posting.html", verb.title, head=head, lines=lines)


def prefilled(request: HttpRequest, verb: Verb, line_set: type[Lines]) -> tuple[HeadForm, Lines]:
    """An empty form; if the address names an item, its first line is about that item."""
    head: dict[str, Any] = {"once": uuid4()}
    first: dict[str, Any] = {}
    item = StockItem.objects.with_skus(request.GET.get("sku", "")).first()
    warehouse = Warehouse.objects.with_codes(request.GET.get("warehouse", "")).first()
    warehouse = warehouse or Warehouse.objects.filter(is_active=True).first()
    if warehouse is not None:
        head |= {"warehouse": warehouse.code, "source": warehouse.code}
        other = Warehouse.objects.filter(is_active=True).exclude(pk=warehouse.pk).first()
        head |= {"target": other.code} if other else {}
    if item is not None:
        first = {"sku": item.sku}
        suggested = request.GET.get("quantity", "")
        quantity = int(suggested) if re.fullmatch(r"[0-9]{1,9}", suggested) else None
        if verb is RECEIVE:
            first |= {"quantity": item.reorder_quantity if quantity is None else quantity, "unit_cost": item.unit_cost}
        if verb is TRANSFER:
            first["quantity"] = quantity
        if verb is ADJUST and warehouse is not None:
            first["expected"] = on_hand_in(item, warehouse)
    lines = line_set(prefix="lines", initial=[first] if first else None)
    for form in lines.forms:
        form.empty_permitted = True
    return verb.head(initial=head), lines


def tell(request: HttpRequest, verb: Verb, posting: services.Posting) -> None:
    """Show a message about the posting."""
    units = sum(abs(line.on_hand_delta) for line in posting.lines)
    if verb is TRANSFER:
        units //= 2  # each unit left one place and came into another
    if not posting.lines:
        messages.info(request, "Nothing was posted: the books were right already.")
        return
    messages.success(request, f"{verb.done} {units} units under {posting.reference}.")
    for line in told(posting.moved):
        messages.info(request, line)
    if posting.covered:
        messages.info(request, f"These now have what they were waiting for: {', '.join(posting.covered)}.")


def told(moves: Sequence[services.Moved]) -> list[str]:
    """Which promises come from another warehouse now, in words; of many, the first."""
    lines = [
        f"{move.quantity} units of {move.sku} for {move.reference} come from {move.target} now, not from {move.source}."
        for move in moves[:MOST_TOLD]
    ]
    return [*lines, f"… and {len(moves) - MOST_TOLD} more moves."] if len(moves) > MOST_TOLD else lines


def where_to_look(admin: StaffAdmin[StockItem], lines: Lines, posting: services.Posting) -> str:
    """The address that shows a posting: the page of its item, or the ledger if it has several items."""
    ids = {item.pk for item in lines.items.values()}
    if len(ids) == 1:
        return admin.url("why", ids.pop())
    return f"{reverse('admin:inventory_stockmovement_changelist')}?q={quote(posting.reference)}"
