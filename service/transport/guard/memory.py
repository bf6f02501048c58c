"""The memory of this process and what its container, or else the machine, lets it have; Linux."""

import ctypes
import gc
import os
from collections.abc import Callable, Iterator
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE")


def resident() -> int:
    """Resident bytes of this process, by proc(5); 0 on a system that does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * _PAGE
    except OSError:
        return 0


def limit(root: Path = Path("/")) -> int:
    """Bytes that the container may take, or the machine has: the least that is set."""
    machine = os.sysconf("SC_PHYS_PAGES") * _PAGE
    return min([machine, *_limits_of_groups(root)])


def _limits_of_groups(root: Path) -> Iterator[int]:
    """Of this process's control groups and of those around them, version 2 and 1 (cgroups(7)).

    In a container the paths may be the host's: then its own group is at the top.
    """
    for line in _read(root / "proc/self/cgroup").splitlines():
        controllers, _, path = line.partition(":")[2].partition(":")
        if not path or controllers not in {"", "memory"}:
            continue
        top = root / "sys/fs/cgroup" / controllers
        name = "memory.limit_in_bytes" if controllers else "memory.max"
        group = top / path.lstrip("/")
        for folder in (group, *group.parents):
            if folder.is_relative_to(top) and (found := _read(folder / name).strip()).isdecimal():
                yield int(found)


def _read(path: Path) -> str:
    try:
        return path.read_text("ascii")
    except OSError:
        return ""


def give_back() -> None:
    """Return to the system what is free; glibc keeps it by itself.

    Takes a tenth of a second where there are many connections.
    """
    gc.collect()
    trim: Callable[[int], int] | None = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
