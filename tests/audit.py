"""`make audit`: whether the packages that requirements/ names have vulnerabilities that somebody has reported.

pip-audit asks an advisory database for each package and version of each list; nothing is installed or resolved.
`AUDIT_DATABASE` is the address of one that speaks as OSV does; without it pip-audit asks the public one. Where none
answers, the advisories in `AUDIT_ADVISORIES` are asked instead: a file or a folder of OSV records (JSON). With neither,
nothing was audited; that is said, and is no failure. Exit status: 1 for a vulnerability, 2 for an audit that is broken.

A vulnerability that does not concern the shop is named in pyproject.toml, with a reason and a last day:
`[[tool.audit.reviewed]]` with `id`, `until` and `reason`. After that day it counts again.
"""

import json
import os
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

PIP_AUDIT = [
    *(sys.executable, "-m", "pip_audit", "--require-hashes", "--disable-pip", "--strict"),
    *("--vulnerability-service", "osv", "--format", "json", "--progress-spinner", "off", "--timeout", "10"),
]
# For all lists together; a database that takes longer is as good as none.
SECONDS = 120.0


class Unanswered(Exception):
    """The advisory database does not answer."""


class Broken(Exception):
    """The audit cannot be made: a list, the frozen advisories or the tool are at fault."""


def frozen_advisories(path: Path) -> list[dict[str, Any]]:
    """The OSV records of a file (one record, or a list of them) or of all JSON files in a folder."""
    records = []
    try:
        for file in sorted(path.rglob("*.json")) if path.is_dir() else [path]:
            found = json.loads(file.read_text())
            records += found if isinstance(found, list) else [found]
        if not all(record["id"] for record in records):
            raise ValueError("a record has no id")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Broken(f"AUDIT_ADVISORIES={path} cannot be read: {error!r}") from error
    if not records:
        raise Broken(f"AUDIT_ADVISORIES={path} holds no advisory.")
    return records


def concerns(record: dict[str, Any], name: str, version: str) -> bool:
    """Whether an OSV record says that this version of this package is affected."""
    if record.get("withdrawn"):
        return False
    for affected in record.get("affected", []):
        package = affected.get("package", {"ecosystem": "none", "name": ""})
        if package["ecosystem"] == "PyPI" and canonicalize_name(package["name"]) == canonicalize_name(name):
            ranges = affected.get("ranges", [])
            if version in affected.get("versions", []) or any(within(span, version) for span in ranges):
                return True
    return False


def within(span: dict[str, Any], version: str) -> bool:
    """Whether a version lies in a range of an OSV record. Commits of a repository are no versions."""
    if span["type"] != "ECOSYSTEM":
        return False
    inside = False
    try:
        for event in sorted(span["events"], key=lambda event: Version(*event.values())):
            if "introduced" in event and Version(version) >= Version(event["introduced"]):
                inside = True
            if "fixed" in event and Version(version) >= Version(event["fixed"]):
                inside = False
            if "last_affected" in event and Version(version) > Version(event["last_affected"]):
                inside = False
    except InvalidVersion:
        return True  # what cannot be compared clears nobody
    return inside


@contextmanager
def served(records: list[dict[str, Any]]) -> Iterator[str]:
    """A database on this machine alone that knows these records; gives its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            found = [record for record in records if concerns(record, asked["package"]["name"], asked["version"])]
            answer = json.dumps({"vulns": found} if found else {}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()


def reviewed(today: str) -> list[str]:
    """The ids of the vulnerabilities in pyproject.toml whose last day has not passed. The others are told."""
    good = []
    for row in tomllib.loads(Path("pyproject.toml").read_text()).get("tool", {}).get("audit", {}).get("reviewed", []):
        if not row.keys() == {"id", "until", "reason"}:
            raise Broken(f"[[tool.audit.reviewed]] needs id, until and reason, not {', '.join(row) or 'nothing'}.")
        if str(row["until"]) >= today:
            print(f"Left out until {row['until']}: {row['id']} ({row['reason']})")
            good.append(row["id"])
        else:
            print(f"{row['id']} was left out until {row['until']}, and counts again.")
    return good


def vulnerabilities(requirements: Path, asking: list[str], until: float) -> tuple[int, list[str]]:
    """How many packages of a list were looked up, and a line for each vulnerability that the database knows of."""
    command = [*PIP_AUDIT, "--requirement", str(requirements), *asking]
    # A proxy reaches nothing on this machine.
    environment = os.environ | {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    try:
        asked = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=max(1, until - time.monotonic())
        )
    except subprocess.TimeoutExpired:
        raise Unanswered(f"not all answers within {SECONDS:g} s") from None
    try:
        report = json.loads(asked.stdout)["dependencies"]
    except ValueError:
        # Without questions to a database the same command succeeds, unless the list or the tool is at fault.
        collected = subprocess.run([*command, "--dry-run"], env=environment, capture_output=True, text=True)
        if collected.returncode:
            raise Broken(collected.stderr.strip()) from None
        raise Unanswered((asked.stderr.strip().splitlines() or ["no words"])[-1]) from None
    return len(report), [
        f"{requirements}: {package['name']} {package['version']} has {', '.join([found['id'], *found['aliases']])},"
        f" fixed in {', '.join(found['fix_versions']) or 'no version'}"
        for package in report
        for found in package["vulns"]
    ]


def audit(asking: list[str]) -> int:
    """Audit every list, and say what was found. Returns the number of vulnerabilities."""
    until = time.monotonic() + SECONDS
    looked_up, lines = 0, []
    try:
        for requirements in sorted(Path("requirements").glob("*.txt")):
            packages, found = vulnerabilities(requirements, asking, until)
            looked_up += packages
            lines += found
    except Unanswered:
        if not lines:
            raise
    if not looked_up:
        raise Broken("requirements/ names no package.")
    print("\n".join(lines) or f"No known vulnerability in {looked_up} packages.")
    return len(lines)


def main() -> int:
    """The exit status."""
    leaving_out = [f"--ignore-vuln={known}" for known in reviewed(datetime.now(UTC).date().isoformat())]
    database, frozen = os.environ.get("AUDIT_DATABASE"), os.environ.get("AUDIT_ADVISORIES")
    try:
        return min(1, audit([*leaving_out, *([f"--osv-url={database}"] if database else [])]))
    except Unanswered as reason:
        print(f"The advisory database does not answer: {reason}", file=sys.stderr)
    if not frozen:
        print("==> NOTHING WAS AUDITED: no database, and AUDIT_ADVISORIES names no records.", file=sys.stderr)
        return 0
    records = frozen_advisories(Path(frozen))
    newest = max(str(record.get("modified", "?")) for record in records)
    print(f"Asking the {len(records)} advisories of {frozen} instead, the newest of {newest}.")
    try:
        with served(records) as address:
            return min(1, audit([*leaving_out, f"--osv-url={address}"]))
    except Unanswered as reason:
        raise Broken(f"pip-audit did not take the advisories: {reason}") from reason


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Broken as reason:
        print(f"The audit is broken: {reason}", file=sys.stderr)
        sys.exit(2)
