"""Broken and hostile volume files and pictures, refused in one sentence before a library sees them; sound ones are read."""

from __future__ import annotations

import bz2
import gzip
import os
import struct
import time
import zlib

import numpy as np
import pytest
import SimpleITK as sitk
from drawn_bleed import a_grid, a_head
from HematomaMarkersLib.reading.read import open_scan
from LesionReadingLib.errors import InputError
from LesionReadingLib.reading.images import picture_pages, read_picture
from LesionReadingLib.reading.volume_files import image_reader
from OCTCalciumLib.reading.read import open_pullback
from OCTCalciumLib.segments import read_oct_label_map
from PIL import Image

READERS = {"label map": read_oct_label_map, "pullback": open_pullback, "head CT": open_scan}
SIZE = (6, 40, 32)  # frames, rows, columns
RANDOM = np.random.default_rng(3)
GREY = RANDOM.integers(0, 255, SIZE, dtype=np.uint8)
BYTES = GREY.tobytes()
LABELS = (GREY > 200).astype(np.uint8)


def written(path, values=LABELS, packed=False):
    image = sitk.GetImageFromArray(values)
    image.SetSpacing((0.01, 0.02, 0.2))
    sitk.WriteImage(image, str(path), useCompression=packed)
    return path


A_PLACE = ("space: left-posterior-superior", "space directions: (0.01,0,0) (0,0.02,0) (0,0,0.2)", "space origin: (0,0,0)")


def a_nrrd(path, lines=(), data=BYTES, encoding="raw", sizes="32 40 6", place=A_PLACE):
    fields = ["NRRD0004", "type: uint8", "dimension: 3", f"sizes: {sizes}", f"encoding: {encoding}", "endian: little", *place]
    path.write_bytes("\n".join([*fields, *lines, "", ""]).encode() + data)
    return path


def a_meta(path, lines=(), data_file="LOCAL", data=BYTES, dims="3", sizes="32 40 6"):
    fields = ["ObjectType = Image", f"NDims = {dims}", "BinaryData = True", "BinaryDataByteOrderMSB = False"]
    fields += ["ElementSpacing = 0.01 0.02 0.2", f"DimSize = {sizes}", "ElementType = MET_UCHAR", *lines]
    path.write_bytes("\n".join([*fields, f"ElementDataFile = {data_file}", ""]).encode() + data)
    return path


def edited(path, place, form, value):
    """A NIfTI file with another value in its header."""
    content = path.read_bytes()
    packed = content[:2] == b"\x1f\x8b"
    content = bytearray(gzip.decompress(content) if packed else content)
    struct.pack_into(form, content, place, value)
    path.write_bytes(gzip.compress(bytes(content)) if packed else content)
    return path


def voxels(path):
    return sitk.GetArrayFromImage(image_reader(path).Execute())


SOUND = {
    "x.nii": lambda path: written(path, GREY),
    "x.nii.gz": lambda path: written(path, GREY),
    "x.nrrd": lambda path: written(path, GREY, packed=True),
    "x.nhdr": lambda path: written(path, GREY, packed=True),
    "x.mha": lambda path: written(path, GREY, packed=True),
    "x.mhd": lambda path: written(path, GREY),
    "text.nrrd": lambda path: a_nrrd(path, data=" ".join(map(str, GREY.ravel())).encode(), encoding="ascii"),
    "skipped.nrrd": lambda path: a_nrrd(path, ["byte skip: 5"], b"12345" + GREY.tobytes()),
    "at the end.nrrd": lambda path: a_nrrd(path, ["byte skip: -1"], b"anything" + GREY.tobytes()),
    "other case.nrrd": lambda path: a_nrrd(path, ["Sample Units: none", "# a comment", "key:=a: value"]),
    "local.mha": a_meta,
}


@pytest.mark.parametrize("name", SOUND)
def test_sound_volume_files_are_read(tmp_path, name):
    assert np.array_equal(voxels(SOUND[name](tmp_path / name)), GREY)


