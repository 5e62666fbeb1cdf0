"""Reduced prices, weights and measures of variants. No table is written anew."""

import catalog.measures
import database.money
import django.core.validators
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0012_prices'),
    ]

    operations = [
        migrations.AddField(
            model_name='variant',
            name='compare_at_price',
            field=database.money.MoneyField(blank=True, help_text='What it is reduced from. Write it together with the reduced price.', null=True, validators=[database.money.validate_price]),
        ),
        migrations.AddField(
            model_name='variant',
            name='lowest_price_30d',
            field=database.money.MoneyField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='variant',
            name='unit_measure',
            field=models.JSONField(blank=True, help_text='Its content, for the price of a unit.', null=True, validators=[catalog.measures.validate_measure]),
        ),
        migrations.AddField(
            model_name='variant',
            name='weight_g',
            field=models.PositiveIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(100000000)], verbose_name='weight in grams'),
        ),
        AddConstraintNotValid(
            model_name='variant',
            constraint=models.CheckConstraint(condition=models.Q(('compare_at_price', None), ('compare_at_price__gt', 0), _connector='OR'), name='variant_compare_at_positive'),
        ),
    ]
