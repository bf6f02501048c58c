"""Secrets are files that follow a rotation, and stand nowhere else."""

import base64

import pytest

from tests.chart.rendering import CASES, Rendering, rendered

pytestmark = pytest.mark.chart

PATHS = {"RINGLINE_SECRETS_DIR", "TURN_SECRET_FILE", "TURN_TLS_CERT_FILE", "TURN_TLS_KEY_FILE"}
SUSPICIOUS = ("SECRET", "TOKEN", "PASSWORD", "KEY")


def held(rendering: Rendering) -> dict[str, str]:
    """What Secrets hold, by `namespace/name/key`."""
    return {
        f"{secret.namespace}/{secret.name}/{key}": base64.b64decode(value).decode()
        for secret in rendering.of("Secret")
        for key, value in secret.tree["data"].items()
    }


@pytest.mark.parametrize("case", CASES)
def test_no_secret_is_in_anything_but_a_secret(case: str):
    rendering = rendered(case, set_values=given(case))
    secrets = {one for text in held(rendering).values() for one in [text, *text.split(",")]}
    others = [str(thing.tree) for thing in rendering.things if thing.kind != "Secret"]
    assert not [secret for secret in secrets for other in others if secret in other]


def given(case: str) -> dict[str, object]:
    """The key as a value where nothing else says who signs: that is where it might leak."""
    return {"jwt": {"secret": "k" * 40}} if case in ("default", "full") else {}


@pytest.mark.parametrize("case", CASES)
def test_no_environment_variable_is_a_secret(case: str):
    for thing in rendered(case).workloads:
        for one in thing.containers:
            for variable in one.get("env", []):
                literal = "value" in variable and variable["name"] not in PATHS
                suspicious = any(word in variable["name"] for word in SUSPICIOUS)
                assert not (literal and suspicious), f"{thing}: {variable['name']}"
            assert not [source for source in one.get("envFrom", []) if "secretRef" in source]


@pytest.mark.parametrize("case", CASES)
def test_no_mount_is_a_sub_path_which_would_not_follow_a_rotation(case: str):
    for thing in rendered(case).workloads:
        mounts = [mount for one in thing.containers for mount in one.get("volumeMounts", [])]
        assert not [mount for mount in mounts if {"subPath", "subPathExpr"} & mount.keys()]


@pytest.mark.parametrize("case", CASES)
def test_a_secret_that_is_mounted_is_made_or_named_by_the_operator(case: str):
    rendering = rendered(case)
    made = {(secret.namespace, secret.name) for secret in rendering.of("Secret")}
    made |= {(c.namespace, c.tree["spec"]["secretName"]) for c in rendering.of("Certificate")}
    named = {"turn", "turn-accounts", "tokens", "probe-tokens", "turn-example-org"}
    for thing in rendering.workloads:
        for volume in thing.pod.get("volumes", []):
            sources = volume.get("projected", {}).get("sources", [volume])
            for source in sources:
                secret = source.get("secret", {})
                name = secret.get("secretName") or secret.get("name")
                assert name is None or (thing.namespace, name) in made or name in named, thing


def test_coturn_and_the_service_read_one_secret():
    pod = rendered().one("Deployment", "ringline").pod
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    projected = [one["secret"] for one in volumes["secrets"]["projected"]["sources"]]
    assert [(one["name"], one["items"][0]["path"]) for one in projected] == [
        ("ringline-jwt", "jwt_secret"),
        ("ringline-turn", "turn_secret"),
    ]
    assert volumes["turn-secret"]["secret"]["secretName"] == "ringline-turn"


def test_both_namespaces_of_a_daemonset_have_one_turn_secret():
    secrets = held(rendered("daemonset-node"))
    here, there = (
        secrets[f"{space}/ringline-turn/turn_secret"] for space in ("calls", "calls-turn")
    )
    assert here == there
    assert len(here) == 64


def test_turn_secrets_are_listed_newest_first():
    assert held(rendered("full"))["calls/ringline-turn/turn_secret"] == (
        "new-secret-new-secret-new,old-secret-old-secret-old"
    )


@pytest.mark.parametrize(
    ("case", "made"),
    [
        ("default", {"ringline-jwt", "ringline-turn"}),
        ("daemonset-stun", {"ringline-jwt"}),
        ("external", set()),
        ("gitops", set()),
        ("providers", {"ringline-jwt"}),
    ],
)
def test_what_is_given_is_not_made(case: str, made: set[str]):
    assert {secret.name for secret in rendered(case).of("Secret")} == made


def test_under_gitops_every_rendering_is_the_same():
    text = rendered("gitops").text
    assert rendered("gitops", set_values={"generateSecrets": False}).text == text
    assert rendered("default", set_values={"drain": {}}).text != rendered("default").text


@pytest.mark.parametrize("case", CASES)
def test_secrets_outlive_the_release(case: str):
    for secret in rendered(case).of("Secret"):
        annotations = secret.tree["metadata"]["annotations"]
        assert annotations["helm.sh/resource-policy"] == "keep"
