"""How gunicorn serves the shop: few threads with persistent connections, as measured (docs/operations.md)."""

import os

import gunicorn

gunicorn.SERVER = "shop"  # no version banner

bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = int(os.environ.get("WEB_THREADS", "4"))
worker_class = "gthread"
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108  # heartbeats must not wait for a disk
timeout = 60
graceful_timeout = 20
keepalive = 75
limit_request_line = 8190
limit_request_fields = 100
limit_request_field_size = 8190
accesslog = "-" if os.environ.get("ACCESS_LOG") == "on" else None
control_socket_disable = True
