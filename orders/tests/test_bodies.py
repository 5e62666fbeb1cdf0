"""The fast way of reading a body agrees with the serializer."""

from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from rest_framework.exceptions import ValidationError

from api.fields import MAX_ID
from api.serializers import kept
from orders.serializers.bodies import MAX_LINE_QUANTITY, MAX_LINES, PlaceOrderBody
from orders.tests.factories import ADDRESS
from orders.tests.plain import PlainOrderBody

take_plain = kept(PlaceOrderBody).taken_plainly
take_checked = kept(PlainOrderBody).run_validation

odd: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, False, 0, -1, 1.0, 1.5, "", " ", "1", [], {}, [1], 10**30, "\x00", "\u2028", "é"]
)
edges = ["www.a", "a ://b", "a", " a", "a ", "a b", "x" * 64, "x" * 65, "x" * 201, "\t", "a\n"]
texts = st.text(max_size=30) | st.sampled_from(edges)
numbers = st.integers(-1, 5) | st.sampled_from([MAX_ID, MAX_ID + 1, MAX_LINE_QUANTITY, MAX_LINE_QUANTITY + 1])
names = st.sampled_from(["product_id", "variant_id"])
right_lines = st.builds(lambda name, number: {name: number, "quantity": 1}, names, st.integers(1, 5))
strange_lines = st.one_of(
    st.builds(lambda name, number: {name: number, "quantity": number}, names, numbers),
    st.builds(lambda sku, number: {"sku": sku, "quantity": number}, texts, numbers),
    st.fixed_dictionaries(
        {},
        optional={
            "product_id": numbers | odd,
            "variant_id": numbers | odd,
            "sku": texts | odd,
            "quantity": numbers | odd,
            "price": odd,
        },
    ),
    odd,
)
baskets = st.one_of(st.lists(right_lines, min_size=1, max_size=3), st.lists(strange_lines, max_size=2), odd)


@st.composite
def bodies(draw: st.DrawFn) -> dict[str, Any]:
    """A right body, with some of it changed, left out or added."""
    body: dict[str, Any] = {**ADDRESS, "order_items": draw(baskets)}
    for name in draw(st.lists(st.sampled_from([*body, "total"]), max_size=1)):
        if draw(st.booleans()):
            body[name] = draw(texts | odd)
        else:
            body.pop(name, None)
    return body


@settings(max_examples=1000)
@given(bodies())
def test_what_is_taken_plainly_is_what_the_serializer_reads(body: dict[str, Any]) -> None:
    plain = take_plain(body)
    event("plain" if plain else "doubtful")
    if plain:
        assert plain == take_checked(body)


def test_an_ordinary_body_is_taken_plainly() -> None:
    for name, value in {"product_id": MAX_ID, "variant_id": 1, "sku": "MUG-1 Ü"}.items():
        body = {**ADDRESS, "order_items": [{name: value, "quantity": MAX_LINE_QUANTITY}] * MAX_LINES}
        assert take_plain(body) == take_checked(body)
        for name in ("shipping_address_line2", "recipient_name", "phone"):
            del body[name]
            assert take_plain(body) == take_checked(body)


def test_a_line_too_many_is_left_to_the_serializer() -> None:
    body = {**ADDRESS, "order_items": [{"product_id": 1, "quantity": 1}] * (MAX_LINES + 1)}
    assert take_plain(body) is None
    for serializer in (PlainOrderBody, PlaceOrderBody):
        with pytest.raises(ValidationError):
            kept(serializer).run_validation(body)


@pytest.mark.parametrize("body", [None, [], [1], "x", 1, {}])
def test_what_is_no_order_at_all_is_left_to_the_serializer(body: Any) -> None:
    assert take_plain(body) is None
    with pytest.raises(ValidationError):
        kept(PlaceOrderBody).run_validation(body)
