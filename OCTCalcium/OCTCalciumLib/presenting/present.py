"""Everything that is written for a reader: tables, pictures and the report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from LesionReadingLib.labels.label_map import LabelMap
from LesionReadingLib.language import _, language, speaking
from LesionReadingLib.presenting.consequences import Consequences
from LesionReadingLib.presenting.drawing import NO_FONT, picture_language
from LesionReadingLib.presenting.options import USUAL_PAGE, PageOptions
from LesionReadingLib.presenting.scroll import small
from LesionReadingLib.presenting.study import study_of
from LesionReadingLib.process.threads import Threads

from ..labels import BACKGROUND
from ..measurement.pullback import PullbackMeasurement
from ..vessel.strays import without_strays
from ..wall.calcium_range import CalciumRange
from .first_screen import SHIPPED_CONSEQUENCES
from .headline import frame_place
from .rendering.process import Rendering
from .rendering.stack import Scene, Surface, build_scene
from .tables import write_frames, write_lesions

if TYPE_CHECKING:
    from ..reading.pullback import Pullback

_THREADS = 2
_Strays = tuple[int, np.ndarray, np.ndarray]
"""Of one frame: its number, the flat indices of the strays' pixels, and their labels."""


def present(
    folder: Path,
    label_map: LabelMap,
    measurement: PullbackMeasurement,
    *,
    pullback: Pullback | None = None,
    model: Mapping[str, Any] | None = None,
    ranges: Sequence[CalciumRange | None] | None = None,
    page: PageOptions = USUAL_PAGE,
    meanwhile: Callable[[], Sequence[str]] = tuple,
    afterwards: Callable[[], None] = lambda: None,
    log: Callable[[str], None] = lambda sentence: None,
) -> list[Path]:
    """Write tables (CSV), pictures (PNG), the calcium surface (VTP, where every spacing is known) and ``report.html``.

    Args:
        folder: where to write; it exists.
        label_map: labels uint8 (frames, rows, columns) with their place in the patient; strays are taken out of them in place, as
            a copy of a long pullback would be half a gigabyte.
        measurement: of ``label_map``.
        pullback: the frames; None where only a label map was measured, so that outlines are drawn without them.
        model: what the bundle says of itself (``Bundle.summary``); None where no network took part.
        ranges: how far calcium may reach in each frame by the model's scores; None where no model gave any.
        page: how the page is written.
        meanwhile: called while another process draws, with every label in its place; gives sentences for the report.
        afterwards: called beside the last of the work, when the labels are needed no more.
        log: is given, in a sentence, what could not be drawn.

    Returns:
        the files that were written.
    """
    from .scrolling import begun_frames

    labels = label_map.labels
    with Threads(_THREADS) as threads:
        packed = begun_frames(pullback, threads) if page.scroll else None
        strays = _strays_taken_out(labels, measurement)
        scene, volumes = build_scene(labels, measurement)
        tissue = _tissue(pullback, scene) if pullback else None
        surface = None
        if scene.to_scale and measurement.max_arc_frame is not None:
            surface = Surface(folder / "calcium_surface.vtp", label_map.grid)
        with Rendering(scene, volumes, tissue, surface, with_mesh=page.scroll) as rendering:
            del volumes  # the other process has them now: of a long pullback over 100 MB
            # Imported while the other process draws.
            from .figures.stack import draw_surfaces, draw_volumes
            from .report import write_report
            from .scrolling import scroll_of

            _put(strays, labels)
            label_notes = (*label_map.notes, *meanwhile())
            _put(strays, labels, BACKGROUND)
            tables = [folder / "frames.csv", folder / "lesions.csv"]
            write_frames(tables[0], measurement)
            write_lesions(tables[1], measurement)
            with speaking(picture_language()):
                pictures = _flat_pictures(folder, pullback, labels, measurement)
            scroll = None
            if page.scroll:
                first = _first_shown(measurement)
                scroll = scroll_of(measurement, labels, pullback, start=first, ranges=ranges, packed=packed)
            study = study_of(pullback.files if pullback else (), labels, page.identity)
            last = threads.submit(afterwards)
            views = rendering.finish()
        if views.reason:
            log(views.reason)
        else:
            for name in ("calcium_3d", "calcium_volume_rendering"):
                pictures[name] = folder / f"{name}.png"
            with speaking(picture_language()):
                draw_surfaces(pictures["calcium_3d"], views.by_name, scene, measurement)
                draw_volumes(pictures["calcium_volume_rendering"], views.by_name, scene, measurement, tissue is not None)
        if picture_language() != language():
            log(_(NO_FONT))
        report = folder / "report.html"
        write_report(
            report,
            measurement,
            pictures,
            missing_pictures=views.reason,
            pullback=pullback,
            model=model,
            label_notes=label_notes,
            study=study,
            scroll=scroll,
            mesh=views.mesh,
            consequences=Consequences(SHIPPED_CONSEQUENCES, page.consequences),
            ranges=ranges,
        )
        last.result()
    surfaces = [surface.file] if surface and surface.file.exists() else []
    return [report, *tables, *pictures.values(), *surfaces]


