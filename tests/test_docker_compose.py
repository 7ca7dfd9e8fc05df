"""docker-compose.yml says the same as topology and settings, and opens nothing to the network.

No Docker daemon is needed: the file is read as what it is, and by `docker compose config` where that is.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from argon2 import PasswordHasher

from config.settings import Settings
from config.topology import choreography
from trackflow.board.settings import listed, users

ROOT = Path(__file__).parents[1]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
BUILT = {"trackflow", "trackflow-engine"}
VARIABLE = re.compile(r"\$\{(\w+)(:\?[^}]+)?\}")
WORKERS = {name: service for name, service in SERVICES.items() if " worker " in service.get("command", "")}
OURS = {name: service for name, service in SERVICES.items() if service.get("image") == "trackflow"}
EXAMPLE = dict(
    line.split("=", 1) for line in (ROOT / "deploy/.env.example").read_text().splitlines() if "=" in line
)


def test_each_subscription_has_a_worker_on_its_queue_and_nothing_else_has() -> None:
    queues = {}
    for name, service in WORKERS.items():
        words = shlex.split(service["command"])
        assert words[:4] == ["celery", "-A", "tasks", "worker"]
        queues[name] = words[words.index("-Q") + 1]
    assert queues == {each.name: each.name for each in choreography.subscriptions}


def test_workers_send_the_events_that_flower_shows() -> None:
    assert all("-E" in shlex.split(service["command"]) for service in WORKERS.values())


@pytest.mark.parametrize("name", OURS)
def test_every_setting_is_given_and_valid(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    given = {
        key: VARIABLE.sub("a-secret-of-the-test", value) for key, value in OURS[name]["environment"].items()
    }
    settings = {key for key in given if not key.startswith("FLOWER_") and key != "BOARD_PASSWORD"}
    assert settings <= {field.upper() for field in Settings.model_fields}
    assert settings >= {"AMQP_URL", "TENANT", "ENGINE_URL", "LEDGER_URL"}  # the board's have good defaults
    for key in settings:
        monkeypatch.setenv(key, given[key])
    settings_read = Settings()
    hosts = re.findall(
        r"@(\w+):", f"{settings_read.amqp_url} {settings_read.engine_url} {settings_read.ledger_url}"
    )
    assert hosts == ["rabbitmq", "engine", "postgresql"]
    assert set(hosts) <= SERVICES.keys()


def test_every_password_is_required_and_in_the_example() -> None:
    used = VARIABLE.findall((ROOT / "docker-compose.yml").read_text())
    assert all(required for _, required in used)
    assert {name for name, _ in used} == EXAMPLE.keys()


def test_no_password_is_written_down() -> None:
    secrets = [
        value
        for service in SERVICES.values()
        for key, value in service.get("environment", {}).items()
        if re.search("PASS|AUTH|SECRET", key) or re.search("://.+@", value)
    ]
    assert secrets
    assert all(VARIABLE.search(value) for value in secrets)


@pytest.mark.parametrize("name", SERVICES)
def test_ports_are_open_to_this_machine_only(name: str) -> None:
    for port in SERVICES[name].get("ports", []):
        assert re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port)


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_checked_and_nobody_starts_too_early(name: str) -> None:
    service = SERVICES[name]
    one_shot = service.get("restart") == "no"
    assert ("healthcheck" in service) is not one_shot
    for needed, how in service.get("depends_on", {}).items():
        ends = SERVICES[needed].get("restart") == "no"
        assert how["condition"] == ("service_completed_successfully" if ends else "service_healthy")


def test_the_board_signs_in_its_operator_by_the_password_of_the_env_file() -> None:
    shell, flags, script = SERVICES["board"]["command"]
    serve = "exec celery -A tasks track board --host 0.0.0.0\n"
    assert script.endswith(serve)
    instead = script.removesuffix(serve).replace("$$", "$") + "env"
    given = {"BOARD_PASSWORD": "correct horse", "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}

    made = subprocess.run(
        [shell, flags, instead], cwd=ROOT, env=given, check=True, capture_output=True, text=True
    )

    environment = dict(line.split("=", 1) for line in made.stdout.splitlines())
    (user,) = users(environment["BOARD_USERS"])
    assert (user.name, user.role) == ("trackflow", "operator")
    assert PasswordHasher().verify(user.password_hash, "correct horse")
    assert "BOARD_PASSWORD" not in environment


def test_the_board_is_asked_for_by_the_names_of_its_port() -> None:
    board = SERVICES["board"]
    hosts = listed(board["environment"]["BOARD_HOSTS"])
    assert board["ports"] == ["127.0.0.1:8765:8765"]
    assert {"localhost", "127.0.0.1"} == set(hosts)
    assert "http://127.0.0.1:8765/api/health" in " ".join(board["healthcheck"]["test"])


def test_the_lock_file_of_the_image_has_what_the_board_needs() -> None:
    needed = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["board"]
    locked = re.findall(r"^([\w-]+)==", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    assert {re.match(r"[\w-]+", each)[0] for each in needed} <= set(locked)  # type: ignore[index]


def test_everything_that_hears_or_shows_waits_for_the_deployment() -> None:
    assert all("deploy" in service["depends_on"] for name, service in OURS.items() if name != "deploy")
    assert SERVICES["deploy"]["command"] == "celery -A tasks track deploy"
    assert SERVICES["deploy"]["depends_on"].keys() == {"rabbitmq", "postgresql", "engine"}


def test_images_are_pinned_and_nobody_is_root() -> None:
    images = [service["image"] for service in SERVICES.values() if service["image"] not in BUILT]
    for dockerfile in (ROOT / "deploy/Dockerfile", ROOT / "deploy/engine/Dockerfile"):
        text = dockerfile.read_text()
        images += re.findall(r"^FROM (\S+)", text, re.MULTILINE)
        assert re.search(r"^USER \w+$", text, re.MULTILINE)
    assert len(images) == 5
    for image in images:
        assert re.search(r":\d+\.\d+", image), f"{image} is not pinned"


def test_the_image_holds_what_the_commands_need() -> None:
    dockerfile = (ROOT / "deploy/Dockerfile").read_text()
    copied = {
        word for line in re.findall(r"^COPY (.+)", dockerfile, re.MULTILINE) for word in line.split()[:-1]
    }
    assert all((ROOT / name).exists() for name in copied)
    ignored = (ROOT / "deploy/Dockerfile.dockerignore").read_text().splitlines()
    assert copied == {line[1:] for line in ignored if line.startswith("!")}
    assert {"requirements.lock", "trackflow", "config", "tasks", "bpmn", "celeryconfig.py"} <= copied
    assert "--require-hashes" in dockerfile


@pytest.mark.skipif(shutil.which("docker") is None, reason="the docker client is not installed")
def test_docker_compose_reads_it() -> None:
    if subprocess.run(["docker", "compose", "version"], check=False, capture_output=True).returncode:
        pytest.skip("the docker client has no compose plug-in")
    command = ["docker", "compose", "--env-file", "deploy/.env.example", "config", "--quiet"]
    read = subprocess.run(
        command, cwd=ROOT, env=dict(os.environ), check=False, capture_output=True, text=True
    )
    assert read.returncode == 0, read.stderr
