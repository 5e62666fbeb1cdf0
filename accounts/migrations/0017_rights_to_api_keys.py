"""Administrators make and revoke keys. What each may do is data, as in 0002."""

from django.db import migrations


def give_rights(apps, schema_editor):
    """Permissions are made after all migrations, so these are made now, as Django would make them."""
    ContentType = apps.get_model("contenttypes", "ContentType")
    Permission = apps.get_model("auth", "Permission")
    content_type, _ = ContentType.objects.get_or_create(app_label="accounts", model="apikey")
    for verb in ("view", "add", "delete"):
        permission, _ = Permission.objects.get_or_create(
            content_type=content_type, codename=f"{verb}_apikey", defaults={"name": f"Can {verb} API key"}
        )
        for group in apps.get_model("auth", "Group").objects.filter(name="administrator"):
            group.permissions.add(permission)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0016_api_keys"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [migrations.RunPython(give_rights, migrations.RunPython.noop)]
