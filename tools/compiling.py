"""The build hook that compiles the hot path with mypyc (docs/decisions/0014).

Their sources stay as they are and go into the wheel beside what was made of them; Python takes the
latter. Which modules, `tool.hatch.build.targets.wheel.hooks.custom.modules` in pyproject.toml says.
Off, unless `HATCH_BUILD_HOOK_ENABLE_CUSTOM=true`.
"""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from mypyc.build import mypycify
from setuptools import Distribution


class Compiling(BuildHookInterface):
    """Adds extension modules to the wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile; an editable install is of the sources alone."""
        if version == "editable":
            return
        self._scratch = TemporaryDirectory(prefix="ringline-")
        library = Path(self._scratch.name, "library")
        extensions = mypycify(
            [f"--config-file={self.root}/pyproject.toml", *self.config["modules"]],
            debug_level="0",
            multi_file=True,
            target_dir=f"{self._scratch.name}/c",
        )
        build = Distribution({"ext_modules": extensions}).get_command_obj("build_ext")
        build.build_lib, build.build_temp = str(library), f"{self._scratch.name}/objects"
        build.ensure_finalized()
        build.run()
        build_data["infer_tag"], build_data["pure_python"] = True, False
        build_data["force_include"] |= {
            str(made): str(made.relative_to(library)) for made in library.rglob("*.so")
        }

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Leave nothing."""
        del build_data, artifact_path
        if version != "editable":
            self._scratch.cleanup()
