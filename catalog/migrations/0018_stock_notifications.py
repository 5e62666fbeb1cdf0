"""People who wait for articles that have sold out."""

import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0017_index_of_options'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='StockNotification',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('email', models.EmailField(blank=True, default='', max_length=254)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('confirmed_at', models.DateTimeField(null=True)),
                ('expires_at', models.DateTimeField()),
                ('claimed_at', models.DateTimeField(null=True)),
                ('told_at', models.DateTimeField(null=True)),
                ('user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='stock_notifications', to=settings.AUTH_USER_MODEL)),
                ('variant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='catalog.variant')),
            ],
            options={
                'indexes': [models.Index(django.db.models.functions.text.Lower('email'), condition=models.Q(('user', None)), name='stocknotification_email'), models.Index(condition=models.Q(('claimed_at', None)), fields=['id'], name='stocknotification_waiting'), models.Index(fields=['expires_at'], name='stocknotification_expires')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('email__gt', ''), ('user', None)), models.Q(('email', ''), ('user__isnull', False)), _connector='OR'), name='stocknotification_whose'), models.UniqueConstraint(condition=models.Q(('told_at', None)), fields=('variant', 'user'), name='stocknotification_of_user'), models.UniqueConstraint(models.F('variant'), django.db.models.functions.text.Lower('email'), condition=models.Q(('told_at', None), ('user', None)), name='stocknotification_of_email')],
            },
        ),
    ]
