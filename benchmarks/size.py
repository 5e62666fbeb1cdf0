"""How much code there is: lines of Python that are neither blank, nor comment, nor docstring.

`python -m benchmarks.size` counts the checkout, `python -m benchmarks.size REVISION` an older state of it beside it.
Tests, migrations and benchmarks are left out, and files are those that git tracks.
"""

import ast
import io
import subprocess
import sys
import tokenize
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LEFT_OUT = {"tests", "migrations", "benchmarks", "conftest.py"}
LAYOUT = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING}
DOCUMENTED = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def git(*arguments: str) -> str:
    """What git says."""
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout


def files(revision: str) -> dict[str, str]:
    """The product's Python files by path; `revision` empty means those of the working tree."""
    listed = git("ls-tree", "-r", "--name-only", revision) if revision else git("ls-files")
    paths = [path for path in listed.split() if path.endswith(".py") and not LEFT_OUT & set(Path(path).parts)]
    return {path: git("show", f"{revision}:{path}") if revision else (ROOT / path).read_text() for path in paths}


def docstring_lines(source: str) -> set[int]:
    """The numbers of the lines that docstrings take."""
    lines: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            text = node.body[0]
            lines |= set(range(text.lineno, (text.end_lineno or text.lineno) + 1))
    return lines


def code_lines(source: str) -> int:
    """How many lines of a file are code."""
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in LAYOUT and token.type != tokenize.ENDMARKER:
            lines |= set(range(token.start[0], token.end[0] + 1))
    return len(lines - docstring_lines(source))


def count(revision: str) -> Counter[str]:
    """Lines of code by the first folder of their path."""
    total: Counter[str] = Counter()
    for path, source in files(revision).items():
        total[path.partition("/")[0] if "/" in path else "."] += code_lines(source)
    return total


def main() -> None:
    """Print the lines of code of each folder, and of all of them."""
    states = [*sys.argv[1:2], ""]
    counts = [count(revision) for revision in states]
    print(f"{'':12}" + "".join(f"{revision or 'now':>12}" for revision in states))
    for folder in sorted({folder for one in counts for folder in one}):
        print(f"{folder:12}" + "".join(f"{one[folder]:12,}" for one in counts))
    print(f"{'all':12}" + "".join(f"{one.total():12,}" for one in counts))


if __name__ == "__main__":
    main()
