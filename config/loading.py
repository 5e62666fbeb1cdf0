"""Loads all code and all templates of the shop at once.

A process that loads a module or a template later takes it from whatever release lies on the disk by then. Old and new
modules do not fit together, and each request would fail until a restart.
"""

import pkgutil
from importlib import import_module
from pathlib import Path

from django.apps import apps
from django.template import engines
from django.template.utils import get_app_template_dirs
from django.urls import get_resolver

from config.environment import BASE_DIR

# Tests and migrations are no part of what serves, and a command is a program of its own. The other two are programs
# as well: they act when they are imported.
NOT_LOADED = {"tests", "migrations", "management", "gunicorn", "run"}


def load_everything() -> None:
    """Import the addresses with their views, every other module of the shop, and every template."""
    get_resolver().url_patterns  # noqa: B018  # the first, since it registers the converters of addresses
    for app in apps.get_app_configs():
        if Path(app.path).parent == BASE_DIR:
            for module in pkgutil.walk_packages([app.path], f"{app.name}."):
                if NOT_LOADED.isdisjoint(module.name.split(".")):
                    import_module(module.name)
    django = engines["django"].engine  # type: ignore[attr-defined]  # only Django's own backend has one
    for folder in map(Path, [*django.dirs, *get_app_template_dirs("templates")]):
        for file in folder.rglob("*"):
            if file.is_file():
                django.get_template(file.relative_to(folder).as_posix())
