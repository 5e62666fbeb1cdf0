"""compose.yaml and what lies beside it, held to the settings and to the image. Nothing here is started."""

import re
from pathlib import Path
from typing import Any

import yaml

from config import settings
from config.environment import SECRETS
from config.gunicorn_worker import PICTURES_A_BODY

ROOT = Path(__file__).resolve().parent.parent


def compose() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return read


def test_what_the_image_sets_no_file_of_the_machine_outside_changes() -> None:
    """compose.yaml hands .env to the container, and what the image says goes behind that."""
    environment = compose()["x-shop"]["environment"]
    documented = re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    image = re.findall(r"^ENV ((?:.*\\\n)*.*)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)[0]
    settings = {name: value for name, value in re.findall(r"(\w+)=(\S+)", image) if name in documented}
    assert settings
    assert environment | settings == environment


def test_compose_gives_each_container_settings_that_there_are() -> None:
    documented = set(re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    for name in ("web", "worker", "migrate", "prepare"):
        given = set(compose()["services"][name]["environment"])
        assert given <= documented | {f"{secret}_FILE" for secret in SECRETS}


def test_compose_has_each_secret_in_a_file_that_its_container_is_given() -> None:
    read = compose()
    for name, service in read["services"].items():
        environment = service.get("environment", {})
        assert not [key for key in environment if key in SECRETS - {"DATABASE_URL", "REDIS_URL"} or key == "PGPASSWORD"]
        assert not [key for key, value in environment.items() if re.search(r"//[^/]*:[^/]*@", str(value))]
        assert not [key for key in environment if "PASSWORD" in key and not key.endswith("_FILE")]
        used = set(re.findall(r"/run/secrets/(\w+)", str(service)))
        by_script = {"owner_password", "app_password"} if name == "postgres" else set()
        assert used | by_script == set(service.get("secrets", ())), name
    assert {name: file["file"] for name, file in read["secrets"].items()} == {
        name: f"./secrets/{name}" for service in read["services"].values() for name in service.get("secrets", ())
    }
    assert "/secrets/" in (ROOT / ".gitignore").read_text().splitlines()


def test_in_compose_the_owner_of_the_tables_migrates_and_answers_nobody() -> None:
    services = compose()["services"]
    roles = {
        name: re.findall(r"postgres://(\w+)@", service["environment"]["DATABASE_URL"])[0]
        for name, service in services.items()
        if "DATABASE_URL" in service.get("environment", {})
    }
    assert roles == {"migrate": "shop_owner", "prepare": "shop_app", "web": "shop_app", "worker": "shop_app"}
    assert [name for name, service in services.items() if "owner_password" in service.get("secrets", ())] == [
        "postgres",
        "migrate",
    ]
    assert "./roles.sql:/docker-entrypoint-initdb.d/roles.sql:ro" in services["postgres"]["volumes"]
    waits = {name: list(services[name]["depends_on"]) for name in ("migrate", "prepare", "web", "worker")}
    assert waits["migrate"] == ["postgres"]
    assert waits["prepare"] == ["migrate"]
    assert "prepare" in waits["web"]
    assert "prepare" in waits["worker"]


def test_valkey_in_compose_asks_for_the_password_that_the_shop_has() -> None:
    services = compose()["services"]
    assert "requirepass" in services["valkey"]["command"][-1]
    assert "/run/secrets/valkey_password" in services["valkey"]["command"][-1]
    assert services["web"]["environment"]["REDIS_PASSWORD_FILE"] == "/run/secrets/valkey_password"


def test_the_proxy_alone_is_open_to_the_outside_and_is_trusted() -> None:
    """Whoever reached the shop past the proxy could say in X-Forwarded-For who they are."""
    read = compose()
    (network,) = read["networks"]["default"]["ipam"]["config"]
    assert [name for name, service in read["services"].items() if "ports" in service] == ["proxy"]
    assert read["x-shop"]["environment"]["TRUSTED_PROXIES"] == f"${{TRUSTED_PROXIES:-{network['subnet']}}}"


def test_the_proxy_buffers_and_leaves_refusals_to_the_shop() -> None:
    config = (ROOT / "nginx.conf").read_text()
    longest = PICTURES_A_BODY * settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    assert {"proxy_request_buffering on;", "proxy_buffering on;"} <= {line.strip() for line in config.splitlines()}
    (megabytes,) = re.findall(r"client_max_body_size (\d+)m;", config)
    assert int(megabytes) * 1024 * 1024 > longest
    assert "server web:8000 resolve;" in config
    assert compose()["x-shop"]["environment"]["PORT"] == "8000"
