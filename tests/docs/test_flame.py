"""The flame graphs of docs/performance.md: what the stacks say, drawn to scale."""

import re

from tools.flame import WIDTH, draw, read

STACKS = """\
main (service/__main__.py:3);Runner.run (asyncio/runners.py:118);relayed (service/transport/sockets.py:9) 60
main (service/__main__.py:3);Runner.run (asyncio/runners.py:118);relayed (service/transport/sockets.py:7);decode<1> (msgspec/x.py:1) 20
main (service/__main__.py:3);Runner.run (asyncio/runners.py:118) 20
_worker (concurrent/futures/thread.py:81) 900
"""  # noqa: E501 - one stack a line

BOX = re.compile(r'<g><title>(.+?): [0-9.]+%</title><rect x="([0-9.]+)".*? width="([0-9.]+)"')


def boxes() -> dict[str, tuple[float, float]]:
    """Where each function begins and how wide it is, as shares of the picture."""
    svg = "".join(draw(read(STACKS.splitlines()), "A & B"))
    assert "A &amp; B" in svg
    return {name: (float(x) / WIDTH, float(w) / WIDTH) for name, x, w in BOX.findall(svg)}


def test_a_box_is_as_wide_as_the_time_that_it_took():
    assert boxes() == {
        "event loop": (0, 1.0),
        "relayed": (0, 0.8),
        "decode&lt;1&gt;": (0, 0.2),
    }
