"""What gunicorn serves in the trials: the shop, minus the one protection that SABOTAGE names, plus fail points."""

import os

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.faults.shop_settings"
from config.wsgi import application  # the settings must be named before
from tests.faults import edges, failpoints, sabotage

failpoints.install()
edges.install("web")
sabotage.apply(os.environ.get("SABOTAGE", ""))

__all__ = ["application"]
