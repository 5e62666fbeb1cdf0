"""Planned and former prices."""

import database.money
import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
import django.db.models.deletion
import django.db.models.functions.datetime
import inventory.models
from django.db import migrations, models

APPEND_ONLY = """
create trigger pricehistory_append_only before update or delete on catalog_pricehistory
    for each row execute function refuse_change();
create trigger pricehistory_no_truncate before truncate on catalog_pricehistory
    for each statement execute function refuse_change();
"""
NOT_APPEND_ONLY = """
drop trigger pricehistory_no_truncate on catalog_pricehistory;
drop trigger pricehistory_append_only on catalog_pricehistory;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0013_prices_of_variants'),
    ]

    operations = [
        migrations.CreateModel(
            name='PlannedPrice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('price', database.money.MoneyField(validators=[database.money.validate_price])),
                ('compare_at_price', database.money.MoneyField(blank=True, help_text='What it is reduced from meanwhile.', null=True, validators=[database.money.validate_price])),
                ('starts_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField(blank=True, help_text='Empty: it stays.', null=True)),
                ('state', models.CharField(choices=[('planned', 'Planned'), ('running', 'Running'), ('over', 'Over')], default='planned', editable=False, max_length=7)),
                ('price_before', database.money.MoneyField(editable=False, null=True)),
                ('compare_at_before', database.money.MoneyField(editable=False, null=True)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
            ],
        ),
        migrations.CreateModel(
            name='PriceHistory',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(db_default=inventory.models.ClockTimestamp())),
                ('price_before', database.money.MoneyField(null=True)),
                ('price', database.money.MoneyField()),
                ('compare_at_price', database.money.MoneyField(null=True)),
                ('actor', models.CharField(max_length=64)),
            ],
        ),
        migrations.AddField(
            model_name='plannedprice',
            name='variant',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='planned_prices', to='catalog.variant'),
        ),
        migrations.AddField(
            model_name='pricehistory',
            name='variant',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalog.variant'),
        ),
        migrations.AddIndex(
            model_name='plannedprice',
            index=models.Index(fields=['variant', '-starts_at', '-id'], name='plannedprice_of_variant'),
        ),
        migrations.AddIndex(
            model_name='plannedprice',
            index=models.Index(condition=models.Q(('state', 'planned')), fields=['starts_at'], name='plannedprice_to_begin'),
        ),
        migrations.AddIndex(
            model_name='plannedprice',
            index=models.Index(condition=models.Q(('state', 'running')), fields=['ends_at'], name='plannedprice_to_end'),
        ),
        migrations.AddConstraint(
            model_name='plannedprice',
            constraint=models.CheckConstraint(condition=models.Q(('price__gt', 0)), name='plannedprice_positive'),
        ),
        migrations.AddConstraint(
            model_name='plannedprice',
            constraint=models.CheckConstraint(condition=models.Q(('compare_at_price', None), ('compare_at_price__gt', models.F('price')), _connector='OR'), name='plannedprice_reduced'),
        ),
        migrations.AddConstraint(
            model_name='plannedprice',
            constraint=models.CheckConstraint(condition=models.Q(('ends_at', None), ('ends_at__gt', models.F('starts_at')), _connector='OR'), name='plannedprice_ends'),
        ),
        migrations.AddConstraint(
            model_name='plannedprice',
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(condition=models.Q(('state', 'over'), _negated=True), expressions=[(models.Func(models.F('variant'), models.F('variant'), models.Value('[]'), function='int8range'), '&&'), (models.Func(models.F('starts_at'), models.F('ends_at'), function='tstzrange', output_field=django.contrib.postgres.fields.ranges.DateTimeRangeField()), '&&')], name='plannedprice_overlap'),
        ),
        migrations.AddIndex(
            model_name='pricehistory',
            index=models.Index(fields=['variant', '-id'], name='pricehistory_of_variant'),
        ),
        migrations.RunSQL(APPEND_ONLY, NOT_APPEND_ONLY),
    ]