@pytest.mark.parametrize("name", ["x.nii", "x.nii.gz", "x.nrrd", "x.mha", "x.mhd", "x.nhdr", "packed.nrrd", "packed.mha"])
@pytest.mark.parametrize("lost", [1, 9, 0.5, 0.9])
def test_a_cut_off_volume_is_never_read_as_whole(tmp_path, name, lost):
    path = written(tmp_path / name, packed="packed" in name)
    others = [file for file in tmp_path.iterdir() if file != path]
    data = others[0] if others else path
    content = data.read_bytes()
    keep = len(content) - lost if lost >= 1 else int((1 - lost) * len(content))
    data.write_bytes(content[:keep])
    for read in READERS.values():
        with pytest.raises(InputError):
            read(path)


def test_a_packed_volume_with_a_changed_bit_is_refused(tmp_path):
    for name in ("x.nii.gz", "x.nrrd", "x.mha"):
        path = written(tmp_path / name, packed=True)
        content = bytearray(path.read_bytes())
        content[-30] ^= 1
        path.write_bytes(content)
        with pytest.raises(InputError):
            read_oct_label_map(path)


@pytest.mark.parametrize("ending", ["nii", "nii.gz"])
@pytest.mark.parametrize(
    ("place", "form", "value"),
    [
        (280, "<f", np.inf),
        (300, "<f", np.nan),
        (256, "<f", np.nan),
        (80, "<f", 0.0),
        (84, "<f", -np.inf),
        (88, "<f", 1e30),
        (40, "<h", 0),
        (40, "<h", 99),
        (42, "<h", 0),
        (44, "<h", -4),
        (46, "<h", 30000),
        (70, "<h", 77),
        (72, "<h", 12),
        (108, "<f", 1e9),
        (108, "<f", np.nan),
        (108, "<f", 3.5),
        (112, "<f", np.inf),
        (0, "<i", 0),
        (344, "<i", 0),
        (112, "<f", 1e-30),
        (116, "<f", np.inf),
    ],
)
def test_a_nifti_header_that_cannot_be_right_is_refused_at_once(tmp_path, ending, place, form, value):
    path = edited(written(tmp_path / f"x.{ending}"), place, form, value)
    begin = time.process_time()
    with pytest.raises(InputError, match=r"x\.nii"):
        image_reader(path)
    assert time.process_time() - begin < 2


@pytest.mark.parametrize("slope", [0.0, np.nan])
def test_a_nifti_intercept_without_a_slope_is_refused_as_the_library_would_add_it(tmp_path, slope):
    path = edited(written(tmp_path / "x.nii"), 112, "<f", slope)
    assert voxels(path).any(), "no scaling at all is read"
    with pytest.raises(InputError, match="scaling"):
        image_reader(edited(path, 116, "<f", 7.0))


@pytest.mark.parametrize(
    "lines",
    [
        ["data file: ../secret.raw"],
        ["data file: /etc/hostname"],
        ["data file: LIST"],
        ["data file: x%d.raw 1 2 1"],
        ["data file: a link"],
        ["data file: a pipe"],
        ["data file: ."],
        ["line skip: 1"],
        ["line skip: x"],
        ["byte skip: -2"],
        ["byte skip: 99999999999"],
        ["space origin: (0,0,0)"],
        ["no field at all"],
        ["number: 1", "number: 1"],
        ["measurement frame: (inf,0,0) (0,1,0) (0,0,1)"],
        ["spacings: inf 1 1"],
        ["axis mins: 1e300 0 0"],
        ["labels: " + "x" * 70_000],
        ["measurement frame: " + "a" * 70_000],
        ["measurement frame: (" + "1" * 70_000 + ",0,0) (0,1,0) (0,0,1)"],
    ],
)
def test_an_nrrd_header_reaches_for_nothing_but_its_own_voxels(tmp_path, lines):
    folder = tmp_path / "shared"
    folder.mkdir()
    (tmp_path / "secret.raw").write_bytes(GREY.tobytes())
    (folder / "a link").symlink_to(tmp_path / "secret.raw")
    os.mkfifo(folder / "a pipe")
    for read in READERS.values():
        with pytest.raises(InputError):
            read(a_nrrd(folder / "x.nrrd", lines))


