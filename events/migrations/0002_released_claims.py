from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("events", "0001_initial")]

    operations = [
        migrations.AlterField(
            model_name="sentmail",
            name="claimed_at",
            field=models.DateTimeField(null=True),
        ),
    ]
