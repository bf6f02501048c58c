"""What the memory limit of a container is, wherever its control group is."""

import os
from pathlib import Path

import pytest

from service.transport.guard.memory import give_back, limit, resident

MEBIBYTE = 1024 * 1024
MACHINE = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
UNIFIED, LEGACY = "sys/fs/cgroup/", "sys/fs/cgroup/memory/"


def made(root: Path, groups: str, files: dict[str, str]) -> Path:
    for name, text in {"proc/self/cgroup": groups, **files}.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text + "\n")
    return root


@pytest.mark.parametrize(
    ("groups", "files", "expected"),
    [
        ("0::/", {UNIFIED + "memory.max": "1048576"}, MEBIBYTE),
        ("0::/", {UNIFIED + "memory.max": "max"}, MACHINE),
        (
            "0::/pod/box",
            {UNIFIED + "pod/box/memory.max": "max", UNIFIED + "pod/memory.max": "2097152"},
            2 * MEBIBYTE,
        ),
        ("0::/not/here", {UNIFIED + "memory.max": "1048576"}, MEBIBYTE),
        ("4:memory:/box", {LEGACY + "box/memory.limit_in_bytes": "1048576"}, MEBIBYTE),
        ("4:memory:/of/host", {LEGACY + "memory.limit_in_bytes": "1048576"}, MEBIBYTE),
        ("4:memory:/", {LEGACY + "memory.limit_in_bytes": "9223372036854771712"}, MACHINE),
        ("3:cpu:/", {"sys/fs/cgroup/cpu/memory.max": "1"}, MACHINE),
        ("", {}, MACHINE),
    ],
)
def test_the_least_limit_counts(tmp_path: Path, groups: str, files: dict[str, str], expected: int):
    assert limit(made(tmp_path, groups, files)) == expected


def test_without_control_groups_it_is_the_machines(tmp_path: Path):
    assert limit(tmp_path) == MACHINE


def test_this_process_takes_some():
    before = resident()
    ballast = bytearray(os.urandom(1) * 50 * MEBIBYTE)
    assert resident() - before > 40 * MEBIBYTE
    del ballast
    give_back()
    assert resident() - before < 20 * MEBIBYTE
