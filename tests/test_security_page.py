"""docs/security.md holds: the tests, files and settings that it names exist, and no row is without an answer."""

import ast
import re
from pathlib import Path

import pytest

from tests.audit import __doc__ as audit

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "security.md").read_text()
QUOTED = re.findall(r"`([^`\n]+)`", PAGE)
SETTINGS = set(re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
SETTINGS |= set(re.findall(r"`(AUDIT_[A-Z]+)`", str(audit)))


def rows(heading: str) -> list[list[str]]:
    """The cells of the rows of the tables below a heading, without their first two lines."""
    section = re.split(r"^## ", PAGE.split(f"\n## {heading}")[1], maxsplit=1, flags=re.MULTILINE)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


@pytest.mark.parametrize("reference", sorted({quoted for quoted in QUOTED if "::" in quoted}))
def test_a_test_that_is_named_exists(reference: str) -> None:
    file, _, name = reference.partition("::")
    functions = {
        node.name for node in ast.walk(ast.parse((ROOT / file).read_text())) if isinstance(node, ast.FunctionDef)
    }
    assert name in functions


def test_files_that_are_named_exist() -> None:
    files = {quoted for quoted in QUOTED if re.fullmatch(r"[\w./-]+(/|\.(py|json|yaml|toml|conf))", quoted)}
    links = {link.split("#")[0] for link in re.findall(r"\]\(([^)]+)\)", PAGE)}
    assert len(files) > 20
    assert [file for file in sorted(files) if not file.startswith("/") and not (ROOT / file).exists()] == []
    assert [link for link in sorted(links) if link and not (ROOT / "docs" / link).exists()] == []


def test_settings_that_are_named_exist() -> None:
    named = {quoted for quoted in QUOTED if re.fullmatch(r"[A-Z]+(_[A-Z]+)+|DEBUG|ENVIRONMENT", quoted)}
    assert len(named) > 30
    assert named - SETTINGS == set()


def test_every_row_has_a_test_or_a_plain_no() -> None:
    risks, requirements = rows("OWASP API"), [row for row in rows("ASVS") if not row[0].startswith("**")]
    assert [risk[0].split()[0] for risk in risks] == [f"API{number}" for number in range(1, 11)]
    for row in [*rows("What is defended"), *risks, *requirements]:
        assert "::test_" in row[-1] or "**no**" in row[-2] + row[-1], row


def test_every_requirement_stands_in_its_chapter_once() -> None:
    chapter, seen = "", []
    for ids, *_ in rows("ASVS"):
        if heading := re.fullmatch(r"\*\*(V\d+)\*\*", ids):
            chapter = heading[1]
            continue
        for one in ids.split(", "):
            assert re.fullmatch(rf"{chapter}\.\d+\.\d+", one), one
            seen.append(one)
    assert len(seen) > 120
    assert sorted({one for one in seen if seen.count(one) > 1}) == []
