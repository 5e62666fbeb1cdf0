from typing import Any

import django.contrib.postgres.indexes
import django.contrib.postgres.search
from django.db import migrations, models

PLAIN = """
alter table catalog_product alter search_vector drop expression;
update catalog_product set search_vector = '' where search_vector is null;
alter table catalog_product alter search_vector set default '', alter search_vector set not null;
"""
GENERATED = """
drop index product_search;
alter table catalog_product drop search_vector;
alter table catalog_product add search_vector tsvector generated always as (
    setweight(to_tsvector('english'::regconfig, coalesce(name, '')), 'A')
    || setweight(to_tsvector('english'::regconfig, coalesce(description, '')), 'B')) stored;
create index product_search on catalog_product using gin (search_vector);
"""


def refresh_all(apps: Any, schema_editor: Any) -> None:
    """Find the words of the products that there are. In a new shop there are none, and nothing is asked."""
    if apps.get_model("catalog", "Product").objects.exists():
        from catalog.services import derived

        for batch in derived.all_products():
            derived.refresh(batch)


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0010_what_is_for_sale'),
    ]

    operations = [
        migrations.CreateModel(
            name='Word',
            fields=[
                ('word', models.CharField(db_collation='C', max_length=30, primary_key=True, serialize=False)),
            ],
            options={
                'indexes': [django.contrib.postgres.indexes.GinIndex(fields=['word'], name='word_trigrams', opclasses=['gin_trgm_ops'])],
            },
        ),
        migrations.CreateModel(
            name='WordKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(db_collation='C', max_length=30)),
                ('word', models.CharField(db_collation='C', max_length=30)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('key', 'word'), name='wordkey_unique')],
            },
        ),
        migrations.RemoveIndex(
            model_name='product',
            name='product_by_name',
        ),
        migrations.RemoveIndex(
            model_name='product',
            name='product_name_trigrams',
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(PLAIN, GENERATED)],
            state_operations=[
                migrations.AlterField(
                    model_name='product',
                    name='search_vector',
                    field=django.contrib.postgres.search.SearchVectorField(db_default='', default='', editable=False),
                ),
            ],
        ),
        migrations.AddField(
            model_name='product',
            name='sort_name',
            field=models.CharField(db_collation='C', db_default='', default='', editable=False, max_length=255),
        ),
        migrations.AddIndex(
            model_name='product',
            index=models.Index(condition=models.Q(('status', 'active')), fields=['sort_name', 'id'], name='product_by_sort_name'),
        ),
        migrations.RunPython(refresh_all, migrations.RunPython.noop),
    ]
