"""A group for whoever writes to customers. What each may do is data: an administrator can change it."""

from django.db import migrations

GROUPS = ("marketing", "administrator")
MODELS = ("consent", "segment", "campaign")


def give_rights(apps, schema_editor):
    """Permissions are made after all migrations, so these are made now, as Django would make them."""
    ContentType = apps.get_model("contenttypes", "ContentType")
    Permission = apps.get_model("auth", "Permission")
    groups = [apps.get_model("auth", "Group").objects.get_or_create(name=name)[0] for name in GROUPS]
    for model in MODELS:
        content_type, _ = ContentType.objects.get_or_create(app_label="marketing", model=model)
        for verb in ("view", "change"):
            permission, _ = Permission.objects.get_or_create(
                content_type=content_type, codename=f"{verb}_{model}", defaults={"name": f"Can {verb} {model}"}
            )
            for group in groups:
                group.permissions.add(permission)


class Migration(migrations.Migration):
    dependencies = [
        ("marketing", "0002_kept_proofs"),
        ("accounts", "0002_groups"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [migrations.RunPython(give_rights, migrations.RunPython.noop)]
