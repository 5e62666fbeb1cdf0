"""Fixtures of the tests that belong to no single app."""

from collections.abc import Iterator

import pytest

from tests.shop import Shop, running_shop


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with running_shop(tmp_path_factory.mktemp("shop"), BCRYPT_ROUNDS="4") as running:
        yield running
