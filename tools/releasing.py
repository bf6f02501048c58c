"""Make a release, and push nothing; this starts from a clean working tree.

The version is written wherever it stands, CHANGELOG.md's "Unreleased" becomes that version with
today's date, both are committed and tagged, and the wheel, the chart's package and the image are
built from that commit. All of it happens in a clone, so that a failure leaves this repository as it
was; at the end it gets the commit and the tag, or with --dry-run nothing but the files in dist/.
IMAGE names the image, CHARTS the registry of charts.
"""

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
IMAGE = os.environ.get("IMAGE", "registry.example.org/ringline")
CHARTS = os.environ.get("CHARTS", "oci://registry.example.org/charts")
SAYING = ("pyproject.toml", "Dockerfile", "deploy/helm/ringline/Chart.yaml")
"""Files that have `version = "…"`, `ARG VERSION=…`, `version: …` and `appVersion: …`."""
NAMING = (
    "deploy/chart_values/introduction.md",
    "deploy/compose/compose.yaml",
    "deploy/helm/ringline/examples/local-values.yaml",
    "docs/deploy.md",
)
"""Files that name the image with its tag."""
_VERSION = re.compile(r"\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?")
_SAID = re.compile(r'^((?:app)?[vV]ersion(?: = "|: )|ARG VERSION=)[^"\s]+', re.MULTILINE)
_NAMED = re.compile(r"(/ringline:)\d+\.\d+\.\d+[\w.-]*")
_UNRELEASED = re.compile(r"^## \[Unreleased\]\n(.*?)(?=^## \[|\Z)", re.MULTILINE | re.DOTALL)


class Refused(Exception):
    """No release can be made; the message says what to do."""


def main(arguments: Sequence[str]) -> int:
    """Make it, or say why not; the exit status."""
    asked = _asked(arguments)
    try:
        _ready(asked.version)
        if not asked.no_check:
            _run("make", "check")
        made = _made(asked.version, dry=asked.dry_run, image=not asked.no_image)
    except Refused as why:
        sys.stderr.write(f"ringline: {why}\n")
        return 1
    except subprocess.CalledProcessError as failed:
        command = shlex.join(map(str, failed.cmd))
        sys.stderr.write(f"ringline: no release was made, for this failed: {command}\n")
        return 1
    kept = "made, and this repository left as it was" if asked.dry_run else "committed and tagged"
    print(f"ringline: {asked.version} is {kept}. Nothing is pushed. To push it:\n")
    print("\n".join(f"  {command}" for command in made))
    return 0


def bumped(text: str, version: str) -> str:
    """A file that has the version, with the new one."""
    return _NAMED.sub(rf"\g<1>{version}", _SAID.sub(rf"\g<1>{version}", text))


def dated(changelog: str, version: str, day: str) -> str:
    """The changelog with what was unreleased under the version, and nothing unreleased.

    Raises:
        Refused: there is nothing to release.
    """
    found = _UNRELEASED.search(changelog)
    if found is None or not found[1].strip():
        raise Refused('CHANGELOG.md has nothing under "## [Unreleased]": write there what changed.')
    head = f"## [Unreleased]\n\n## [{version}] - {day}\n"
    return changelog.replace("## [Unreleased]\n", head, 1)


def _asked(arguments: Sequence[str]) -> argparse.Namespace:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (present,) = re.findall(r'^version = "(.+)"$', project, re.MULTILINE)
    parser = argparse.ArgumentParser(
        prog="tools/release",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("version", nargs="?", default=present, help=f"if left out, {present}")
    parser.add_argument("--dry-run", action="store_true", help="leave this repository as it is")
    parser.add_argument("--no-check", action="store_true", help="leave `make check` out")
    parser.add_argument("--no-image", action="store_true", help="leave the image out")
    return parser.parse_args(arguments)


def _ready(version: str) -> None:
    if not _VERSION.fullmatch(version):
        raise Refused(f"{version} is not a version: give one like 1.2.3 or 1.2.3-rc.1.")
    if _said("git", "status", "--porcelain"):
        raise Refused("there are changes that are not committed: commit or stash them first.")
    if _said("git", "tag", "--list", f"v{version}"):
        raise Refused(f"v{version} is tagged already: give the next version.")


def _made(version: str, *, dry: bool, image: bool) -> list[str]:
    """Commit, tag and build; the commands that would push it."""
    with TemporaryDirectory(prefix="ringline-release-") as scratch:
        clone, built = Path(scratch, "ringline"), Path(scratch, "dist")
        _run("git", "clone", "--quiet", *_identity(), ROOT, clone)
        _commit(clone, version)
        commands = [f"git push origin HEAD v{version}", *_packages(clone, built)]
        if image:
            _run(clone / "tools" / "image", IMAGE=f"{IMAGE}:{version}")
            commands.append(f"docker push {IMAGE}:{version}  # or: podman push …")
        shutil.copytree(built, ROOT / "dist", dirs_exist_ok=True)
        if not dry:
            _run("git", "pull", "--quiet", "--ff-only", "--tags", clone, "HEAD")
    return commands


def _commit(clone: Path, version: str) -> None:
    """The version everywhere, with what is generated from it, in a commit with a tag."""
    for name in (*SAYING, *NAMING):
        _rewrite(clone / name, bumped((clone / name).read_text(encoding="utf-8"), version))
    log, day = clone / "CHANGELOG.md", datetime.now(UTC).date().isoformat()
    _rewrite(log, dated(log.read_text(encoding="utf-8"), version, day))
    _run(BIN / "python", "-m", "tools.generate", where=clone)
    _run("git", "commit", "--quiet", "--all", "--message", f"Release {version}", where=clone)
    _run("git", "tag", "--message", f"Ringline {version}", f"v{version}", where=clone)


def _packages(clone: Path, built: Path) -> list[str]:
    """The wheel and the chart in `built`; the commands that would push them."""
    _run(
        BIN / "uv", "build", "--quiet", "--wheel", "--no-build-isolation",
        "--python", BIN / "python", "--out-dir", built, clone,
    )  # fmt: skip
    _run(BIN / "helm", "package", clone / "deploy/helm/ringline", "--destination", built)
    (wheel,), (chart,) = built.glob("*.whl"), built.glob("*.tgz")
    return [
        f".venv/bin/uv publish dist/{wheel.name}  # UV_PUBLISH_URL names an index of your own",
        f".venv/bin/helm push dist/{chart.name} {CHARTS}",
    ]


def _identity() -> list[str]:
    """Whose commit it is, where this repository alone says so."""
    names = ("user.name", "user.email")
    known = {name: _said("git", "config", "--default", "", name).strip() for name in names}
    return [word for name in known if known[name] for word in ("--config", f"{name}={known[name]}")]


def _rewrite(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _run(*command: str | Path, where: Path = ROOT, **environ: str) -> None:
    told = {**os.environ, "PURE_PYTHON": "1", **environ}
    subprocess.run(command, cwd=where, env=told, check=True)


def _said(*command: str) -> str:
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
