"""What the pages of staff forget."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts.models import User
from staff import tasks
from staff.models import PostedForm


@pytest.mark.django_db
def test_forms_that_were_posted_are_forgotten_after_their_days(settings: Any) -> None:
    settings.IDEMPOTENCY_KEY_DAYS = 7
    user = User.objects.create_user("ann@example.com", first_name="Ann", last_name="Smith")
    numbers = [uuid4() for _ in range(3)]
    for number, days in zip(numbers, [0, 6, 8], strict=True):
        PostedForm.objects.create(number=number, user=user, posted_at=timezone.now() - timedelta(days=days))

    tasks.purge_posted_forms(timestamp=0)

    assert set(PostedForm.objects.values_list("number", flat=True)) == set(numbers[:2])
