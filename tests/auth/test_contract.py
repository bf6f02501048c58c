"""The private name of pyjwt that auth/tokens.py leans on, and the version that was read."""

import re
from pathlib import Path

import jwt
from jwt.algorithms import HMACAlgorithm


def test_the_algorithms_are_where_ours_is_put():
    algorithms = getattr(jwt.PyJWT(), "_jws", None)
    assert algorithms is not None, "pyjwt has no PyJWT._jws any more."
    assert isinstance(algorithms.get_algorithm_by_name("HS256"), HMACAlgorithm)


def test_the_pin_is_to_the_minor_version_that_was_read():
    pins = (Path(__file__).parents[2] / "pyproject.toml").read_text()
    assert re.search(r'"pyjwt\[crypto\]>=2\.15,<2\.16"', pins)
