"""`tools/release`, in a clone of what stands here, up to the push that it never makes."""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from service import __version__
from tools.releasing import NAMING, SAYING, bumped

ROOT = Path(__file__).parents[1]
NEXT = "97.5.3"
SOMEBODY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Somebody"), ("EMAIL", "somebody@example.org"))
}
QUICK = ("--no-check", "--no-image")


def git(repository: Path, *words: str) -> str:
    """What git says there."""
    told = subprocess.run(
        ["git", *words], cwd=repository, env={**os.environ, **SOMEBODY},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return told.stdout.strip()


def release(repository: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """Run what `tools/release` runs."""
    return subprocess.run(
        [sys.executable, repository / "tools" / "releasing.py", *words],
        cwd=repository, env={**os.environ, **SOMEBODY}, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A clean one, with the files that stand here, whether they are committed or not."""
    copy = tmp_path / "repository"
    git(ROOT, "clone", "--quiet", str(ROOT), str(copy))
    git(copy, "rm", "--quiet", "-r", "--cached", ".")
    listed = git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard").splitlines()
    for name in filter(lambda name: (ROOT / name).exists(), listed):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, copy / name)
    git(copy, "add", *(name for name in listed if (copy / name).exists()))
    git(copy, "clean", "--quiet", "-df")
    git(copy, "commit", "--quiet", "--allow-empty", "--message", "What stands here")
    return copy


def test_a_dry_run_builds_everything_and_leaves_the_repository_as_it_was(repository: Path):
    before = git(repository, "log", "--oneline")
    done = release(repository, NEXT, "--dry-run", *QUICK)
    assert done.returncode == 0, done.stderr
    assert git(repository, "log", "--oneline") == before
    assert git(repository, "status", "--porcelain") == ""
    assert git(repository, "tag", "--list", f"v{NEXT}") == ""
    assert {path.name for path in (repository / "dist").iterdir()} >= {
        f"ringline-{NEXT}-py3-none-any.whl", f"ringline-{NEXT}.tgz",
    }  # fmt: skip
    assert "this repository left as it was. Nothing is pushed" in done.stdout


def test_a_release_is_a_commit_and_a_tag_with_the_version_everywhere(repository: Path, monkeypatch):
    monkeypatch.setenv("ENGINE", "echo")  # `make image-test` builds the image for real
    done = release(repository, NEXT, "--no-check")
    assert done.returncode == 0, done.stderr
    image = f"registry.example.org/ringline:{NEXT}"
    assert f"build --tag {image} --build-arg VERSION={NEXT} " in done.stdout
    assert git(repository, "log", "-1", "--format=%s %an") == f"Release {NEXT} Somebody"
    assert git(repository, "rev-parse", f"v{NEXT}^{{commit}}", "HEAD").split()[0] == git(
        repository, "rev-parse", "HEAD"
    )
    for command in (
        f"git push origin HEAD v{NEXT}",
        "uv publish dist/",
        "helm push dist/",
        f"docker push {image}",
    ):
        assert command in done.stdout
    log = (repository / "CHANGELOG.md").read_text()
    assert re.search(
        rf"^## \[Unreleased\]\n\n## \[{NEXT}\] - \d{{4}}-\d\d-\d\d\n", log, re.MULTILINE
    )
    with zipfile.ZipFile(repository / "dist" / f"ringline-{NEXT}-py3-none-any.whl") as wheel:
        told = wheel.read(f"ringline-{NEXT}.dist-info/METADATA").decode()
    assert f"\nVersion: {NEXT}\n" in told
    left = git(repository, "grep", "-lF", __version__, "--", *SAYING, "deploy", "docs", "tools")
    assert {name for name in left.splitlines() if _says_ours(repository / name)} == set()


def _says_ours(path: Path) -> bool:
    """Whether it has this version as the project's, and not as that of something else."""
    pattern = rf"(ringline|[vV]ersion|VERSION)[:= \"]+{re.escape(__version__)}(?![\w.])"
    return bool(re.search(pattern, path.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("version", "words", "sentence"),
    [
        ("1.2", QUICK, "1.2 is not a version: give one like 1.2.3 or 1.2.3-rc.1."),
        ("0.0.1", QUICK, "v0.0.1 is tagged already: give the next version."),
    ],
)
def test_a_version_that_cannot_be_is_refused(repository: Path, version, words, sentence):
    git(repository, "tag", "v0.0.1")
    done = release(repository, version, *words)
    assert (done.returncode, done.stderr) == (1, f"ringline: {sentence}\n")


def test_a_tree_that_is_not_clean_is_refused(repository: Path):
    (repository / "README.md").write_text("Something else.\n")
    done = release(repository, NEXT, *QUICK)
    assert done.returncode == 1
    assert "commit or stash them first" in done.stderr


def test_a_release_of_nothing_is_refused_and_leaves_nothing(repository: Path):
    (repository / "CHANGELOG.md").write_text(
        "# Changelog\n\n## [Unreleased]\n\n## [0.0.1]\n\n- A.\n"
    )
    git(repository, "commit", "--quiet", "--all", "--message", "Nothing new")
    done = release(repository, NEXT, *QUICK)
    assert done.returncode == 1
    assert 'has nothing under "## [Unreleased]"' in done.stderr
    assert git(repository, "tag", "--list", f"v{NEXT}") == ""


@pytest.mark.parametrize("name", [*SAYING, *NAMING])
def test_every_file_that_has_the_version_has_the_same_one(name: str):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert bumped(text, NEXT) != text
    assert bumped(text, __version__) == text
