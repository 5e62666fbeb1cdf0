"""`make sbom`: what production installs, as a CycloneDX document in `sbom.cdx.json`.

cyclonedx-py reads the compiled lists. What it cannot know is left out (where the files were fetched from), and so is
what would change without a change of the lists: the document is the same on every machine and at every time.
"""

import json
import subprocess
import sys
from pathlib import Path

# What the Dockerfile installs.
LISTS = ("requirements/base.txt", "requirements/documentation.txt")
SBOM = Path("sbom.cdx.json")
MAKE = [
    sys.executable,
    "-W",
    "ignore",
    "-m",
    "cyclonedx_py",
    "requirements",
    "-",
    "--pyproject",
    "pyproject.toml",
    "--no-validate",
]


def sbom() -> str:
    """The document, with a component for each package: name, version, package URL and the hashes of its files."""
    lists = "".join(Path(name).read_text() for name in LISTS)
    made = subprocess.run([*MAKE, "--output-reproducible"], input=lists, capture_output=True, text=True, check=True)
    document = json.loads(made.stdout)
    for tool in document["metadata"]["tools"]["components"]:
        del tool["externalReferences"]
    for component in document["components"]:
        del component["description"]  # the line of the list once more
        component["bom-ref"] = component["purl"]
        for reference in component["externalReferences"]:
            del reference["comment"]
            reference["url"] = component["purl"]
    document["components"].sort(key=lambda component: component["name"])
    del document["dependencies"]  # of the lists' lines, which name nobody who needs them
    return json.dumps(document, indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    SBOM.write_text(sbom())
    print(f"{SBOM} has {len(json.loads(SBOM.read_text())['components'])} packages.")
