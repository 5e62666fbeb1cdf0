from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0014_planned_prices'),
    ]

    operations = [
        ValidateConstraint('variant', 'variant_compare_at_positive'),
    ]
