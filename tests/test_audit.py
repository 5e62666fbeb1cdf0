"""`make audit` finds what advisories name and nothing else, and `sbom.cdx.json` is what production installs.

What needs pip-audit or cyclonedx-py runs where `make audit` has installed them; with `REQUIRE_AUDIT=1` it must.
"""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.audit import Broken, concerns, frozen_advisories, served
from tests.sbom import LISTS

ROOT = Path(__file__).resolve().parent.parent
PYTHON = ROOT / ".venv" / "audit" / "bin" / "python"
installed = pytest.mark.skipif(
    not PYTHON.exists() and os.environ.get("REQUIRE_AUDIT") != "1", reason="`make audit` installs what this needs"
)
NOBODY = "http://127.0.0.1:1/"  # no database answers there
(DJANGO,) = re.findall(r"^django==(\S+)", (ROOT / "requirements" / "base.txt").read_text(), re.MULTILINE)


def advisory(name: str, *events: dict[str, str], **more: Any) -> dict[str, Any]:
    """An OSV record of a package, as advisory databases have them."""
    affected = {
        "package": {"ecosystem": "PyPI", "name": name},
        "ranges": [{"type": "ECOSYSTEM", "events": list(events)}],
    }
    return {"schema_version": "1.7.0", "id": "PYSEC-0000-1", "aliases": ["CVE-0000-1"], "affected": [affected]} | more


UNTIL_FIXED = advisory("jinja2", {"introduced": "0"}, {"fixed": "3.1.6"})


@pytest.mark.parametrize(
    ("record", "version", "affected"),
    [
        (UNTIL_FIXED, "3.1.5", True),
        (UNTIL_FIXED, "3.1.6", False),
        (UNTIL_FIXED, "3.1.6rc1", True),
        (UNTIL_FIXED | {"withdrawn": "2026-01-01T00:00:00Z"}, "3.1.5", False),
        (advisory("jinja2", {"introduced": "3.0"}, {"last_affected": "3.1.5"}), "2.9", False),
        (advisory("jinja2", {"introduced": "3.0"}, {"last_affected": "3.1.5"}), "3.1.5", True),
        (advisory("jinja2", {"introduced": "3.0"}, {"last_affected": "3.1.5"}), "3.1.6", False),
        # Two spans, in no order: the second one is open.
        (advisory("jinja2", *({"introduced": "4"}, {"fixed": "2"}, {"introduced": "1"})), "3.1.5", False),
        (advisory("jinja2", *({"introduced": "4"}, {"fixed": "2"}, {"introduced": "1"})), "1.5", True),
        (advisory("jinja2", *({"introduced": "4"}, {"fixed": "2"}, {"introduced": "1"})), "10.0", True),
        (advisory("jinja2", {"introduced": "0"}, {"fixed": "the next one"}), "3.1.5", True),
        (advisory("Jinja2", {"introduced": "0"}), "3.1.5", True),
        (advisory("jinja3", {"introduced": "0"}), "3.1.5", False),
        (
            UNTIL_FIXED | {"affected": [{"package": {"ecosystem": "npm", "name": "jinja2"}, "versions": ["1"]}]},
            "1",
            False,
        ),
        (
            UNTIL_FIXED | {"affected": [{"package": {"ecosystem": "PyPI", "name": "jinja2"}, "versions": ["1"]}]},
            "1",
            True,
        ),
        (UNTIL_FIXED | {"affected": [{"ranges": [{"type": "GIT", "events": [{"introduced": "0"}]}]}]}, "1", False),
    ],
)
def test_an_advisory_names_its_versions_and_no_others(record: dict[str, Any], version: str, affected: bool) -> None:
    assert concerns(record, "jinja2", version) is affected


@pytest.mark.parametrize("text", ["", "[]", "{}", '["PYSEC-0000-1"]', '{"error": "not found"}'])
def test_advisories_that_cannot_be_read_are_no_clean_list(tmp_path: Path, text: str) -> None:
    (tmp_path / "advisories.json").write_text(text)
    for path in (tmp_path, tmp_path / "advisories.json", tmp_path / "missing"):
        with pytest.raises(Broken):
            frozen_advisories(path)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with what an audit reads: the shop's own list of packages, and one of a package of an earlier day."""
    (tmp_path / "requirements").mkdir()
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "requirements" / "base.txt").write_text((ROOT / "requirements" / "base.txt").read_text())
    (tmp_path / "requirements" / "old.txt").write_text(f"jinja2==3.1.5 \\\n    --hash=sha256:{'0' * 64}\n")
    return tmp_path


