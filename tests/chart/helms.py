"""Helm 3 and Helm 4 alike, in a cluster that keeps objects: the fixture `helm` is each in turn."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import yaml
from helm_python import Config, HelmError

from deploy.build import CHART
from tests.chart.cluster import Cluster
from tests.chart.rendering import NAMESPACE, RELEASE, Refused, Tree

SECONDS = 60
"""How long Helm waits for anything."""


class Helm(Protocol):
    """What an operator does with the chart. Each raises `Refused` where Helm does not end well."""

    def install(self, values: Tree, *, seconds: int = SECONDS) -> None:
        """`helm install --wait`, in a namespace that it makes."""

    def upgrade(self, values: Tree) -> None:
        """`helm upgrade`."""

    def test(self) -> str:
        """The logs, as `helm test --logs` prints them."""

    def uninstall(self) -> str:
        """What `helm uninstall` prints of what it keeps."""


@dataclass(frozen=True, slots=True)
class Helm3:
    """By the program."""

    api: Cluster

    def install(self, values: Tree, *, seconds: int = SECONDS) -> None:
        self._run("install", "--create-namespace", "--wait", timeout=seconds, values=values)

    def upgrade(self, values: Tree) -> None:
        self._run("upgrade", values=values)

    def test(self) -> str:
        return self._run("test", "--logs")

    def uninstall(self) -> str:
        return self._run("uninstall")

    def _run(
        self, verb: str, *options: str, timeout: int = SECONDS, values: Tree | None = None
    ) -> str:
        chart: list[str | Path] = [] if values is None else [CHART, "--values", "-"]
        return self.api.helm(
            verb, RELEASE, *chart, "--namespace", NAMESPACE, "--timeout", f"{timeout}s", *options,
            given=yaml.safe_dump(values),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Helm4:
    """By its library; it applies on the server's side."""

    api: Cluster
    wait: str = "watcher"
    """As `--wait=…`: `legacy` is how Helm 3 waits."""

    def install(self, values: Tree, *, seconds: int = SECONDS) -> None:
        self._do(
            "install", CHART, RELEASE, values,
            namespace=NAMESPACE, create_namespace=True, wait=self.wait, timeout=seconds,
        )  # fmt: skip

    def upgrade(self, values: Tree) -> None:
        self._do("upgrade", CHART, RELEASE, values, namespace=NAMESPACE, timeout=SECONDS)

    def test(self) -> str:
        return str(self._do("test", RELEASE, logs=True, timeout=SECONDS)["logs"])

    def uninstall(self) -> str:
        return str(self._do("uninstall", RELEASE, timeout=SECONDS)["info"])

    def _do(self, action: str, *arguments: object, **options: object) -> Tree:
        try:
            with Config(kubeconfig_path=self.api.kubeconfig, namespace=NAMESPACE) as config:
                done: Tree = getattr(config, action)(*arguments, **options)
                return done
        except HelmError as error:
            raise Refused(str(error)) from error
        finally:
            self.api.controllers.settle()
