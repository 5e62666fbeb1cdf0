"""The rules of the design that a linter cannot see."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from django.apps import apps
from django.conf import settings
from django.db.models import ForeignKey, OneToOneField

from config import VERSION

ROOT = Path(__file__).resolve().parent.parent
OURS = [
    *("database", "api", "staff", "events", "accounts", "inventory"),
    *("catalog", "pricing", "orders", "invoicing", "checkout", "payments", "analytics", "demo", "config"),
]
MAX_LINES = 300

# What happens to rows that point at a person when the person is erased. A new model must decide, and say so here.
ERASURE = {
    "api.IdempotencyKey.user": "kept for its days: answers to the person's own requests",
    "staff.PostedForm.user": "kept for its days: the numbers of forms that they posted",
    "accounts.Address.user": "deleted",
    "accounts.ApiKey.created_by": "kept: keys are the shop's, and what they do has a name",
    "accounts.FormerEmail.user": "deleted",
    "accounts.Session.user": "ended",
    "accounts.StaffNote.author": "kept: what staff noted about others; notes about the person go",
    "checkout.Cart.user": "deleted",
    "orders.Order.user": "kept: the books need it, without recipient and phone, and its invoices; an open one waits",
    "admin.LogEntry.user": "kept: what staff did stays known",
    "otp_totp.TOTPDevice.user": "kept: without a live account it opens nothing",
    "otp_static.StaticDevice.user": "kept: without a live account it opens nothing",
}


def sources(app: str) -> list[Path]:
    return [path for path in (ROOT / app).rglob("*.py") if not {"tests", "migrations"} & set(path.parts)]


def test_inventory_knows_no_product_variant_or_order() -> None:
    offenders = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in sources("inventory")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if re.search(r"\b(variants?|products?|catalog_\w+|orders_\w+)\b", line, re.IGNORECASE)
    ]
    assert offenders == []


@pytest.mark.parametrize("app", OURS)
def test_a_file_is_one_room(app: str) -> None:
    lengths = {str(path): len(path.read_text().splitlines()) for path in sources(app)}
    assert {path: length for path, length in lengths.items() if length > MAX_LINES} == {}


@pytest.mark.parametrize("app", OURS)
def test_every_public_name_says_what_it_means(app: str) -> None:
    silent = [
        f"{path.relative_to(ROOT)}:{found.lineno} {found.name}"
        for path in sources(app)
        if path.name != "apps.py"
        for found in public_names(ast.parse(path.read_text()))
        if ast.get_docstring(found) is None
    ]
    assert silent == []


def public_names(tree: ast.Module | ast.ClassDef) -> Iterator[ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef]:
    """The public functions and classes of a module, and the public methods of its classes; `Meta` is none of them."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            if node.name.startswith("_") or node.name == "Meta":
                continue
            yield node
            if isinstance(node, ast.ClassDef):
                yield from public_names(node)


def test_there_is_one_version() -> None:
    """That of the project, of its package, of the API's description and of the newest entry of the changelog."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    newest = re.findall(r"^## (\d+\.\d+\.\d+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)[0]
    described = yaml.safe_load((ROOT / "docs" / "openapi.yaml").read_text())["info"]["version"]
    assert {project, newest, described} == {VERSION}


@pytest.mark.parametrize("app", OURS)
def test_every_module_says_what_it_answers_for(app: str) -> None:
    silent = [
        str(path)
        for path in sources(app)
        if path.name not in ("__init__.py", "apps.py") and not path.read_text().startswith(('"""', "#!"))
    ]
    assert silent == []


def test_every_model_that_points_at_a_person_has_a_policy_for_erasing_them() -> None:
    pointing = {
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if isinstance(field, ForeignKey | OneToOneField)
        and field.remote_field.model._meta.label == settings.AUTH_USER_MODEL
        and not model._meta.auto_created
    }
    assert pointing == set(ERASURE)


def test_nothing_is_left_open_in_the_code() -> None:
    # Put together here, so that this file does not find itself.
    words = ["TO" + "DO", "FIX" + "ME", "XX" + "X"]
    found = [
        f"{path.relative_to(ROOT)}: {word}"
        for app in [*OURS, "tests"]
        for path in (ROOT / app).rglob("*.py")
        for word in words
        if re.search(rf"\b{word}\b", path.read_text())
    ]
    assert found == []


@pytest.mark.parametrize("app", OURS)
def test_nothing_starts_programs_runs_text_or_asks_other_hosts(app: str) -> None:
    """No text of strangers can become a command, code, an object or an address to ask, since nothing does such things.

    `make run` starts its servers as programs and asks them whether they are well. Providers of payments are asked from
    one place, and webhooks are sent from one.
    """
    modules = {
        "subprocess",
        "pickle",
        "marshal",
        "shelve",
        "urllib.request",
        "http.client",
        "ftplib",
        "requests",
        "httpx",
    }
    functions = {"eval", "exec", "compile", "__import__", "os.system", "os.popen", "Template"}
    starting = (
        ROOT / "config" / "run.py",
        ROOT / "config" / "embedded",
        ROOT / "payments" / "providers" / "calls.py",
        ROOT / "events" / "webhooks" / "client.py",
    )
    found = [
        f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)} {name}"
        for path in sources(app)
        if not any(path.is_relative_to(place) for place in starting)
        for node in ast.walk(ast.parse(path.read_text()))
        for name in named(node)
        if name in (functions if isinstance(node, ast.Call) else modules)
    ]
    assert found == []


def named(node: ast.AST) -> list[str]:
    """The modules that a statement imports, or the function that an expression calls, as it is written there."""
    if isinstance(node, ast.Import):
        return [name.name for name in node.names]
    if isinstance(node, ast.ImportFrom):
        return [str(node.module), *(f"{node.module}.{name.name}" for name in node.names)]
    if isinstance(node, ast.Call):
        return [ast.unparse(node.func)]
    return []


@pytest.mark.parametrize("file", ["Makefile", "Dockerfile"])
def test_an_installation_resolves_nothing(file: str) -> None:
    """A resolver asks what is newest, so that a stranger's release can break an installation that has all its pins."""
    installing = [line for line in (ROOT / file).read_text().splitlines() if "--require-hashes" in line]
    assert installing
    assert [line for line in installing if "--no-deps" not in line] == []


def test_the_image_has_every_package_of_the_shop_and_nothing_that_it_does_not_need() -> None:
    """Neither the tests nor the history of the code nor a .env of the machine where it is built."""
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["root_packages"]
    rules = (ROOT / ".dockerignore").read_text().split()
    needed = {"manage.py", "templates/", "requirements/base.txt", "requirements/documentation.txt"}
    assert rules[0] == "*"
    assert {rule.removeprefix("!") for rule in rules if rule.startswith("!")} == needed | {
        f"{app}/" for app in packages
    }
    assert "**/tests/" in rules


def test_the_lists_of_packages_are_whole() -> None:
    """Nothing is resolved at an installation: what a package needs must be on a list, in a version that suits it."""
    checked = subprocess.run([sys.executable, "-m", "pip", "check"], capture_output=True, text=True, check=False)
    # Scalar's bundle is a file inside a package whose Python code is never imported.
    missing = [line for line in checked.stdout.splitlines() if not line.startswith("flask-openapi-scalar ")]
    assert missing in ([], ["No broken requirements found."])
