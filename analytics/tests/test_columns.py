"""Each column of the four subjects is rebuilt, or says why it is not: a new one has to decide."""

from django.apps import apps

from analytics.replay import SUBJECTS
from analytics.replay.left_out import COLUMNS, LEDGERS, TABLES

AREAS = ("catalog", "inventory", "orders", "payments")


def rebuilt() -> dict[str, set[str]]:
    """The columns that are rebuilt, by the name of their model."""
    found: dict[str, set[str]] = {}
    for subject in SUBJECTS.values():
        for table in subject.tables:
            found.setdefault(table.model, set()).update(table.covered)
    return found


def columns_of(label: str) -> set[str]:
    """All columns of a model's table."""
    return {field.column for field in apps.get_model(label)._meta.local_fields}


def test_each_table_is_rebuilt_or_a_ledger_or_says_why_it_is_neither() -> None:
    models = {model._meta.label for area in AREAS for model in apps.get_app_config(area).get_models()}
    assert models == rebuilt().keys() | LEDGERS.keys() | TABLES.keys()
    assert not rebuilt().keys() & (LEDGERS.keys() | TABLES.keys())


def test_each_column_is_rebuilt_or_says_why_it_is_not() -> None:
    said = {label: {name.rpartition(".")[2] for name in COLUMNS if name.startswith(f"{label}.")} for label in rebuilt()}
    for label, columns in rebuilt().items():
        assert columns | said[label] == columns_of(label), label
        assert not columns & said[label], label


def test_each_reason_is_about_a_column_that_there_is() -> None:
    assert {name.rpartition(".")[0] for name in COLUMNS} <= rebuilt().keys()


def test_what_is_rebuilt_is_a_column() -> None:
    for subject in SUBJECTS.values():
        for table in subject.tables:
            assert table.covered <= columns_of(table.model), table.rebuilt
