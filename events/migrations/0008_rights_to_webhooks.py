"""Administrators set up webhooks."""

from django.db import migrations

NAMES = {
    "view_webhookendpoint": "Can view webhook endpoint",
    "change_webhookendpoint": "Can change webhook endpoint",
}


def give_rights(apps, schema_editor):
    """Permissions are made after all migrations, so these are made now, as Django would make them."""
    ContentType = apps.get_model("contenttypes", "ContentType")
    Permission = apps.get_model("auth", "Permission")
    group, _ = apps.get_model("auth", "Group").objects.get_or_create(name="administrator")
    content_type, _ = ContentType.objects.get_or_create(app_label="events", model="webhookendpoint")
    for right, name in NAMES.items():
        permission, _ = Permission.objects.get_or_create(
            content_type=content_type, codename=right, defaults={"name": name}
        )
        group.permissions.add(permission)


class Migration(migrations.Migration):
    dependencies = [
        ("events", "0007_events_by_time"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [migrations.RunPython(give_rights, migrations.RunPython.noop)]
