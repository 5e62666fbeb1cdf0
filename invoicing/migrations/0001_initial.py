"""Invoices, credit notes and their PDFs, which nobody changes, and nobody deletes before their years are over."""

import database.money
import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('inventory', '0002_append_only_ledger'),
        ('orders', '0021_forgotten_revisions'),
    ]

    operations = [
        migrations.CreateModel(
            name='Invoice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('invoice', 'Invoice'), ('credit_note', 'Credit Note')], max_length=11)),
                ('year', models.IntegerField()),
                ('serial', models.IntegerField(help_text='From 1 in each year, without gaps.')),
                ('number', models.CharField(max_length=20, unique=True)),
                ('reference', models.CharField(help_text='What it was issued for: "order", "return:3", "refund:17".', max_length=64)),
                ('revision_id', models.BigIntegerField(default=0)),
                ('issued_at', models.DateTimeField()),
                ('supplied_on', models.DateField()),
                ('kept_until', models.DateField()),
                ('currency', models.CharField(max_length=3)),
                ('net', database.money.MoneyField()),
                ('tax', database.money.MoneyField()),
                ('total', database.money.MoneyField()),
                ('document', models.JSONField()),
                ('credits', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='credit_notes', to='invoicing.invoice')),
                ('order', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='invoices', to='orders.order')),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='Counter',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('invoice', 'Invoice'), ('credit_note', 'Credit Note')], max_length=11)),
                ('year', models.IntegerField()),
                ('last', models.IntegerField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('kind', 'year'), name='counter_of_year')],
            },
        ),
        migrations.CreateModel(
            name='InvoiceFile',
            fields=[
                ('invoice', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='file', serialize=False, to='invoicing.invoice')),
                ('content', models.BinaryField()),
                ('sha256', models.CharField(max_length=64)),
                ('made_at', models.DateTimeField()),
                ('kept_until', models.DateField()),
            ],
        ),
        migrations.AddIndex(
            model_name='invoice',
            index=models.Index(fields=['order', 'id'], name='invoice_of_order'),
        ),
        migrations.AddIndex(
            model_name='invoice',
            index=models.Index(fields=['issued_at', 'id'], name='invoice_issued'),
        ),
        migrations.AddConstraint(
            model_name='invoice',
            constraint=models.UniqueConstraint(fields=('kind', 'year', 'serial'), name='invoice_serial'),
        ),
        migrations.AddConstraint(
            model_name='invoice',
            constraint=models.UniqueConstraint(condition=models.Q(('kind', 'invoice')), fields=('order', 'reference'), name='invoice_once'),
        ),
        migrations.AddConstraint(
            model_name='invoice',
            constraint=models.UniqueConstraint(condition=models.Q(('kind', 'credit_note')), fields=('credits', 'reference'), name='credit_note_once'),
        ),
        migrations.AddConstraint(
            model_name='invoice',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('credits', None), ('kind', 'invoice'), ('total__gte', 0)), models.Q(('credits__isnull', False), ('kind', 'credit_note'), ('total__gt', 0)), _connector='OR'), name='invoice_kind'),
        ),
        migrations.AddConstraint(
            model_name='invoice',
            constraint=models.CheckConstraint(condition=models.Q(('net__gte', 0), ('tax__gte', 0), ('total', django.db.models.expressions.CombinedExpression(models.F('net'), '+', models.F('tax')))), name='invoice_figures'),
        ),
        migrations.RunSQL(
            """
            create trigger invoice_append_only before update on invoicing_invoice
                for each row execute function refuse_change();
            create trigger invoice_is_kept before delete on invoicing_invoice
                for each row when (old.kept_until > current_date) execute function refuse_change();
            create trigger invoice_no_truncate before truncate on invoicing_invoice
                for each statement execute function refuse_change();
            create trigger invoicefile_append_only before update on invoicing_invoicefile
                for each row execute function refuse_change();
            create trigger invoicefile_is_kept before delete on invoicing_invoicefile
                for each row when (old.kept_until > current_date) execute function refuse_change();
            create trigger invoicefile_no_truncate before truncate on invoicing_invoicefile
                for each statement execute function refuse_change();
            """,
            """
            drop trigger invoicefile_no_truncate on invoicing_invoicefile;
            drop trigger invoicefile_is_kept on invoicing_invoicefile;
            drop trigger invoicefile_append_only on invoicing_invoicefile;
            drop trigger invoice_no_truncate on invoicing_invoice;
            drop trigger invoice_is_kept on invoicing_invoice;
            drop trigger invoice_append_only on invoicing_invoice;
            """,
        ),
    ]
