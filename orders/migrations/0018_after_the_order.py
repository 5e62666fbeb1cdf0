"""Parcels, returns, and the changes of orders that were placed. Instant: tables are new, and a column is constant."""

import database.money
import django.db.models.deletion
import django.db.models.functions.datetime
import inventory.models
from decimal import Decimal
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('inventory', '0014_warehouse_in_any_case'),
        ('orders', '0017_companies_of_invoices'),
    ]

    operations = [
        migrations.AddField(
            model_name='order',
            name='partly_shipped',
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
        migrations.CreateModel(
            name='Fulfilment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state', models.CharField(choices=[('shipped', 'Shipped'), ('cancelled', 'Cancelled')], db_default='shipped', default='shipped', max_length=9)),
                ('carrier', models.CharField(blank=True, db_default='', default='', max_length=100)),
                ('tracking_number', models.CharField(blank=True, db_default='', default='', max_length=100)),
                ('tracking_url', models.CharField(blank=True, db_default='', default='', max_length=500)),
                ('shipped_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('cancelled_at', models.DateTimeField(blank=True, null=True)),
                ('version', models.IntegerField(db_default=1, default=1, editable=False)),
                ('order', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='fulfilments', to='orders.order')),
                ('warehouse', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inventory.warehouse')),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='FulfilmentLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('quantity', models.IntegerField()),
                ('fulfilment', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='orders.fulfilment')),
                ('order_item', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='parcels', to='orders.orderitem')),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='OrderRevision',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(db_default=inventory.models.ClockTimestamp())),
                ('actor', models.CharField(max_length=64)),
                ('kind', models.CharField(max_length=16)),
                ('order_item_id', models.BigIntegerField(null=True)),
                ('sku', models.CharField(blank=True, default='', max_length=64)),
                ('quantity_before', models.IntegerField(default=0)),
                ('quantity_after', models.IntegerField(default=0)),
                ('before', models.JSONField(default=dict)),
                ('after', models.JSONField(default=dict)),
                ('owed', database.money.MoneyField(default=Decimal('0'), help_text='What the buyer has to get back; below 0 what is to be paid.')),
                ('order', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='revisions', to='orders.order')),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='Return',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('return', 'Return'), ('withdrawal', 'Withdrawal')], default='return', max_length=10)),
                ('state', models.CharField(choices=[('requested', 'Requested'), ('approved', 'Approved'), ('received', 'Received'), ('refused', 'Refused')], default='requested', max_length=9)),
                ('note', models.CharField(blank=True, default='', help_text="The buyer's words.", max_length=1000)),
                ('answer', models.CharField(blank=True, default='', help_text='The buyer reads this.', max_length=255)),
                ('refund_items', database.money.MoneyField(default=Decimal('0'), help_text='For the lines, less their discounts, with their taxes.')),
                ('refund_shipping', database.money.MoneyField(default=Decimal('0'), help_text='Of the standard delivery, with its taxes.')),
                ('requested_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('version', models.IntegerField(db_default=1, default=1, editable=False)),
                ('order', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='returns', to='orders.order')),
                ('warehouse', models.ForeignKey(blank=True, db_index=False, help_text='Where it was received.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inventory.warehouse')),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='ReturnLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('quantity', models.IntegerField(help_text='Once it is received: as many as came.')),
                ('reason', models.CharField(blank=True, default='', help_text="The buyer's.", max_length=255)),
                ('condition', models.CharField(blank=True, choices=[('restock', 'Restock'), ('damaged', 'Damaged')], default='', max_length=8)),
                ('refund', database.money.MoneyField(default=Decimal('0'))),
                ('of', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='orders.return')),
                ('order_item', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='returns', to='orders.orderitem')),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.AddIndex(
            model_name='fulfilment',
            index=models.Index(fields=['order', 'id'], name='fulfilment_of_order'),
        ),
        migrations.AddIndex(
            model_name='fulfilment',
            index=models.Index(condition=models.Q(('tracking_number', ''), _negated=True), fields=['tracking_number'], name='fulfilment_tracking_number'),
        ),
        migrations.AddConstraint(
            model_name='fulfilment',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('cancelled_at', None), ('state', 'shipped')), models.Q(('cancelled_at__isnull', False), ('state', 'cancelled')), _connector='OR'), name='fulfilment_cancelled_at'),
        ),
        migrations.AddConstraint(
            model_name='fulfilmentline',
            constraint=models.UniqueConstraint(fields=('fulfilment', 'order_item'), name='fulfilmentline_unique'),
        ),
        migrations.AddConstraint(
            model_name='fulfilmentline',
            constraint=models.CheckConstraint(condition=models.Q(('quantity__gt', 0)), name='fulfilmentline_quantity_positive'),
        ),
        migrations.AddIndex(
            model_name='orderrevision',
            index=models.Index(fields=['order', 'id'], name='orderrevision_of_order'),
        ),
        migrations.AddIndex(
            model_name='return',
            index=models.Index(fields=['order', 'id'], name='return_of_order'),
        ),
        migrations.AddIndex(
            model_name='return',
            index=models.Index(condition=models.Q(('state__in', ['requested', 'approved'])), fields=['requested_at'], name='return_open_oldest'),
        ),
        migrations.AddConstraint(
            model_name='return',
            constraint=models.CheckConstraint(condition=models.Q(('refund_items__gte', 0), ('refund_shipping__gte', 0)), name='return_refund'),
        ),
        migrations.AddConstraint(
            model_name='returnline',
            constraint=models.UniqueConstraint(fields=('of', 'order_item'), name='returnline_unique'),
        ),
        migrations.AddConstraint(
            model_name='returnline',
            constraint=models.CheckConstraint(condition=models.Q(('quantity__gte', 0), ('refund__gte', 0)), name='returnline_figures'),
        ),
        migrations.RunSQL(
            """
            create trigger orderrevision_append_only before update or delete on orders_orderrevision
                for each row execute function refuse_change();
            create trigger orderrevision_no_truncate before truncate on orders_orderrevision
                for each statement execute function refuse_change();
            """,
            """
            drop trigger orderrevision_no_truncate on orders_orderrevision;
            drop trigger orderrevision_append_only on orders_orderrevision;
            """,
        ),
    ]
