"""What Slicer and its Extensions Index ask of the extension's files, read as text: no Slicer and no CMake is needed."""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image
from places import ROOT
from source_code import file_scope_imports, untranslated_texts

MODULES = ("LesionReading", "OCTCalcium", "HematomaMarkers")
IN_SLICER = {"slicer", "vtk", "qt", "ctk", "SimpleITK", "numpy", "DICOMLib"}
HOME = "https://github.com/lesion-reading/SlicerLesionReading"
RAW = HOME.replace("github.com", "raw.githubusercontent.com") + "/main/"
CATALOGUE_FIELDS = {
    "$schema": str,
    "build_dependencies": list,
    "build_subdirectory": str,
    "category": str,
    "scm_revision": str,
    "scm_url": str,
    "tier": int,
}
"""Fields of the Extensions Index's schema 1.0.1 that we fill, with their types; it allows scm_type and enabled besides."""


def cmake_variables(file: Path) -> dict[str, str]:
    """What a CMakeLists.txt sets, with ``${...}`` of what it set before filled in; comments left out."""
    text = re.sub(r"(?m)(^|\s)#.*$", "", file.read_text(encoding="utf-8"))
    variables: dict[str, str] = {}
    for name, value in re.findall(r"set\((\w+)\s+([^)]*)\)", text):
        variables[name] = re.sub(r"\$\{(\w+)\}", lambda match: variables.get(match[1], match[0]), value).strip().strip('"')
    return variables


def listed(module: str) -> tuple[list[str], list[str]]:
    """Scripts and resources that a module's CMakeLists.txt names."""
    variables = cmake_variables(ROOT / module / "CMakeLists.txt")
    return variables["MODULE_PYTHON_SCRIPTS"].split(), variables["MODULE_PYTHON_RESOURCES"].split()


def held(module: str) -> set[str]:
    """Files in a module's folder that Slicer needs."""
    files = (path for path in (ROOT / module).rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(ROOT / module).as_posix() for path in files} - {"CMakeLists.txt"}


