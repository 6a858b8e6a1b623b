"""Holds what the program reads of every picture below a folder against tifffile, Pillow and OpenCV.

    dotnet build -c Release tests/SelfAdapt.Fuzz
    python3 tests/formats/compare.py FOLDER...

Prints, per kind of file, how many are
  equal      the same images, pixel by pixel, as one of the three gives, or as NAME.expected.npy says
  near       the same within a rounding step of a lossy code or a conversion of colours
  arranged   the same planes, grouped or ordered otherwise
  refused    refused by the program with a reason (those that none of the three reads either in brackets)
  alone      read by the program alone
  different  anything else; this makes the exit code 1
Debian: python3-tifffile python3-pil python3-opencv. With imagecodecs beside tifffile more kinds have a witness.
"""

import collections
import json
import logging
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import warnings

import cv2
import numpy
import tifffile
from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "artifacts/bin/SelfAdapt.Fuzz/release/SelfAdapt.Fuzz.dll"
PICTURES = (".tif .tiff .btf .tf8 .stk .lsm .ndpi .png .jpg .jpeg .bmp .gif .webp .pbm .pgm .ppm .pnm .tga").split()
COLUMNS = "equal near arranged refused alone different".split()
MOST_FRAMES = 100
WITNESS_BYTES = 8 << 30
EXCEPTED = {"badrle.bmp"}  # broken on purpose: its runs leave the picture, so that there is no right answer
NEAR = 2.0  # mean difference, of 255, up to which lossy codes and conversions of colours count as near

os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # what the witnesses' C libraries complain about
resource.setrlimit(resource.RLIMIT_AS, (WITNESS_BYTES, resource.RLIM_INFINITY))
Image.MAX_IMAGE_PIXELS = None
logging.disable(logging.CRITICAL)
warnings.simplefilter("ignore")


def split(array, axes, alpha):
    """An array with named axes as a list of images [channels, rows, columns]."""
    channels = [i for i, a in enumerate(axes) if a in "CS"]
    others = [i for i, a in enumerate(axes) if a not in "CSYX"]
    array = array.transpose(others + channels + [axes.index("Y"), axes.index("X")])
    array = array.reshape((-1, int(numpy.prod([array.shape[len(others) + i] for i in range(len(channels))], initial=1)))
                          + array.shape[-2:])
    return [image[:-1] if alpha else image for image in array]