def audit(checkout: Path, *advisories: dict[str, Any], database: str = NOBODY) -> subprocess.CompletedProcess[str]:
    """Run `make audit` in that folder, where no database answers but the one that is given."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "AUDIT_DATABASE": database, "AUDIT_ADVISORIES": ""}
    if advisories:
        (checkout / "advisories").mkdir(exist_ok=True)
        for number, record in enumerate(advisories):
            (checkout / "advisories" / f"{number}.json").write_text(json.dumps(record))
        environment["AUDIT_ADVISORIES"] = "advisories"
    return subprocess.run(
        [PYTHON, "-m", "tests.audit"], cwd=checkout, env=environment, capture_output=True, text=True, check=False
    )


@installed
def test_a_vulnerable_version_is_found_in_the_frozen_advisories(checkout: Path) -> None:
    django = advisory("django", {"introduced": "5.0"}, {"fixed": f"{DJANGO}.post1"}, id="PYSEC-0000-2", aliases=[])
    found = audit(checkout, UNTIL_FIXED, django)
    assert found.returncode == 1, found.stderr
    assert "requirements/old.txt: jinja2 3.1.5 has PYSEC-0000-1, CVE-0000-1, fixed in 3.1.6\n" in found.stdout
    assert f"requirements/base.txt: django {DJANGO} has PYSEC-0000-2, fixed in {DJANGO}.post1\n" in found.stdout


@installed
def test_where_a_database_answers_it_alone_counts_and_a_clean_list_passes(checkout: Path) -> None:
    with served([advisory("django", {"introduced": "5.0"}, {"fixed": DJANGO})]) as database:
        found = audit(checkout, UNTIL_FIXED, database=database)
    assert found.returncode == 0, found.stderr
    assert re.fullmatch(r"No known vulnerability in \d\d packages\.\n", found.stdout)


@installed
def test_with_neither_it_says_that_nothing_was_audited(checkout: Path) -> None:
    found = audit(checkout)
    assert found.returncode == 0
    assert "NOTHING WAS AUDITED" in found.stderr
    assert "No known vulnerability" not in found.stdout


@installed
def test_what_was_reviewed_is_left_out_until_its_day(checkout: Path) -> None:
    other = advisory("jinja2", {"introduced": "0"}, id="PYSEC-0000-2", aliases=["CVE-0000-2"])
    rows = (("CVE-0000-1", "9999-12-31"), ("CVE-0000-2", "2026-01-01"))
    (checkout / "pyproject.toml").write_text(
        "".join(
            f'[[tool.audit.reviewed]]\nid = "{known}"\nuntil = {until}\nreason = "unused"\n' for known, until in rows
        )
    )
    (checkout / "requirements" / "base.txt").unlink()
    with served([UNTIL_FIXED, other]) as database:
        found = audit(checkout, database=database)
    assert found.returncode == 1, found.stderr
    assert found.stdout.splitlines() == [
        "Left out until 9999-12-31: CVE-0000-1 (unused)",
        "CVE-0000-2 was left out until 2026-01-01, and counts again.",
        "requirements/old.txt: jinja2 3.1.5 has PYSEC-0000-2, CVE-0000-2, fixed in no version",
    ]


@installed
@pytest.mark.parametrize("requirement", ["jinja2==3.1.5\n", ""])
def test_a_list_that_cannot_be_audited_fails(checkout: Path, requirement: str) -> None:
    """Without hashes a list does not say what is installed, and an empty one says nothing."""
    (checkout / "requirements" / "base.txt").unlink()
    (checkout / "requirements" / "old.txt").write_text(requirement)
    with served([UNTIL_FIXED]) as database:
        found = audit(checkout, database=database)
    assert found.returncode == 2, found.stdout
    assert "The audit is broken" in found.stderr


def test_the_bill_of_materials_is_what_production_installs() -> None:
    document = json.loads((ROOT / "sbom.cdx.json").read_text())
    written = {
        (component["purl"], file["content"])
        for component in document["components"]
        for reference in component["externalReferences"]
        for file in reference["hashes"]
    }
    lists = "".join((ROOT / file).read_text() for file in LISTS)
    packages = re.findall(r"^([\w.-]+)==([\w.]+).*\\\n((?: +--hash=.*\n)+)", lists, re.MULTILINE)
    pinned = {
        (f"pkg:pypi/{name}@{version}", sha)
        for name, version, hashes in packages
        for sha in re.findall(r"sha256:(\w+)", hashes)
    }
    assert len(packages) == len(re.findall(r"^\w", lists, re.MULTILINE)), "a line of the lists was not understood"
    assert len(document["components"]) == len(packages)
    assert written == pinned, "run `make sbom` and commit sbom.cdx.json"
    installing = re.findall(r"-r (requirements/\S+)", (ROOT / "Dockerfile").read_text())
    assert tuple(installing) == LISTS


@installed
def test_the_bill_of_materials_is_the_same_wherever_it_is_made() -> None:
    """And it is a valid CycloneDX document."""
    valid = (
        "from cyclonedx.validation.json import JsonStrictValidator; from cyclonedx.schema import SchemaVersion;"
        "from tests.sbom import sbom; made = sbom(); print(made, end='');"
        "assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(made) is None"
    )
    made = subprocess.run([PYTHON, "-c", valid], cwd=ROOT, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    assert made.stdout == (ROOT / "sbom.cdx.json").read_text(), "run `make sbom` and commit sbom.cdx.json"