def _first_shown(measurement: PullbackMeasurement) -> int | None:
    """The frame that the page shows first: of the largest arc that neighbours hold, else of the largest arc."""
    held = measurement.held_arc.first_frame
    return measurement.max_arc_frame if held is None else held


def _tissue(pullback: Pullback, scene: Scene) -> np.ndarray:
    """The grey frames of the close-up on the scene's grid, from those that pages show: their speckle is averaged."""
    read = pullback.read_small or (lambda first, stop: map(small, pullback.read(first, stop)))
    return np.stack([scene.reduced(frame, (pullback.rows, pullback.columns)) for frame in read(*scene.close_up)])


def _strays_taken_out(labels: np.ndarray, measurement: PullbackMeasurement) -> list[_Strays]:
    """Make strays in labels (frames, rows, columns) background: a speck far out would shrink the vessel in its picture."""
    taken = []
    for index in (frame.frame for frame in measurement.frames if frame.strays.any):
        kept = without_strays(labels[index])
        places = np.flatnonzero(kept != labels[index])
        taken.append((index, places, labels[index].flat[places]))
        labels[index] = kept
    return taken


def _put(strays: Sequence[_Strays], labels: np.ndarray, value: int | None = None) -> None:
    """Put strays back into labels (frames, rows, columns), or some other value in their places."""
    for index, places, values in strays:
        labels[index].flat[places] = values if value is None else value


def _flat_pictures(
    folder: Path, pullback: Pullback | None, labels: np.ndarray, measurement: PullbackMeasurement
) -> dict[str, Path]:
    """Draw the figures along the pullback and the frames of the largest values; name -> file."""
    from .figures.along import draw_arcs
    from .figures.en_face_figure import draw_en_face
    from .figures.frames import FramePicture, draw_smallest_lumen, draw_thickest, draw_widest_arc

    lumen = measurement.minimum_lumen_area
    held = _widest_held(measurement)
    single = _("Maximum arc") if held is None else _("Maximum arc of a single frame")
    decisive = {
        "frame_held_arc": (held, draw_widest_arc, _("Largest arc that neighbours hold")),
        "frame_max_arc": (measurement.max_arc_frame, draw_widest_arc, single),
        "frame_max_thickness": (measurement.max_thickness_frame, draw_thickest, _("Maximum thickness")),
        "frame_min_lumen": (lumen[1] if lumen else None, draw_smallest_lumen, _("Minimum lumen area")),
    }
    pictures = {"arcs": folder / "arcs.png", "en_face": folder / "en_face.png"}
    draw_arcs(pictures["arcs"], measurement)
    draw_en_face(pictures["en_face"], measurement)
    for name, (frame, draw, title) in decisive.items():
        if frame is not None:
            grey = next(iter(pullback.read(frame, frame + 1))) if pullback else None
            pictures[name] = folder / f"{name}.png"
            picture = FramePicture(grey, labels[frame], measurement.frames[frame], measurement.spacing)
            place = frame_place(frame, measurement.spacing)
            draw(pictures[name], picture, _("{title}: {place}").format(title=title, place=place))
    return pictures


def _widest_held(measurement: PullbackMeasurement) -> int | None:
    """The widest frame of the stretch that holds the largest arc; None where it is the frame of the maximum arc anyway."""
    held = measurement.held_arc
    if held.first_frame is None or held.first_frame <= measurement.max_arc_frame <= held.last_frame:
        return None
    stretch = measurement.frames[held.first_frame : held.last_frame + 1]
    return max(stretch, key=lambda frame: frame.arc_bridged_deg).frame
