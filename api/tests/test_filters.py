"""Query strings: what a FilterSet reads, refuses, and lets through."""

from collections.abc import Sequence
from typing import Any

import pytest
from django.db.models import QuerySet
from rest_framework import serializers

from api.fields import Choice, Integer, Text
from api.filters import Filter, FilterSet, ListFilters, NoFilters, Parameter
from database.refusals import Invalid
from inventory.models import Warehouse


class Things(ListFilters):
    code = Filter(Text(required=False, max_length=5), several=True)
    longest = Filter(Integer(required=False, max_value=9), field_name="priority", lookup_expr="lte")
    state = Filter(Choice(choices=["open", "all"], default="open"), method="in_state")
    shown = Parameter(Choice(required=False, choices=["little"]))

    def in_state(self, queryset: QuerySet[Any], state: str) -> QuerySet[Any]:
        """Open warehouses are those in use."""
        return queryset if state == "all" else queryset.filter(is_active=True)


class OtherThings(ListFilters):
    pass


class Moment(FilterSet):
    at = Parameter(Integer())


class Separated(FilterSet):
    numbers = Filter(Integer(required=False), separated=True)


class Open(FilterSet):
    """Takes every name that begins with x."""

    def take(self, name: str, texts: Sequence[str]) -> bool:
        """Whether the name is one of those."""
        return name.startswith("x")


def details(error: pytest.ExceptionInfo[serializers.ValidationError]) -> Any:
    return error.value.get_codes()


def test_values_are_what_was_given_and_the_defaults_of_the_rest() -> None:
    assert Things({}).values == {"state": "open"}
    asked = {"code": ["a", "b"], "longest": ["3"], "state": ["all"], "page_size": ["7"], "cursor": [""]}
    assert Things(asked).values == {"code": ["a", "b"], "longest": 3, "state": "all", "page_size": 7}


def test_white_space_alone_is_no_value() -> None:
    blank = {name: [" ", "\t\u3000"] for name in Things.base_filters}
    assert Things(blank).values == Things({}).values == {"state": "open"}
    assert Things({"code": [" ", "a"], "page_size": ["", "7"]}).values == {
        "state": "open",
        "code": ["a"],
        "page_size": 7,
    }


def test_values_between_commas_are_alternatives() -> None:
    assert Separated({"numbers": ["1, 2,,3", "4"]}).values == {"numbers": [1, 2, 3, 4]}
    assert Separated({"numbers": [", ,"]}).values == {}
    with pytest.raises(serializers.ValidationError) as error:
        Separated({"numbers": ["1,x"]})
    assert details(error) == {"numbers": ["invalid"]}
    with pytest.raises(serializers.ValidationError) as error:
        Separated({"numbers": [",".join(["1"] * 101)]})
    assert details(error) == {"numbers": ["too_many_values"]}


def test_filtersets_that_inherit_the_same_parameters_read_them_apart() -> None:
    for filterset in (Things, OtherThings, ListFilters, Things):
        assert filterset({"page_size": ["7"], "cursor": ["abc"]}).values["page_size"] == 7


def test_an_unknown_parameter_is_refused_and_the_known_ones_are_named() -> None:
    with pytest.raises(Invalid) as error:
        Things({"colour": ["red"], "longest": ["x"]})

    assert error.value.code == "unknown_parameter"
    assert [(one.field, one.code) for one in error.value.errors] == [("colour", "unknown_parameter")]
    assert "code, count, cursor, longest, page_size, shown, state" in error.value.detail


@pytest.mark.parametrize("parameters", [{"colour": [""]}, {"": ["x"]}])
def test_an_unknown_name_is_refused_whatever_its_value_is(parameters: dict[str, list[str]]) -> None:
    with pytest.raises(Invalid):
        NoFilters(parameters)


@pytest.mark.parametrize(("name", "instead"), [("skip", "cursor"), ("limit", "page_size"), ("offset", "cursor")])
def test_the_names_of_other_shops_lead_to_ours(name: str, instead: str) -> None:
    with pytest.raises(Invalid) as error:
        Things({name: ["1"]})
    assert f"Use {instead} instead" in error.value.errors[0].message
    with pytest.raises(Invalid) as error:
        NoFilters({name: ["1"]})
    assert "instead" not in error.value.errors[0].message


def test_a_parameter_that_may_be_given_once_is_refused_twice() -> None:
    with pytest.raises(serializers.ValidationError) as error:
        Things({"longest": ["1", "2"], "page_size": ["5", "5"], "state": ["open", ""]})
    assert details(error) == {"longest": ["repeated"], "page_size": ["repeated"]}


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(serializers.ValidationError) as error:
        Things({"longest": ["10"], "state": ["closed"], "code": ["a", "sixsix"], "cursor": ["!"]})
    assert details(error) == {
        "longest": ["max_value"],
        "state": ["invalid_choice"],
        "code": ["max_length"],
        "cursor": ["invalid_cursor"],
    }


@pytest.mark.parametrize("parameters", [{}, {"at": [""]}, {"at": ["", " "]}])
def test_a_parameter_that_must_be_given_is_asked_for(parameters: dict[str, list[str]]) -> None:
    with pytest.raises(serializers.ValidationError) as error:
        Moment(parameters)
    assert details(error) == {"at": ["required"]}


def test_a_filterset_may_take_names_that_no_filter_declares() -> None:
    assert Open({"xyz": ["1"]}).values == {}
    with pytest.raises(Invalid):
        Open({"xyz": ["1"], "abc": ["1"]})


@pytest.mark.django_db
def test_filters_narrow_a_queryset_by_all_names_and_by_one_value_of_each() -> None:
    Warehouse.objects.all().delete()
    for code, priority, is_active in (("a", 1, True), ("b", 2, True), ("c", 3, True), ("d", 1, False)):
        Warehouse.objects.create(code=code, name=code, priority=priority, is_active=is_active)

    def codes(**parameters: list[str]) -> list[str]:
        found = Things(parameters).filter_queryset(Warehouse.objects.order_by("code"))
        return [warehouse.code for warehouse in found]

    assert codes() == ["a", "b", "c"]
    assert codes(state=["all"]) == ["a", "b", "c", "d"]
    assert codes(code=["a", "c", "x"]) == ["a", "c"]
    assert codes(code=["a", "c"], longest=["2"], shown=["little"]) == ["a"]
