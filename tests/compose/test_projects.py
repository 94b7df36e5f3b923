"""The Compose projects run what the registry names, with settings that exist and secrets of their own."""

import importlib
import importlib.util
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from pydantic_settings import BaseSettings

from messages.registry import ACTORS
from runtime.bridge.settings import BridgeSettings
from runtime.settings import Settings

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "compose"
SCHEMA = json.loads((Path(__file__).parent / "compose.schema.json").read_text())
PROJECTS = {name: yaml.safe_load((COMPOSE / name).read_text()) for name in ("compose.yaml", "compose.prod.yaml")}
DEVELOPMENT, PRODUCTION = PROJECTS.values()
OURS = {*ACTORS, "bridge", "files", "setup"}

each_project = pytest.mark.parametrize("project", PROJECTS.values(), ids=PROJECTS)
each_actor = pytest.mark.parametrize("actor", ACTORS)


def known_variables(process: str) -> set[str]:
    """What a process reads: the common settings, its own settings class, and variables its package names."""
    found = _variables(Settings)
    if process == "bridge":
        return found | _variables(BridgeSettings)
    if process in ACTORS:
        module = f"actors.{process}.settings"
        if importlib.util.find_spec(module):
            for value in vars(importlib.import_module(module)).values():
                if isinstance(value, type) and issubclass(value, BaseSettings) and value is not BaseSettings:
                    found |= _variables(value)
        for source in (ROOT / "actors" / process).rglob("*.py"):
            found |= set(re.findall(r'"(CRM_[A-Z_]+)"', source.read_text()))
        return found
    return found | {"CRM_ADMIN_DATABASE_URL"}


def _variables(settings: type[BaseSettings]) -> set[str]:
    return {f"{settings.model_config.get('env_prefix', '')}{name}".upper() for name in settings.model_fields}


@each_project
def test_it_has_the_shape_that_compose_reads(project: dict[str, Any]) -> None:
    errors = [f"{error.json_path}: {error.message}" for error in Draft202012Validator(SCHEMA).iter_errors(project)]
    assert errors == []


@each_project
@each_actor
def test_every_actor_runs_its_command_and_waits_for_setup(project: dict[str, Any], actor: str) -> None:
    service = project["services"][actor]
    assert service["command"] == ["actor", actor]
    assert service["depends_on"] == {"setup": {"condition": "service_completed_successfully"}}
    assert service["restart"] == "unless-stopped"


@each_project
def test_there_is_no_other_actor(project: dict[str, Any]) -> None:
    named = {
        service["command"][1] for service in project["services"].values() if service.get("command", [""])[0] == "actor"
    }
    assert named == set(ACTORS)


@each_project
@each_actor
def test_every_actor_is_asked_for_its_health_over_nats(project: dict[str, Any], actor: str) -> None:
    check = project["services"][actor]["healthcheck"]
    assert check["test"] == ["CMD", "python", "-m", "runtime.command_line.ping", actor]
    assert importlib.util.find_spec("runtime.command_line.ping")


@each_project
def test_processes_are_given_only_variables_that_they_read(project: dict[str, Any]) -> None:
    for name in OURS:
        given = set(project["services"][name].get("environment", {}))
        assert given <= known_variables(name), name
        if name in ACTORS:
            assert {"CRM_ENVIRONMENT", "CRM_NATS_URL", "CRM_KEY_FILE"} <= given


@each_project
def test_our_processes_run_without_privileges_on_a_read_only_file_system(project: dict[str, Any]) -> None:
    nats = {name for name in project["services"] if name.startswith("nats")}
    for name in OURS | nats:
        service = project["services"][name]
        assert service["user"] == "10001:10001", name
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"]), name
        assert "no-new-privileges:true" in service["security_opt"], name


@each_project
def test_no_secret_stands_in_a_variable_or_in_the_file(project: dict[str, Any]) -> None:
    for name, service in project["services"].items():
        for variable, value in service.get("environment", {}).items():
            hides = re.search(r"SEED|PASSWORD|TOKEN|SECRET", variable) and not variable.endswith("_FILE")
            assert not hides, f"{name} is given {variable}"
            assert not re.search(r"://[^/@]+:[^/@]+@", value.replace("${CRM_ADMIN_DATABASE_URL:-", "")), name


@each_project
def test_everything_mounted_is_declared_and_every_declaration_is_used(project: dict[str, Any]) -> None:
    for kind in ("secrets", "configs"):
        mounted = {one["source"] for service in project["services"].values() for one in service.get(kind, ())}
        assert mounted == set(project.get(kind, {})), kind
    mounted = set()
    for service in project["services"].values():
        for one in service.get("volumes", ()):
            if isinstance(one, str):
                mounted.add(one.partition(":")[0])
            elif one["type"] == "volume":
                mounted.add(one["source"])
    assert mounted == set(project["volumes"])
    for config in project["configs"].values():
        assert (COMPOSE / config["file"]).is_file()


@pytest.mark.parametrize("process", [*ACTORS, "bridge"])
def test_in_development_a_process_sees_its_own_secrets_only(process: str) -> None:
    mounts = [one for one in DEVELOPMENT["services"][process]["volumes"] if isinstance(one, dict)]
    assert [(mount["target"], mount["volume"]["subpath"]) for mount in mounts] == [("/run/secrets", f"users/{process}")]
    assert all(mount["read_only"] for mount in mounts)


