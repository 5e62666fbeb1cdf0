"""The CHECKs of figures and buyers hold for the orders of the past too: they are read, and nobody waits meanwhile."""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("orders", "0013_figures_and_guests")]

    operations = [
        ValidateConstraint("order", "order_figures"),
        ValidateConstraint("order", "order_of_somebody"),
        ValidateConstraint("orderitem", "orderitem_figures"),
    ]
