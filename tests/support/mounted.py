"""Folders that change as a kubelet changes what it mounts: all files at once, by a rename."""

import uuid
from collections.abc import Mapping
from pathlib import Path


def mount(folder: Path, files: Mapping[str, str]) -> None:
    """Have a folder hold these files, as links into a version that a link names."""
    folder.mkdir(parents=True, exist_ok=True)
    version = folder / f"..{uuid.uuid4().hex}"
    version.mkdir()
    for name, text in files.items():
        (version / name).write_text(text)
        # There is no fsGroup without a kubelet: everybody may read.
        (version / name).chmod(0o444)
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(f"..data/{name}")
    fresh = folder / "..data.new"
    fresh.symlink_to(version.name)
    fresh.replace(folder / "..data")
