from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def media(settings: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Pictures of a test go to a folder of its own."""
    folder = tmp_path / "media"
    settings.MEDIA_ROOT = str(folder)  # type: ignore[attr-defined]  # pytest-django's wrapper of the settings
    return folder
