"""The description against the running shop: Schemathesis sends what it allows and what it forbids, with all checks.

SCHEMATHESIS_EXAMPLES=500 makes a long run of it, which also sends what the phase "coverage" thinks of (five minutes):
each field of each body, by turns left out, too long, too short, and of another type.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.shop import BASE_DIR, Shop, running_shop

pytestmark = pytest.mark.slow
LOGINS = {"admin@example.com": "demo-admin-password", "customer@example.com": "demo-customer-password"}

# tests/schemathesis_checks.py has checks in place of these.
REFINED = ("positive_data_acceptance", "negative_data_rejection", "response_schema_conformance")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    # A token must last for a long run: one that has expired is 401 everywhere, which is no failure.
    environment = {
        "BCRYPT_ROUNDS": "4",
        "RATE_LIMITS": "off",
        "MANUAL_PAYMENT_NAME": "Bank transfer",
        "ACCESS_TOKEN_LIFETIME_SECONDS": "86400",
    }
    with running_shop(tmp_path_factory.mktemp("shop"), demo=True, **environment) as shop:
        yield shop


EXAMPLES = os.environ.get("SCHEMATHESIS_EXAMPLES", "")


# What coverage sends is about fields, and those are the same for everybody.
@pytest.mark.parametrize(
    ("email", "phases"),
    [
        ("admin@example.com", "examples,coverage,fuzzing,stateful" if EXAMPLES else "examples,fuzzing,stateful"),
        ("customer@example.com", "fuzzing,stateful"),
    ],
)
def test_the_shop_does_what_its_description_says(shop: Shop, email: str, phases: str, tmp_path: Path) -> None:
    login = shop.client().post("/users/login", json={"email": email, "password": LOGINS[email]})
    token = login.json()["access_token"]
    command = [
        *(str(Path(sys.executable).parent / "st"), "--config-file", str(BASE_DIR / "tests" / "schemathesis.toml")),
        *("run", f"{shop.url}/api/v1/schema", "--header", f"Authorization: Bearer {token}"),
        *("--checks", "all", "--exclude-checks", ",".join(REFINED), "--mode", "all"),
        *("--phases", phases),
        # The same requests each time, so that what passes today passes tomorrow. A long run makes up others.
        *("--max-examples", EXAMPLES or "5", *([] if EXAMPLES else ["--seed", "1"])),
        *("--generation-database", "none", "--no-color", "--warnings", "off"),
        # How long making a body takes is a matter of what else the machine does.
        *("--suppress-health-check", "too_slow"),
    ]
    hooks = {"SCHEMATHESIS_HOOKS": "tests.schemathesis_checks", "PYTHONPATH": str(BASE_DIR), "SHOP_URL": shop.url}

    done = subprocess.run(
        command, cwd=tmp_path, env=shop.environment | hooks, capture_output=True, text=True, check=False
    )

    print(done.stdout[-2000:])
    assert done.returncode == 0, done.stdout
    assert "safety net" not in shop.log("web")