def light(image):
    """Four inks as the light that they leave."""
    most = numpy.iinfo(image.dtype).max
    inks = image.astype(numpy.uint64)
    return ((most - inks[:3]) * (most - inks[3:4]) // most).astype(image.dtype)


def by_tifffile(path):
    """Images by its series; inks by conversion, Lab not at all."""
    with tifffile.TiffFile(path) as tiff:
        images = []
        for series in tiff.series:
            page = series.keyframe
            alpha = bool(page.extrasamples) and page.extrasamples[-1] in (1, 2)
            alpha |= page.photometric == 2 and page.samplesperpixel == 4 and not page.extrasamples
            array = series.asarray()
            array = array * numpy.uint8(255) if array.dtype == bool and page.photometric == 2 else array
            images += split(array, series.axes, alpha and "S" in series.axes)
        if tiff.pages[0].photometric not in (8, 9):
            yield [light(image) for image in images] if tiff.pages[0].photometric == 5 else images


def by_pillow(path):
    with Image.open(path) as file:
        stored, shown = [], []
        for frame in range(min(getattr(file, "n_frames", 1), MOST_FRAMES)):
            file.seek(frame)
            file.load()
            mode = {"CMYK": "RGB", "RGBA": "RGB", "RGBX": "RGB", "YCbCr": "RGB", "LA": "L", "PA": "RGB", "1": "L"}
            for images, wanted in (stored, mode.get(file.mode)), (shown, mode.get(file.mode) or (
                    "RGB" if file.mode == "P" else None)):
                array = numpy.asarray(file.convert(wanted) if wanted else file)
                if images is stored and file.mode == "PA":
                    array = numpy.asarray(file)[..., 0]
                if wanted == "RGB" and "transparency" in file.info:
                    array = array * (numpy.asarray(file.convert("RGBA"))[..., 3:] > 0)
                images.append(array[None] if array.ndim == 2 else array.transpose(2, 0, 1))
        yield stored
        yield shown


def by_opencv(path):
    """Not where it goes wrong or shows colours for their numbers: planar TIFF of more than 8
    bits, palette TIFF, BMP with masks of bits."""
    with open(path, "rb") as file:
        head = file.read(31)
    if head[:2] in (b"II", b"MM"):
        with tifffile.TiffFile(path) as tiff:
            if any((p.planarconfig == 2 and p.bitspersample > 8) or p.photometric == 3 for p in tiff.pages):
                return
    if head[:2] == b"BM" and head[30] == 3:
        return
    ok, frames = cv2.imreadmulti(str(path), flags=cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION)
    if not ok:
        frame = cv2.imread(str(path), cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION)
        frames = [] if frame is None else [frame]
    images = [f[None] if f.ndim == 2 else f[..., :3][..., ::-1].transpose(2, 0, 1) for f in frames]
    yield images
    yield [image[:1] if len(image) == 3 and (image == image[:1]).all() else image for image in images]
    if frames and frames[0].dtype == numpy.uint16:
        for bits in 10, 12, 14:  # which OpenCV scales to 16, and shows white as the highest
            yield [image >> (16 - bits) for image in images]
            yield [((1 << bits) - 1) - (image >> (16 - bits)) for image in images]


def witnesses(path):
    """Every way in which one of the three reads a file."""
    found = []
    for reader in by_tifffile, by_pillow, by_opencv:
        try:
            found += [images for images in reader(path) if any(image.min() != image.max() for image in images)]
        except Exception:  # whatever a witness stumbles on, the others are heard
            pass
    return found


def same(ours, theirs):
    return len(ours) == len(theirs) and all(
        a.shape == b.shape and numpy.array_equal(a, b.astype(numpy.float32), equal_nan=True)
        for a, b in zip(ours, theirs))


def near(ours, theirs):
    def close(a, b):
        if a.shape != b.shape or b.dtype not in (numpy.uint8, numpy.uint16):
            return False
        if b.dtype == numpy.uint8 and a.max() > 255:  # Pillow shows 16 bits of colour in 8
            a = a / 257
        return numpy.abs(a - b.astype(numpy.float32)).mean() <= NEAR * max(1, b.max() / 255)

    return len(ours) == len(theirs) and all(map(close, ours, theirs))


def planes(images):
    return collections.Counter(p.astype(numpy.float32).tobytes() for image in images for p in image)


def verdict(ours, found):
    if any(same(ours, theirs) for theirs in found):
        return "equal"
    own = planes(ours)
    if any(planes(theirs) <= own for theirs in found):  # a witness may leave out channels beyond the third
        return "arranged"
    if any(near(ours, theirs) for theirs in found):
        return "near"
    return "different"


def kind(path):
    """What a file's row is called."""
    if path.suffix.lower() not in PICTURES[:7]:
        return path.suffix.lower().lstrip(".")
    try:
        with tifffile.TiffFile(path) as tiff:
            page = tiff.pages[0]
            name = getattr(page.compression, "name", str(page.compression)).lower().replace("adobe_", "")
            colour = getattr(page.photometric, "name", str(page.photometric)).lower()
            described = sorted(tiff.flags & {"ome", "imagej", "shaped", "stk", "lsm", "micromanager"})
            return f"TIFF {name}, {colour}" + "".join(", " + d for d in described)
    except Exception:
        return "TIFF, unreadable by tifffile"


def unlimited():
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def main(folders):
    table = collections.defaultdict(collections.Counter)
    for folder in folders:
        with tempfile.TemporaryDirectory() as scratch:
            lines = subprocess.run(["dotnet", PROGRAM, "--decode", folder, "--out", scratch], check=True, text=True,
                                   stdout=subprocess.PIPE, preexec_fn=unlimited).stdout
            for line in map(json.loads, lines.splitlines()):
                path = pathlib.Path(line["file"])
                if path.suffix.lower() not in PICTURES or path.name in EXCEPTED:
                    continue
                ours = [numpy.load(f"{scratch}/{line['number']}.{i}.npy") for i in range(line["images"])]
                expected = path.with_name(path.name + ".expected.npy")
                if expected.exists():
                    right = numpy.load(expected)
                    found = [list(right) if right.ndim == 4 else [right]]
                else:
                    found = witnesses(path)
                row = table[kind(path)]
                result = "refused" if line["refused"] else verdict(ours, found) if found else "alone"
                row[result] += 1
                row["unread"] += result == "refused" and not found
                if result in ("different", "refused", "arranged"):
                    shapes = [[i.shape for i in f][:2] for f in found][:3]
                    print(result, path, line["refused"] or f"{[i.shape for i in ours][:3]} {shapes}")
    print("| kind |" + "".join(f" {c} |" for c in COLUMNS))
    print("|---|" + "---:|" * len(COLUMNS))
    for name, row in sorted(table.items()) + [("**all**", sum(table.values(), collections.Counter()))]:
        cells = [f"{row['refused']} ({row['unread']})" if c == "refused" and row[c] else row[c] or "" for c in COLUMNS]
        print(f"| {name} |" + "".join(f" {c} |" for c in cells))
    return 1 if any(row["different"] for row in table.values()) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
