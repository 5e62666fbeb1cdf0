"""The shop's own settings, with places in a request where it can be made to die, and with holds over HTTP."""

from config.applications import MIDDLEWARE
from config.settings import *  # noqa: F403

ROOT_URLCONF = "tests.faults.urls"
MIDDLEWARE = [*MIDDLEWARE, "tests.faults.failpoints.middleware"]