def python_files(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def slicer_files() -> list[Path]:
    """What runs in Slicer's process beside the Libs: files of modules and DICOM plugins, and the Panels."""
    return [path for path in python_files(*MODULES) if not any(part.endswith("Lib") for part in path.parts)]


def test_every_file_of_a_module_is_installed_and_every_installed_file_is_there():
    for module in MODULES:
        scripts, resources = listed(module)
        assert sorted(scripts + resources) == sorted(held(module)), module
        assert all(name.endswith(".py") for name in scripts) and not any(name.endswith(".py") for name in resources), module


def test_modules_do_not_overwrite_each_others_files_where_they_are_installed_together():
    names = [name for module in MODULES for name in (*listed(module)[0], *listed(module)[1])]
    names += [path.relative_to(ROOT).as_posix() for path in (ROOT / "Resources/Models").rglob("*") if path.is_file()]
    lower = [name.lower() for name in names]
    assert len(lower) == len(set(lower)), sorted(name for name in lower if lower.count(name) > 1)


def test_every_module_is_built_with_slicers_macro_and_tested_where_it_has_a_panel():
    built = re.findall(r"add_subdirectory\((\w+)\)", (ROOT / "CMakeLists.txt").read_text())
    assert built == list(MODULES)
    for module in MODULES:
        text = (ROOT / module / "CMakeLists.txt").read_text()
        macro = re.search(r"slicerMacroBuildScriptedModule\(([^)]*)\)", text)[1].split()
        expected = ["NAME", "${MODULE_NAME}", "SCRIPTS", "${MODULE_PYTHON_SCRIPTS}", "RESOURCES", "${MODULE_PYTHON_RESOURCES}"]
        has_panel = module != "LesionReading"
        assert macro == [*expected, *["WITH_GENERIC_TESTS"] * has_panel]
        assert cmake_variables(ROOT / module / "CMakeLists.txt")["MODULE_NAME"] == module
        assert ("slicer_add_python_unittest(SCRIPT ${MODULE_NAME}.py)" in text) == has_panel
        code = (ROOT / module / f"{module}.py").read_text()
        classes = re.findall(r"(?m)^class (\w+)\(", code)
        assert {f"{module}Widget", f"{module}Logic", f"{module}Test"} <= set(classes) or not has_panel


def test_the_shared_module_is_hidden_and_lists_no_self_test(a_desktop):
    import slicer

    assert a_desktop.load_module(ROOT / "LesionReading/LesionReading.py") is None
    module = slicer.modules.lesionreading
    assert module.hidden and module.title and "LesionReading" not in getattr(slicer, "selfTests", {})
    a_desktop.unload_module("LesionReading")


def test_shipped_models_are_copied_to_where_installed_modules_look_for_them():
    text = (ROOT / "CMakeLists.txt").read_text()
    source, target = re.search(r"copy_directory\s+(\S+)\s+(\S+)", text).groups()
    assert source == "${CMAKE_CURRENT_SOURCE_DIR}/Resources/Models"
    assert target == "${CMAKE_BINARY_DIR}/${Slicer_QTSCRIPTEDMODULES_LIB_DIR}/Resources/Models"
    assert all((ROOT / "Resources/Models" / name / "models/model.safetensors").exists() for name in shipped_models())


def shipped_models() -> list[str]:
    return ["hematoma_markers_phantom", "oct_calcium_two_step"]


def test_the_extension_tells_what_it_is_and_needs():
    variables = cmake_variables(ROOT / "CMakeLists.txt")
    text = (ROOT / "CMakeLists.txt").read_text()
    assert re.search(r"project\((\w+)\)", text)[1] == "LesionReading"
    assert variables["EXTENSION_HOMEPAGE"] == HOME and variables["EXTENSION_DEPENDS"] == "PyTorch"
    assert all(module in variables["EXTENSION_DESCRIPTION"] for module in MODULES[1:])
    for url in (variables["EXTENSION_ICONURL"], *variables["EXTENSION_SCREENSHOTURLS"].split()):
        assert url.startswith(RAW) and (ROOT / url.removeprefix(RAW)).exists(), url
    steps = ["find_package(Slicer REQUIRED)", "include(${Slicer_USE_FILE})", "add_subdirectory(LesionReading)"]
    steps += ["include(${Slicer_EXTENSION_GENERATE_CONFIG})", "include(${Slicer_EXTENSION_CPACK})"]
    places = [text.index(step) for step in steps]
    assert places == sorted(places)


def test_the_catalogue_entry_is_one_that_the_extensions_index_takes():
    content = (ROOT / "LesionReading.json").read_bytes()
    entry = json.loads(content)
    assert {name: type(value) for name, value in entry.items()} == CATALOGUE_FIELDS and b"\r" not in content
    schema = "https://raw.githubusercontent.com/Slicer/Slicer/main/Schemas/slicer-extension-catalog-entry-schema-v1.0.1.json#"
    assert entry["$schema"] == schema
    assert entry["build_dependencies"] == cmake_variables(ROOT / "CMakeLists.txt")["EXTENSION_DEPENDS"].split()
    assert entry["category"] in {"Segmentation", "Quantification", "Cardiac", "Neuroimaging"}  # of those that the index accepts
    assert 1 <= entry["tier"] <= 5
    # A repository's name begins with "Slicer", the extension's does not (the index's check_git_repository_name).
    assert entry["scm_url"] == HOME and HOME.rsplit("/", 1)[1].startswith("Slicer")
    assert (ROOT / "LICENSE.txt").exists()


@pytest.mark.parametrize("module", MODULES)
def test_a_module_has_an_icon(module):
    file = ROOT / module / "Resources/Icons" / f"{module}.png"
    with Image.open(file) as icon:
        assert icon.size == (128, 128) and icon.mode == "RGBA"
        small = icon.resize((24, 24), Image.Resampling.LANCZOS)
        assert len(small.quantize(16).getcolors()) > 4 and small.getextrema()[3] == (0, 255)
    assert file.stat().st_size < 20_000


def test_nothing_is_imported_when_slicer_starts_but_what_slicer_has():
    assert loaded_at_file_scope(slicer_files()) == {}


def loaded_at_file_scope(files: list[Path]) -> dict[str, str]:
    """Packages beyond Slicer's own that these files import at file scope, also through our own files, and a file that does."""
    foreign, seen, waiting = {}, set(), list(files)
    while waiting:
        file = waiting.pop()
        if file in seen:
            continue
        seen.add(file)
        for name, level, taken in file_scope_imports(file):
            own = own_files(file, name, level, taken)
            waiting += own
            package = name.split(".")[0]
            if not level and not own and package not in sys.stdlib_module_names | IN_SLICER:
                foreign[package] = file.relative_to(ROOT).as_posix()
    return foreign


def own_files(file: Path, name: str, level: int, taken: tuple[str, ...]) -> list[Path]:
    """The files of ours that an import loads: the module's, those of the names taken from a package, and every ``__init__.py``."""
    parts = name.split(".") if name else []
    starts = [file.parents[level - 1]] if level else [ROOT / module for module in MODULES]
    for start in starts:
        target = start.joinpath(*parts)
        packages = [start.joinpath(*parts[:count]) / "__init__.py" for count in range(1, len(parts) + 1)]
        files = [*packages, target.with_suffix(".py"), *(target / f"{word}.py" for word in taken)]
        found = [each for each in files if each.is_file()]
        if found:
            return found
    return []


def test_the_walk_through_imports_sees_what_a_lib_imports(tmp_path):
    file = tmp_path / "Module.py"
    file.write_text(
        "from LesionReadingLib.model.prediction import choose_device\nimport slicer\n\ndef later():\n    import scipy\n"
    )
    assert set(loaded_at_file_scope([file])) == {"torch"}


def test_every_test_file_that_the_readme_of_the_tests_names_is_there():
    named = re.findall(r"`((?:\w+/)*test_\w+\.py)`", (ROOT / "Testing" / "README.md").read_text(encoding="utf-8"))
    assert len(named) > 20 and [name for name in named if not (ROOT / "Testing" / name).is_file()] == []


def test_no_file_is_longer_than_five_hundred_lines_and_beyond_three_hundred_it_says_why():
    for file in python_files(*MODULES, "training", "Testing"):
        text = file.read_text(encoding="utf-8")
        most = 500 if "more than 300 lines" in text or file.name.startswith("test_") else 300  # tests: Testing/README.md says why
        assert text.count("\n") <= most, file


def test_no_folder_holds_more_than_thirteen_files():
    folders = Counter(file.parent.relative_to(ROOT).as_posix() for file in python_files(*MODULES, "training", "Testing"))
    assert {folder: count for folder, count in folders.items() if count > 13} == {}


@pytest.mark.parametrize("module", MODULES[1:])
def test_every_widget_says_what_it_is_for(module):
    """Frames hold other widgets and say nothing themselves."""
    tree = ElementTree.parse(ROOT / module / "Resources/UI" / f"{module}.ui")
    silent = [
        widget.get("name")
        for widget in tree.iter("widget")
        if widget.get("class") not in ("qMRMLWidget", "QFrame", "QWidget")
        and not (widget.findtext("property[@name='toolTip']/string") or "").strip()
    ]
    assert silent == []


def test_every_text_that_a_user_sees_can_be_translated():
    texts = {file.relative_to(ROOT).as_posix(): untranslated_texts(file) for file in slicer_files()}
    assert {file: found for file, found in texts.items() if found} == {}


def test_untranslated_texts_are_found(tmp_path):
    """Lines that end in "seen" are to be found, the others not."""
    lines = [
        '"""What this file is for."""',
        "label.text = 'Volume'  # seen",
        "label.text = _('Volume')",
        "label.text = _('{count} frames').format(count=3)",
        "label.setText('{} mm'.format(3))  # seen",
        "label.text = f'{value:.1f} mm3'  # seen",
        "label.text = _(f'{value} frames')  # seen",
        "label.text = '' if none else 'Frame'  # seen",
        "raise InputError('too small')  # seen",
        "TEXTS = {'a': 'two words'}  # seen",
        "style = STYLES['refer now'] if decision == 'refer now' else {'no blood': 1}.get('no blood')",
        "fill_table(node, {'Frame': frames})  # seen",
        "logging.info('only for developers')",
        "node.SetAttribute('LesionReading.Result', 'OCTCalcium')",
        "EFFECT = 'Fill between slices'  # no tr: Slicer's name of it",
        "parent.contributors = ['Two words']",
        "page = f'<span style=\"margin: 0 auto; color: {color}\">{value}</span>'",
        "page = f'<span style=\"{style}\">no blood: {value}</span>'  # seen",
        "text = message.partition('Give a head CT')[0]",
        "slicer.util.errorDisplay(text=_('Failed') + 'badly')  # seen",
    ]
    file = tmp_path / "module.py"
    file.write_text("\n".join(lines))
    found = {line for line, _ in untranslated_texts(file)}
    assert found == {number for number, line in enumerate(lines, 1) if line.endswith("# seen")}
