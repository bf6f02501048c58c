"""compose.yaml as Docker Compose reads it: pinned, watched, and open no wider than it must."""

import re
from pathlib import Path

import pytest
import yaml

from tests.compose.stack import PROFILES, Part, copied, docker_compose, prepare, services
from tests.support.prometheus import promtool

PARTS = {"ringline", "coturn", "prometheus", "grafana", "jaeger", "caddy", "load", "addresses"}
ONE_SHOT = "addresses"
FACES_THE_WORLD = {"caddy"}


@pytest.fixture(scope="module")
def compose(tmp_path_factory) -> Path:
    folder = copied(tmp_path_factory.mktemp("compose"))
    done = prepare(folder, "127.0.0.1", "calls.example.org")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def parts(compose) -> dict[str, Part]:
    return services(compose)


def test_it_has_these_parts(parts):
    assert set(parts) == PARTS


@pytest.mark.parametrize("name", sorted(PARTS))
def test_every_image_is_pinned_by_a_tag(parts, name):
    assert re.fullmatch(r"[a-z]+(/[a-z]+)?:v?\d+\.\d+\.\d+(-[a-z0-9]+)?", parts[name].said["image"])


@pytest.mark.parametrize("name", sorted(PARTS - {ONE_SHOT}))
def test_every_part_has_a_health_check(parts, name):
    check = parts[name].said["healthcheck"]
    assert check["test"][0] in {"CMD", "CMD-SHELL"}
    assert check["interval"]
    assert check["timeout"]


def test_the_addresses_come_when_all_is_healthy(parts):
    said = parts[ONE_SHOT].said
    waits = {name for name, how in said["depends_on"].items()
             if how["condition"] == "service_healthy"}  # fmt: skip
    assert waits == {name for name in PARTS - {ONE_SHOT} if "profiles" not in parts[name].said}
    assert "restart" not in said


@pytest.mark.parametrize("name", sorted(PARTS - FACES_THE_WORLD))
def test_ports_are_published_on_loopback_alone(parts, name):
    published = [str(port) for port in parts[name].said.get("ports", [])]
    assert [port for port in published if not port.startswith("127.0.0.1:")] == []


@pytest.mark.parametrize("name", sorted(PARTS))
def test_what_is_mounted_is_there(parts, name):
    sources = (source for source in parts[name].mounts.values() if source.startswith("/"))
    assert [source for source in sources if not Path(source).exists()] == []


@pytest.mark.parametrize("name", ["ringline", "coturn"])
def test_what_faces_callers_has_no_rights(parts, name):
    assert parts[name].said["read_only"]
    assert parts[name].said["cap_drop"] == ["ALL"]


def test_the_service_and_coturn_share_a_secret_and_no_more(parts):
    service, coturn = parts["ringline"].environment, parts["coturn"].environment
    assert Path(coturn["TURN_SECRET_FILE"]) == Path(service["RINGLINE_SECRETS_DIR"], "turn_secret")
    assert not [source for source in parts["coturn"].mounts.values() if "jwt_secret" in source
                or source.endswith("/secrets")]  # fmt: skip


def test_prometheus_keeps_a_month_and_exemplars(parts):
    command = parts["prometheus"].said["command"]
    assert "--storage.tsdb.retention.time=30d" in command
    assert "--enable-feature=exemplar-storage" in command


def test_prometheus_finds_no_fault_in_its_configuration(compose, parts, tmp_path):
    mounts = parts["prometheus"].mounts
    inside = Path("/etc/prometheus")
    for name in ("prometheus.yml", "targets", "rules"):
        (tmp_path / name).symlink_to(mounts[str(inside / name)])
    said = promtool("check", "config", tmp_path / "prometheus.yml")
    assert re.search(r"SUCCESS: [1-9]\d* rules found", said)


def test_targets_are_parts_of_it(compose, parts):
    (service,) = yaml.safe_load((compose / "targets" / "ringline.yml").read_text())
    assert service["targets"] == ["ringline:9090"]
    (turn,) = yaml.safe_load((compose / "targets" / "coturn.yml").read_text())
    told = parts["coturn"].environment
    assert turn["targets"] == [f"{told['TURN_PROMETHEUS_ADDRESS']}:9641"]


def test_grafana_has_the_dashboards_and_where_they_look(compose, parts):
    boards = Path(parts["grafana"].mounts["/var/lib/grafana/dashboards"])
    assert len(list(boards.glob("*.json"))) >= 6
    (provider,) = yaml.safe_load(
        (compose / "grafana" / "dashboards" / "ringline.yaml").read_text()
    )["providers"]
    assert provider["options"]["path"] in parts["grafana"].mounts
    sources = yaml.safe_load((compose / "grafana" / "datasources" / "ringline.yaml").read_text())
    for source in sources["datasources"]:
        assert source["url"].split("/")[2].split(":")[0] in parts


def test_who_forgot_to_prepare_is_told(tmp_path):
    forgotten = docker_compose(copied(tmp_path), *PROFILES, "config")
    assert forgotten.returncode != 0
    assert "run ./prepare first" in forgotten.stderr
