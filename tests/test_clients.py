"""Others read the description too: two linters by their default rules, and clients in TypeScript and Python.

The clients are generated, compiled as strictly as their languages can, and live through a customer's day. Node is
needed by these tests alone. Without it they are reported as not run; with REQUIRE_CLIENTS=1 that is a failure.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.shop import Shop

BASE_DIR = Path(__file__).resolve().parent.parent
DESCRIPTION = BASE_DIR / "docs" / "openapi.yaml"
CLIENTS = BASE_DIR / "tests" / "clients"
OLDEST_NODE = (20, 19)
PASSWORD = "a password of the journey"
# Nothing of the tools asks another host but npm, which installs what the lock file names.
QUIET = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true", "SCARF_ANALYTICS": "false"}


def run(folder: Path, *command: str | Path, **environment: str) -> str:
    done = subprocess.run(
        command, cwd=folder, env=os.environ | QUIET | environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def node_version() -> tuple[int, ...]:
    """(20, 19, 2); nothing where there is no Node with npm."""
    if not (shutil.which("node") and shutil.which("npm")):
        return ()
    return tuple(map(int, run(BASE_DIR, "node", "--version").strip().removeprefix("v").split(".")))


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the tools of package-lock.json and the files of tests/clients."""
    if node_version() < OLDEST_NODE:
        reason = "needs Node 20.19 or newer, with npm"
        if os.environ.get("REQUIRE_CLIENTS") == "1":
            pytest.fail(f"REQUIRE_CLIENTS=1 is set: {reason}.", pytrace=False)
        pytest.skip(reason)
    lock, installed = CLIENTS / "package-lock.json", CLIENTS / "node_modules" / ".package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        # No package runs anything of its own while it is installed.
        run(CLIENTS, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline")
    folder = tmp_path_factory.mktemp("node")
    (folder / "node_modules").symlink_to(CLIENTS / "node_modules")
    for file in ("package.json", "tsconfig.json", "journey.ts", "spectral.yaml"):
        shutil.copy(CLIENTS / file, folder)
    return folder


@pytest.fixture(scope="module")
def sku(shop: Shop) -> str:
    """The SKU of a product of which there are 20."""
    shop.manage("create_admin", "--email", "clerk@example.com", ADMIN_PASSWORD=PASSWORD)
    with shop.client() as nobody:
        login = nobody.post("/users/login", json={"email": "clerk@example.com", "password": PASSWORD})
    with shop.client(login.json()["access_token"]) as clerk:
        made = clerk.post("/products/", json={"name": "Oak Stand", "price": "24.50", "stock_quantity": 20})
    return str(made.json()["sku"])


def test_redocly_finds_nothing(node: Path) -> None:
    said = run(node, node / "node_modules" / ".bin" / "redocly", "lint", DESCRIPTION, "--format", "json")
    totals = json.loads(said[said.index("{") : said.rindex("}") + 1])["totals"]
    assert (totals["errors"], totals["warnings"]) == (0, 0), said


def test_spectral_finds_nothing(node: Path) -> None:
    spectral = node / "node_modules" / ".bin" / "spectral"
    said = run(node, spectral, "lint", DESCRIPTION, "--ruleset", "spectral.yaml", "--fail-severity", "hint")
    assert "No results with a severity of 'hint' or higher found!" in said


def test_the_linters_find_what_is_wrong(node: Path) -> None:
    """The control: one operation without a description and one unknown reference."""
    broken = node / "broken.yaml"
    text = DESCRIPTION.read_text(encoding="utf-8")
    text = text.replace("      description: Place an order for the caller.\n", "", 1)
    broken.write_text(text.replace("#/components/schemas/OrderPage", "#/components/schemas/Nothing", 1))
    tools = node / "node_modules" / ".bin"
    with pytest.raises(AssertionError, match="no-unresolved-refs"):
        run(node, tools / "redocly", "lint", broken)
    with pytest.raises(AssertionError, match="operation-description"):
        run(node, tools / "spectral", "lint", broken, "--ruleset", "spectral.yaml", "--fail-severity", "hint")


def test_a_typescript_client_lives_through_a_day(node: Path, shop: Shop, sku: str) -> None:
    tools = node / "node_modules" / ".bin"
    run(node, tools / "openapi-typescript", DESCRIPTION, "--output", "schema.d.ts")
    run(node, tools / "tsc")
    run(node, "node", "built/journey.js", shop.url, sku)


def test_a_python_client_lives_through_a_day(tmp_path: Path, shop: Shop, sku: str) -> None:
    """openapi-python-client's, by the strictest rules of mypy."""
    generator = (sys.executable, "-m", "openapi_python_client", "generate", "--fail-on-warning", "--meta", "none")
    paths = ("--path", DESCRIPTION, "--output-path", tmp_path / "shop_client")
    run(tmp_path, *generator, *paths, "--config", CLIENTS / "generator.yaml")
    shutil.copy(CLIENTS / "journey.py", tmp_path)
    run(tmp_path, sys.executable, "-m", "mypy", "--strict", "--config-file", "", "shop_client", "journey.py")
    run(tmp_path, sys.executable, "journey.py", shop.url, sku, PYTHONPATH=str(tmp_path))
