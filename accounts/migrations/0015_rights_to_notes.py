"""Who sees orders or people as part of the work may note about them. What each may do is data, as in 0002."""

from django.db import migrations

GROUPS = ("order desk", "administrator")


def give_rights(apps, schema_editor):
    """Permissions are made after all migrations, so this one is made now, as Django would make it."""
    ContentType = apps.get_model("contenttypes", "ContentType")
    Permission = apps.get_model("auth", "Permission")
    content_type, _ = ContentType.objects.get_or_create(app_label="accounts", model="staffnote")
    for verb in ("view", "add"):
        permission, _ = Permission.objects.get_or_create(
            content_type=content_type, codename=f"{verb}_staffnote", defaults={"name": f"Can {verb} staff note"}
        )
        for group in apps.get_model("auth", "Group").objects.filter(name__in=GROUPS):
            group.permissions.add(permission)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0014_staff_notes"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [migrations.RunPython(give_rights, migrations.RunPython.noop)]