def test_a_packing_that_the_library_does_not_know_is_not_taken_for_damage(tmp_path):
    head = "NRRD0004\ntype: uint8\ndimension: 3\nsizes: 8 8 2\nspacings: 1 1 1\nencoding: bzip2\n\n"
    (tmp_path / "x.nrrd").write_bytes(head.encode() + bz2.compress(bytes(128)))
    with pytest.raises(InputError, match="an encoding of voxels that is not known"):
        image_reader(tmp_path / "x.nrrd")


@pytest.mark.parametrize("sizes", ["32 40", "32 40 0", "32 40 -6", "2000000000 2000000000 6", "32 40 6 1", "a b c", ""])
def test_sizes_of_no_image_are_refused(tmp_path, sizes):
    for path in (a_nrrd(tmp_path / "x.nrrd", sizes=sizes), a_meta(tmp_path / "x.mha", sizes=sizes)):
        with pytest.raises(InputError):
            image_reader(path)


@pytest.mark.parametrize(
    ("lines", "data_file"),
    [
        ([], "%n%n%s 1 3 1"),
        ([], "x%d.raw 1 3 1"),
        ([], "LIST"),
        ([], "LIST 2"),
        ([], "../secret.raw"),
        ([], "/etc/hostname"),
        ([], "a pipe"),
        ([], "a link"),
        ([], ""),
        (["NDims = 99"], "LOCAL"),
        (["NDims: 99"], "LOCAL"),
        (["Offset = 0 0 nan"], "LOCAL"),
        (["TransformMatrix = 1 0 0"], "LOCAL"),
        (["HeaderSize = 7"], "LOCAL"),
        (["ElementNumberOfChannels = 0"], "LOCAL"),
        (["ElementNumberOfChannels = 99999999"], "LOCAL"),
        (["CompressedData = True"], "LOCAL"),
        (["BinaryData = False"], "LOCAL"),
        (["x" * 600 + " = 1"], "LOCAL"),
        (["Comment = " + "y" * 9000], "LOCAL"),
        (["ElementSize = 0 1 1"], "LOCAL"),
    ],
)
def test_a_metaimage_header_reaches_for_nothing_but_its_own_voxels(tmp_path, lines, data_file):
    folder = tmp_path / "shared"
    folder.mkdir()
    (tmp_path / "secret.raw").write_bytes(GREY.tobytes())
    (folder / "a link").symlink_to(tmp_path / "secret.raw")
    os.mkfifo(folder / "a pipe")
    for read in READERS.values():
        with pytest.raises(InputError):
            read(a_meta(folder / "x.mhd", lines, data_file))


@pytest.mark.parametrize("line", ["ElementToIntensityFunctionSlope = 2", "ElementToIntensityFunctionOffset = -1024"])
def test_a_metaimage_that_scales_its_values_is_refused_as_the_library_would_not_scale_them(tmp_path, line):
    for read in READERS.values():
        with pytest.raises(InputError, match="scaling"):
            read(a_meta(tmp_path / "x.mha", [line]))
    assert voxels(a_meta(tmp_path / "x.mha", ["ElementToIntensityFunctionSlope = 1.0"])).any()


@pytest.mark.parametrize("name", ["x.mha", "x.mhd"])
def test_packed_voxels_of_a_size_that_is_not_stated_are_read_where_they_fill_a_file_of_their_own(tmp_path, name):
    path = written(tmp_path / name, packed=True)
    lines = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join(line for line in lines if not line.startswith(b"CompressedDataSize")))
    if name == "x.mhd":
        return np.testing.assert_array_equal(voxels(path), LABELS)
    with pytest.raises(InputError, match="does not state how much is packed"):
        voxels(path)


@pytest.mark.parametrize("name", [b"\xff.nrrd", b"\xff.seg.nrrd", b"\xff.nii.gz", b"\xff.mha", b"\xff/x.nrrd", b"\xff/x.nii"])
def test_a_volume_whose_name_is_no_utf_8_is_refused_where_the_library_would_end_the_process(tmp_path, name):
    path = tmp_path / os.fsdecode(name)
    path.parent.mkdir(exist_ok=True)
    sound = written(tmp_path / f"sound.{path.name.split('.', 1)[1].removeprefix('seg.')}")
    path.write_bytes(sound.read_bytes())
    for read in READERS.values():
        with pytest.raises(InputError, match="UTF-8"):
            read(path)


