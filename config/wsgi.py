"""The WSGI entry point that gunicorn serves."""

import logging
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
logging.captureWarnings(True)  # warnings become lines of the log like all others
application = get_wsgi_application()

from config.loading import load_everything  # noqa: E402  # Django has to be set up before

load_everything()
