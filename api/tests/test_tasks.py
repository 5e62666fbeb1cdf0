from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from api import tasks
from api.models import IdempotencyKey
from database import rows


@pytest.mark.django_db
def test_idempotency_keys_are_forgotten_after_their_days(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "DELETE_BATCH", 2)
    settings.IDEMPOTENCY_KEY_DAYS = 7
    user = User.objects.create_user("ann@example.com", first_name="Ann", last_name="Smith")
    for number, days in enumerate([0, 6, 8, 8, 8, 30]):
        IdempotencyKey.objects.create(
            user=user, key=str(number), method="POST", path="/", fingerprint="", status=201, body=b"",
            created_at=timezone.now() - timedelta(days=days),
        )  # fmt: skip

    tasks.purge_idempotency_keys(timestamp=0)

    assert sorted(IdempotencyKey.objects.values_list("key", flat=True)) == ["0", "1"]