@each_actor
def test_in_production_an_actor_gets_its_secrets_as_files(actor: str) -> None:
    secrets = {one["target"]: _file_of(one["source"]) for one in PRODUCTION["services"][actor]["secrets"]}
    assert secrets == {
        "crm_nats_seed": f"${{CRM_SECRETS}}/users/{actor}/crm_nats_seed",
        "crm_database_url": f"${{CRM_SECRETS}}/users/{actor}/crm_database_url",
        "crm_monitor_seed": "${CRM_SECRETS}/users/monitor/crm_nats_seed",
        "wrapping_key": "${CRM_SECRETS}/wrapping.key",
    }
    assert PRODUCTION["services"][actor]["environment"]["CRM_KEY_FILE"] == "/run/secrets/wrapping_key"


def _file_of(secret: str) -> str:
    return str(PRODUCTION["secrets"][secret]["file"])


def test_a_secret_file_is_read_as_the_setting_it_is_named_after(tmp_path: Path) -> None:
    (tmp_path / "crm_nats_seed").write_text("SUABC\n")
    (tmp_path / "crm_database_url").write_text("postgresql://crm_clients:geheim@db/crm_clients\n")
    settings = Settings(_secrets_dir=tmp_path)
    assert settings.nats_seed is not None
    assert settings.nats_seed.get_secret_value() == "SUABC"
    assert settings.required_database_url().endswith("@db/crm_clients")
    assert "geheim" not in repr(settings)


def test_a_variable_wins_over_a_secret_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "crm_nats_url").write_text("nats://file:4222")
    monkeypatch.setenv("CRM_NATS_URL", "nats://variable:4222")
    assert Settings(_secrets_dir=tmp_path).nats_url == "nats://variable:4222"


def test_production_publishes_the_bridge_alone() -> None:
    assert {name for name, service in PRODUCTION["services"].items() if "ports" in service} == {"bridge"}
    assert PRODUCTION["networks"]["inside"] == {"internal": True}
    for name, service in PRODUCTION["services"].items():
        if name.startswith("nats") or name in ("postgres", "prometheus"):
            assert list(service["networks"]) == ["inside"], name


def test_production_limits_and_restarts_everything_on_read_only_file_systems() -> None:
    for name, service in PRODUCTION["services"].items():
        assert service["deploy"]["resources"]["limits"], name
        assert service["read_only"] is True, name
        assert name == "files" or service["restart"], name
        assert service.get("environment", {}).get("CRM_ENVIRONMENT") in (None, "production"), name
        assert "CRM_SIMULATED_TIME" not in service.get("environment", {}), name
        assert "build" not in service, name


def test_production_has_three_nats_servers_under_one_name_and_actors_in_replicas() -> None:
    servers = {name: service for name, service in PRODUCTION["services"].items() if name.startswith("nats")}
    assert set(servers) == {"nats-1", "nats-2", "nats-3"}
    for name, server in servers.items():
        assert server["networks"]["inside"]["aliases"] == ["nats"]
        assert _file_of(server["secrets"][0]["source"]) == f"${{CRM_SECRETS}}/nats/{name}.conf"
    for step in ("files", "setup"):
        given = PRODUCTION["services"][step]["command"]
        assert [word for word in given if ":4222" in word] == [f"{name}:4222" for name in servers]
    assert all(PRODUCTION["services"][actor]["deploy"]["replicas"] >= 2 for actor in ACTORS)


def test_development_publishes_on_the_loopback_interface_only() -> None:
    ports = [port for service in DEVELOPMENT["services"].values() for port in service.get("ports", ())]
    assert len(ports) == 4
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_the_servers_start_after_their_files_and_setup_after_the_servers() -> None:
    for server in ("nats", "postgres"):
        needed = DEVELOPMENT["services"][server]["depends_on"]
        assert needed == {"files": {"condition": "service_completed_successfully"}}
        assert DEVELOPMENT["services"]["setup"]["depends_on"][server] == {"condition": "service_healthy"}


def test_the_image_is_built_from_the_hashed_lock_and_runs_without_privileges() -> None:
    text = (COMPOSE / "Dockerfile").read_text()
    final = text.rpartition("\nFROM ")[2]
    assert text.count("\nFROM python:3.12-slim") == 2
    assert "pip install --require-hashes --no-deps --requirement requirements.lock" in text
    assert "USER 10001:10001" in final
    assert 'ENTRYPOINT ["crm"]' in final
    assert "tzdata" in final
    copied = {word for line in re.findall(r"^COPY (?!--from)(.*)$", text, re.MULTILINE) for word in line.split()[:-1]}
    let_in = {
        line[1:] for line in (COMPOSE / "Dockerfile.dockerignore").read_text().splitlines() if line.startswith("!")
    }
    assert copied == let_in == {"requirements.lock", "pyproject.toml", "README.md", "LICENSE", *_packages()}


def _packages() -> set[str]:
    """What pyproject.toml packs: messages*, actors*, storage*, runtime*."""
    found = re.search(
        r"\[tool\.setuptools\.packages\.find\]\ninclude = (\[.*\])", (ROOT / "pyproject.toml").read_text()
    )
    assert found
    return {name.rstrip("*") for name in json.loads(found[1])}
