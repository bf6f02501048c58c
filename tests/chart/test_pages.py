"""What pages show of the chart, values and commands, is as it is shown."""

from pathlib import Path

import pytest
import yaml

from deploy.chart_values.values import VALUES
from tests.chart.cluster import cluster
from tests.chart.rendering import Refused, rendered
from tests.docs.pages import ROOT, blocks, commands, text_of

pytestmark = pytest.mark.chart

PAGES = (ROOT / "docs/deploy.md", ROOT / "deploy/helm/ringline/README.md")
KNOWN = set(yaml.safe_load(VALUES.read_text()))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_of_values_renders(page: Path):
    shown = [yaml.safe_load(block) for block in blocks(text_of(page), "yaml")]
    assert shown
    for values in shown:
        assert values.keys() <= KNOWN
        assert rendered("default", set_values=values).of("Deployment")


def test_the_first_values_run_the_image_that_the_page_had_built():
    (values, *_) = [yaml.safe_load(block) for block in blocks(text_of(PAGES[1]), "yaml")]
    service = rendered("default", set_values=values).one("Deployment", "ringline")
    name, _, tag = service.container("ringline")["image"].rpartition(":")
    assert f"make image IMAGE={name}\n" in text_of(PAGES[1])
    assert f"docker push {name}:{tag}" in text_of(PAGES[1])


HELM = [words[1:] for words in commands(text_of(PAGES[0])) if words[:1] == ["helm"]]
INSTALLS = [words for words in HELM if words[0] == "install"]
TEST, UPGRADE, ROLLBACK, UNINSTALL = [words for words in HELM if words[0] != "install"]
NO_ROLLBACK = 'no Secret with the name "ringline-jwt" found'


def with_values(words: list[str], folder: Path) -> list[str]:
    """The words, with the page's first values as its `values.yaml`."""
    values = folder / "values.yaml"
    values.write_text(blocks(text_of(PAGES[0]), "yaml")[0])
    return [str(values) if word == values.name else word for word in words]


@pytest.mark.parametrize("install", INSTALLS, ids=["load balancer", "local"])
def test_the_commands_of_the_page_follow_one_another(tmp_path: Path, install: list[str]):
    upgrade = with_values(UPGRADE, tmp_path)
    with cluster(tmp_path, load_balancers="--wait" not in install) as api:
        for words in (install, TEST, upgrade, upgrade, ROLLBACK, UNINSTALL):
            api.helm(*words)


def test_where_helm_cannot_roll_back_an_upgrade_does(tmp_path: Path):
    assert NO_ROLLBACK in text_of(PAGES[0])
    (install, _) = INSTALLS
    with cluster(tmp_path) as api:
        api.helm(*install)
        key = api.object("calls", "secrets", "ringline-jwt")["data"]
        api.helm(*with_values(UPGRADE, tmp_path))
        with pytest.raises(Refused, match=NO_ROLLBACK):
            api.helm(*ROLLBACK)
        api.helm("upgrade", *(word for word in install[1:] if word != "--create-namespace"))
        assert "name: ringline-jwt\n" in api.helm("get", "manifest", *ROLLBACK[1:])
        assert api.object("calls", "secrets", "ringline-jwt")["data"] == key
