"""Fields take what the contract says, and nothing that merely looks like it."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from rest_framework import serializers

from api import fields
from api.filters import FilterSet, Parameter
from api.serializers import BodySerializer


class Body(BodySerializer):
    text = fields.Text(required=False, max_length=5)
    email = fields.Email(required=False)
    number = fields.Integer(required=False, min_value=1, max_value=10)
    id = fields.Id(required=False)
    flag = fields.Flag(required=False)
    choice = fields.Choice(required=False, choices=["a", "b"])
    money = fields.Money(required=False)
    amount = fields.Amount(required=False)
    at = fields.Timestamp(required=False)
    day = fields.DayOrTimestamp(required=False)
    last = fields.DayOrTimestamp(required=False, end_of_day=True)


class Query(FilterSet):
    number = Parameter(fields.Integer(required=False, min_value=1, max_value=10))
    flag = Parameter(fields.Flag(required=False))
    at = Parameter(fields.Timestamp(required=False))


def errors_of(serializer: type[serializers.Serializer[Any]], **data: Any) -> Any:
    checked = serializer(data=data)
    assert not checked.is_valid()
    return checked.errors


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("text", 1),
        ("text", True),
        ("text", ["a"]),
        ("text", ""),
        ("text", "sixsix"),
        ("text", "a\x00"),
        ("email", 1),
        ("email", "nobody"),
        ("email", "a" * 250 + "@example.com"),
        ("number", "1"),
        ("number", 1.5),
        ("number", 1e300),
        ("number", True),
        ("number", 0),
        ("number", 11),
        ("number", 10**30),
        ("id", 0),
        ("id", 2**63),
        ("flag", 1),
        ("flag", "true"),
        ("choice", "c"),
        ("choice", ["a"]),
        ("money", 1),
        ("money", 29.99),
        ("money", "0.00"),
        ("money", "0.001"),
        ("money", "-1.00"),
        ("money", "1e5"),
        ("money", "1e-1000000"),
        ("money", "NaN"),
        ("money", " 1.00"),
        ("money", "10000000.00"),
        ("money", ""),
        ("money", "١٢"),
        ("amount", "-0.01"),
        ("amount", "100000000000000.00"),
        ("at", "2026-01-01"),
        ("at", "2026-01-01T00:00:00"),
        ("at", "2026-01-01T00:00:00+22:29"),
        ("at", "0001-01-01T00:00:00+14:00"),
        ("at", "2026-13-01T00:00:00Z"),
        ("at", 1),
        ("day", "2026-02-30"),
        ("unknown", 1),
    ],
)
def test_a_wrong_value_is_refused_at_its_place(field: str, value: Any) -> None:
    assert list(errors_of(Body, **{field: value})) == [field]


@pytest.mark.parametrize(
    ("number", "hint"), [(29.99, "29.99"), (30, "30.00"), (5.5, "5.50"), (1.005, "29.99"), (1e300, "29.99")]
)
def test_the_refusal_of_a_number_for_an_amount_shows_how_to_write_it(number: float, hint: str) -> None:
    [error] = errors_of(Body, money=number)["money"]
    assert (error.code, str(error)) == (
        "number",
        f'Amounts are text, since numbers of JSON are rounded by many readers: write "{hint}".',
    )


class Edit(BodySerializer):
    name = fields.Text(max_length=5)
    city = fields.Text(required=False, max_length=5)
    kind = fields.Choice(required=False, choices=["a"], default="a")
    limit = fields.Integer(required=False, allow_null=True)
    lines = serializers.ListField(child=Body(), required=False)


def test_null_in_a_member_that_may_be_left_out_is_as_if_it_were() -> None:
    optional = dict.fromkeys(Body().fields)
    body = Edit(data={"name": "x", "city": None, "kind": None, "limit": None, "lines": [optional]})
    assert body.is_valid(), body.errors
    assert body.validated_data == {"name": "x", "kind": "a", "limit": None, "lines": [{}]}
    assert errors_of(Edit, name=None)["name"][0].code == "null"
    edit = Edit(data={"name": None, "city": "x"}, partial=True)
    assert edit.is_valid()
    assert edit.validated_data == {"city": "x"}


def test_right_values_are_taken() -> None:
    body = Body(
        data={
            "text": " ab ",
            "number": 10,
            "id": 2**63 - 1,
            "flag": False,
            "money": "9999999.99",
            "amount": "0",
            "at": "2026-01-01T02:00:00.5+02:00",
            "day": "2026-01-01",
            "last": "2026-01-01",
        }
    )
    assert body.is_valid(), body.errors
    assert body.validated_data == {
        "text": "ab",
        "number": 10,
        "id": 2**63 - 1,
        "flag": False,
        "money": Decimal("9999999.99"),
        "amount": Decimal(0),
        "at": datetime(2026, 1, 1, 0, 0, 0, 500_000, UTC),
        "day": datetime(2026, 1, 1, tzinfo=UTC),
        "last": datetime(2026, 1, 1, 23, 59, 59, 999_999, UTC),
    }


def test_a_query_string_is_read_as_text() -> None:
    query = Query({"number": ["3"], "flag": ["1"], "at": ["2026-01-01T00:00:00 02:00"]})
    assert query.values == {"number": 3, "flag": True, "at": datetime(2025, 12, 31, 22, tzinfo=UTC)}


@pytest.mark.parametrize(("field", "value"), [("number", "1.0"), ("number", "9" * 30), ("flag", "yes"), ("at", "now")])
def test_a_wrong_parameter_is_refused(field: str, value: str) -> None:
    with pytest.raises(serializers.ValidationError) as error:
        Query({field: [value]})
    codes: Any = error.value.get_codes()
    assert list(codes) == [field]


def test_an_integer_may_be_written_with_a_point_as_json_allows() -> None:
    checked = Body(data={"number": 3.0})

    assert checked.is_valid()
    assert checked.validated_data["number"] == 3
    assert type(checked.validated_data["number"]) is int
