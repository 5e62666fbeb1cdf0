"""The memory of the pages of staff: which forms were posted."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class PostedForm(models.Model):
    """A form that was posted, written in the transaction of its effect. The page that showed the form drew `number`.

    `content` is a digest of what was typed, `posting` tells requests with the same number apart, and `location` is
    where the answer led; "" until there is an answer. A form that numbers itself (staff.forms.only_once) has none.
    """

    number = models.UUIDField(primary_key=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    content = models.CharField(max_length=64, db_default="")
    posting = models.UUIDField(null=True)
    location = models.CharField(max_length=2000, db_default="")
    posted_at = models.DateTimeField(db_default=Now(), db_index=True)

    def __str__(self) -> str:
        return str(self.number)
