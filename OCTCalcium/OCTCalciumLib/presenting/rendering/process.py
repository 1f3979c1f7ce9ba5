"""The process that draws the three-dimensional pictures (``views``).

VTK is run in a process of its own: where the machine lacks an off-screen OpenGL library VTK ends the whole process
with a segmentation fault, and the report must still come. The second process also draws while this one makes the other figures.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import LesionReadingLib
import numpy as np
from LesionReadingLib.language import N_, _
from LesionReadingLib.process.cancelling import held
from LesionReadingLib.process.scratch import Scratch

if TYPE_CHECKING:
    from .stack import Scene, Surface, Volumes

RENDERING_LIMIT_S = 180  # a driver that hangs must not hang the run
SCRATCH_PREFIX = "oct-calcium-"
MESH = "mesh.json"
NO_OPENGL = N_(
    "The three-dimensional pictures could not be drawn: VTK found no OpenGL library on this machine "
    "(on Debian or Ubuntu: apt-get install libegl1 libgl1-mesa-dri). All numbers are unaffected."
)
_NOT_DRAWN = N_("The three-dimensional pictures could not be drawn ({reason}). All numbers are unaffected.")


@dataclass(frozen=True, eq=False)
class View:
    """One rendered picture: ``pixels`` uint8 (height, width, 3), a parallel projection with ``mm_per_pixel`` along both sides."""

    pixels: np.ndarray
    mm_per_pixel: float


@dataclass(frozen=True, eq=False)
class Views:
    """The rendered pictures by name, or none and the sentence that says why; and the mesh that a page turns (JSON), or None."""

    by_name: dict[str, View]
    reason: str | None
    mesh: str | None = None


class Rendering:
    """The drawing process under way; ``finish`` waits for its pictures. Use it in a ``with`` block."""

    def __init__(
        self, scene: Scene, volumes: Volumes, tissue: np.ndarray | None, surface: Surface | None, with_mesh: bool = False
    ) -> None:
        """Start drawing.

        Args:
            scene, volumes: what to draw.
            tissue: grey frames of the close-up, uint8 (frames, rows, columns) on the scene's grid; None without a pullback.
            surface: the file to write the calcium surface to; None for none.
            with_mesh: whether a page will turn the calcium.
        """
        self._scratch, self._process, self._reason = None, None, ""
        try:
            with held():
                self._scratch = Scratch(None, SCRATCH_PREFIX)
            self._start(self._scratch.path, scene, volumes, tissue, surface, with_mesh)
        except OSError as error:  # a full or missing temporary folder costs the pictures and no more
            self.close()
            self._reason = str(error.strerror or error)
        except BaseException:
            self.close()
            raise

    def _start(
        self,
        folder: Path,
        scene: Scene,
        volumes: Volumes,
        tissue: np.ndarray | None,
        surface: Surface | None,
        with_mesh: bool,
    ) -> None:
        for name, volume in volumes.items():
            np.save(folder / f"{name}.npy", volume)
        if tissue is not None:
            np.save(folder / "tissue.npy", tissue)
        facts = {"step_mm": scene.step_mm, "close_up": scene.close_up, "surface": surface and surface.placed(scene)}
        facts["mesh"] = with_mesh
        (folder / "scene.json").write_text(json.dumps(facts))
        self._draw(folder)

    def _draw(self, folder: Path) -> None:
        packages = [str(Path(__file__).parents[3]), str(Path(LesionReadingLib.__file__).parents[1])]
        # An empty entry would be the current folder, and -P keeps it out as well: what lies there is not ours to run.
        others = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
        with open(folder / "stderr.txt", "wb") as complaints, held():
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", f"{__package__}.views", str(folder)],
                env={**os.environ, "PYTHONPATH": os.pathsep.join([*packages, *others])},
                stdin=subprocess.PIPE,  # never written to: it ends with this process, and the drawing ends with it
                stdout=subprocess.DEVNULL,
                stderr=complaints,
            )

    def __enter__(self) -> Rendering:
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        """End the drawing, if it goes on, and remove what it left."""
        with held():
            if self._process is not None:
                self._process.kill()
                self._process.wait()
                self._process.stdin.close()
            if self._scratch is not None:
                self._scratch.close()

    def finish(self) -> Views:
        """Wait for the views; where this machine cannot draw them, a sentence says so in their place."""
        if self._process is None:
            reason = _("temporary folder: {reason}").format(reason=self._reason)
            return Views({}, _(_NOT_DRAWN).format(reason=reason))
        folder = self._scratch.path
        try:
            status = self._process.wait(RENDERING_LIMIT_S)
            if status < 0:  # VTK's volume mapper was seen to read beyond a pullback of one frame, now and then
                self._process.stdin.close()
                self._draw(folder)
                status = self._process.wait(RENDERING_LIMIT_S)
        except subprocess.TimeoutExpired:
            late = _("Drawing the three-dimensional pictures took more than {limit} seconds. All numbers are unaffected.")
            return Views({}, late.format(limit=RENDERING_LIMIT_S))
        if status > 0:
            complaints = (folder / "stderr.txt").read_text(errors="replace").strip().splitlines()
            ended = _("the drawing ended with status {status}").format(status=status)  # a full disk keeps no words either
            return Views({}, _(_NOT_DRAWN).format(reason=complaints[-1] if complaints else ended))
        if status < 0:
            return Views({}, _(NO_OPENGL))
        scales = json.loads((folder / "views.json").read_text())
        mesh = (folder / MESH).read_text() if (folder / MESH).exists() else None
        return Views({name: View(np.load(folder / f"{name}.npy"), scale) for name, scale in scales.items()}, None, mesh)