@pytest.mark.parametrize("dims", ["0", "1", "5", "17", "-3", "4294967299", "three"])
def test_a_metaimage_of_absurd_axes_is_refused(tmp_path, dims):
    with pytest.raises(InputError):
        image_reader(a_meta(tmp_path / "x.mha", dims=dims))


@pytest.mark.parametrize(
    "place",
    [
        ["space: left-posterior-superior", "space directions: (0,0,0) (0,1,0) (0,0,1)"],
        ["space: left-posterior-superior", "space directions: (0.01,0,0) (0,0.02,0) (0, 0, -0.0)"],
        ["spacings: 0.01 0 0.2"],
    ],
)
def test_an_nrrd_header_of_voxels_without_extent_is_refused(tmp_path, place):
    for read in READERS.values():
        with pytest.raises(InputError, match="voxels without extent"):
            read(a_nrrd(tmp_path / "x.nrrd", place=place))


def test_a_volume_is_read_by_the_reader_of_its_name_alone(tmp_path):
    Image.fromarray(GREY[0]).save(tmp_path / "x.png")
    for name in ("x.nrrd", "x.nii", "x.mha", "x.nii.gz"):
        (tmp_path / name).write_bytes((tmp_path / "x.png").read_bytes())
        with pytest.raises(InputError):
            image_reader(tmp_path / name)


BOMB = zlib.compressobj(9, wbits=31)
ZEROS = b"".join([*(BOMB.compress(bytes(1 << 24)) for _ in range(8)), BOMB.flush()])  # 128 MB in 130 kB


@pytest.mark.parametrize(
    ("sizes", "data"),
    [
        ("16000 16000 16", ZEROS),
        ("60000 60000 60000", ZEROS),
        ("2048 2048 900", ZEROS),
        ("32 40 6", ZEROS),
        ("4000 4000 8", ZEROS[:60_000]),
    ],
    ids=["more than packed", "more than any", "no picture packs so", "more than stated", "cut off"],
)
def test_what_unpacks_to_another_size_than_stated_is_refused_quickly(tmp_path, sizes, data):
    for path in (
        a_nrrd(tmp_path / "x.nrrd", sizes=sizes, data=data, encoding="gzip"),
        a_meta(tmp_path / "x.mha", ["CompressedData = True"], sizes=sizes, data=data),
    ):
        begin = time.process_time()
        with pytest.raises(InputError):
            image_reader(path)
        assert time.process_time() - begin < 3


def test_pictures_that_state_another_size_or_far_more_pixels_are_refused(tmp_path):
    for width, height in ((0, 40), (100_000, 100_000), (9000, 9000), (2**31 - 1, 1)):
        path = tmp_path / "x.png"
        Image.fromarray(GREY[0]).save(path)
        content = bytearray(path.read_bytes())
        content[16:24] = struct.pack(">2I", width, height)
        content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
        path.write_bytes(content)
        with pytest.raises(InputError):
            picture_pages([path])
        with pytest.raises(InputError):
            read_picture(path, 0)


@pytest.mark.parametrize("tag", [256, 257, 258, 259, 262, 273, 277, 279])
def test_a_tiff_without_one_of_its_tags_is_refused_or_read_as_it_was(tmp_path, tag):
    path = tmp_path / "x.tif"
    Image.fromarray(GREY[0]).save(path)
    content = path.read_bytes()
    start = int.from_bytes(content[4:8], "little") + 2
    count = int.from_bytes(content[start - 2 : start], "little")
    entries = [content[start + 12 * number : start + 12 * number + 12] for number in range(count)]
    kept = b"".join(entry if int.from_bytes(entry[:2], "little") != tag else b"\xff\xfe" + entry[2:] for entry in entries)
    path.write_bytes(content[:start] + kept + content[start + len(kept) :])
    try:
        picture_pages([path])
        found = read_picture(path, 0)
    except InputError:
        return
    assert found.shape == GREY[0].shape


