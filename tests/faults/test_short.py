"""The proof in small, as a part of the tests: a few trials of each kind. test_sabotage.py has what they would see."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from inventory.invariants import Violation
from tests.faults import client
from tests.faults.checks import Result
from tests.faults.prove import State, fingerprint
from tests.faults.report import document
from tests.faults.stage import Stage, open_stage
from tests.faults.trials import TRIALS, Trial
from tests.shop import BASE_DIR

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with open_stage(tmp_path_factory.mktemp("proof"), buyers=50) as stage:
        yield stage


@pytest.mark.parametrize("trial", TRIALS, ids=lambda trial: trial.name)
def test_nothing_is_lost_invented_or_doubled(stage: Stage, trial: Trial) -> None:
    result = trial.run(stage, trial.short)
    assert result.violations == []
    assert result.trials > 0


def test_the_proof_starts_by_itself() -> None:
    """It starts servers and asks them. No settings of the shop are read in its own process."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DJANGO")}
    command = [sys.executable, "-m", "tests.faults.prove", "--help"]
    asked = subprocess.run(command, cwd=BASE_DIR, env=environment, capture_output=True, text=True, check=False)
    assert (asked.returncode, asked.stderr) == (0, "")
    assert "--short" in asked.stdout


def test_a_violation_is_noted_and_reported(tmp_path: Path) -> None:
    violation = Violation("what was answered is there", "order 7")
    wish = client.order("token", "key", [("A1", 1)])
    result = Result(trials=3, violations=[violation], wishes=[wish])
    state = State(tmp_path / "state.json", "this code", results={TRIALS[0].name: result})
    state.write()
    again = State.read(state.file, "this code")
    assert again.results[TRIALS[0].name].violations == [violation]
    assert again.failed
    assert result.wishes == [wish]
    assert "- **what was answered is there**: order 7" in document(again)


@pytest.mark.parametrize("code", ["other code", ""], ids=["code that has changed", "code that nobody knows"])
def test_counts_of_other_code_prove_nothing(tmp_path: Path, code: str) -> None:
    noted = State(tmp_path / "state.json", "this code", commits=["abc"], seconds={"a trial": 1.0})
    noted.results[TRIALS[0].name] = Result(trials=3)
    noted.write()
    assert State.read(noted.file, "this code").results[TRIALS[0].name].trials == 3
    assert State.read(noted.file, code) == State(noted.file, code)


def test_code_is_told_by_what_its_files_say(tmp_path: Path) -> None:
    def write(name: str, text: str) -> str:
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
        return fingerprint(tmp_path)

    def git(*command: str) -> str:
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a", *command], cwd=tmp_path, check=True)
        return fingerprint(tmp_path)

    assert fingerprint(tmp_path) == ""
    git("init", "-q")
    write(".gitignore", "*.log")
    code = write("shop.py", "1")
    assert git("add", "shop.py") == code
    assert git("commit", "-q", "-m", "a text") == code
    for text in ("docs/proof.md", "benchmarks/run.py", "README.md", "shop.log"):
        assert write(text, "1") == code
    assert write("shop.py", "2") != code
    assert write("shop.py", "1") == code
    assert write("other.py", "") != code
    (tmp_path / "other.py").unlink()
    assert write("catalog/terms.md", "1") != code
