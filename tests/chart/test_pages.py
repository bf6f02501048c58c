"""The values that pages show are values of the chart, and render."""

from pathlib import Path

import pytest
import yaml

from deploy.chart.values import VALUES
from tests.chart.rendering import rendered
from tests.docs.pages import ROOT, blocks, text_of

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
