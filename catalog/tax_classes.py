"""The tax classes that products may name by their codes. What a class is taxed at, the app that fills this in says."""

from collections.abc import Callable, Mapping

# Each answers the names of the classes that it knows, by their codes. An app adds its own when it is loaded.
SOURCES: list[Callable[[], Mapping[str, str]]] = []


def tax_classes() -> dict[str, str]:
    """The names of all tax classes by their codes. The standard class, whose code is "", is not among them."""
    return {code: name for source in SOURCES for code, name in source().items() if code}