def test_label_maps_of_absurd_voxels_are_refused_by_both_commands(tmp_path):
    from drawn_bleed import a_grid, a_head
    from HematomaMarkersLib.segments import place_label_map

    scan, _ = a_head(a_grid(pixel_mm=(4.0, 4.0), slice_mm=10.0))
    for spacing in ((1000.0, 1000.0, 1000.0), (1000.0, 0.02, 0.2), (0.01, 0.02, 1000.0), (1e-6, 1e-6, 1e-6)):
        image = sitk.GetImageFromArray(LABELS)
        image.SetSpacing(spacing)
        sitk.WriteImage(image, str(tmp_path / "x.nrrd"))
        with pytest.raises(InputError):
            read_oct_label_map(tmp_path / "x.nrrd")
        with pytest.raises(InputError):
            place_label_map(tmp_path / "x.nrrd", scan)


@pytest.mark.parametrize(
    "line",
    [
        "Segment0_LabelValue:=x",
        "Segment0_Layer:=1.5",
        "Segmentation_ReferenceImageExtentOffset:=a b c",
        "Segmentation_ReferenceImageExtentOffset:=1 2",
        "Segmentation_ReferenceImageExtentOffset:=99999999999 9 9",
        "Segmentation_ConversionParameters:=Reference image geometry|" + "1;" * 16 + "0;99999999;0;99999999;0;99999999;|",
        "Segmentation_ConversionParameters:=Reference image geometry|" + "1;" * 16 + "9;1;9;1;9;1;|",
        "LesionReading_slice_positions_mm:=a b c",
    ],
)
def test_segments_described_by_numbers_that_are_none_are_refused(tmp_path, line):
    path = a_nrrd(tmp_path / "x.seg.nrrd", ["Segment0_ID:=calcium", "Segment0_Name:=calcium", line])
    with pytest.raises(InputError):
        read_oct_label_map(path)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("Segment1_LabelValue:=1", "calcium and lumen, are said to be the same voxels"),
        ("Segment1_Layer:=1", "1 layers, but lumen is said to be in another"),
        ("Segment1_Layer:=-1", "1 layers, but lumen is said to be in another"),
    ],
)
def test_segments_that_cannot_be_told_apart_or_are_not_there_are_refused(tmp_path, line, why):
    lines = ["Segment0_Name:=calcium", "Segment0_LabelValue:=1", "Segment1_Name:=lumen"]
    lines += [other for other in ("Segment1_LabelValue:=2", "Segment1_Layer:=0") if other[:17] != line[:17]] + [line]
    with pytest.raises(InputError, match=why):
        read_oct_label_map(a_nrrd(tmp_path / "x.seg.nrrd", lines, data=LABELS.tobytes()))
    sound = ["Segment0_Name:=calcium", "Segment0_LabelValue:=1", "Segment1_Name:=lumen", "Segment1_LabelValue:=2"]
    assert read_oct_label_map(a_nrrd(tmp_path / "x.seg.nrrd", sound, data=LABELS.tobytes())).labels.any()


@pytest.mark.parametrize("ending", ["nii", "nii.gz", "nrrd", "mha"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_voxels_that_are_no_numbers_are_never_read_as_zeros(tmp_path, ending, value):
    """ITK's library for NIfTI makes zeros of them, which are a background, grey or the HU of water."""
    labels, grey = LABELS.astype(np.float32), GREY.astype(np.float64)
    labels[3, 20, 11] = grey[3, 20, 11] = value
    for name, voxels, kind in (("label", labels, "label map"), ("grey", grey, "pullback")):
        with pytest.raises(InputError, match=r"NaN|not numbers|unknown label"):
            READERS[kind](written(tmp_path / f"{name}.{ending}", voxels))


def test_a_head_has_air_where_its_file_has_no_number(tmp_path):
    scan, _ = a_head(a_grid(pixel_mm=(4.0, 4.0), slice_mm=10.0))
    hounsfield = scan.hounsfield.astype(np.float32)
    hounsfield[2, :3] = np.nan
    image = sitk.GetImageFromArray(hounsfield)
    image.SetSpacing((4.0, 4.0, 10.0))
    sitk.WriteImage(image, str(tmp_path / "x.nii.gz"))
    read = open_scan(tmp_path / "x.nii.gz").hounsfield
    assert (read[2, :3] == -1024).all() and np.array_equal(read[3], scan.hounsfield[3])
