"""Makes SYNTHETIC mammography exams: no woman, no machine and no reader had any part in them.

Four views an exam (left and right, CC and MLO), two invented vendors, 16-bit PNG or DICOM of 12
or 16 bits.
Tissue is noise with a power-law spectrum, as breast texture has (Burgess, Jacobson & Judy 2001);
an exam with a finding holds, in both views of one side, a cluster of small specks. Every view of
every exam holds as many and as bright specks, scattered: what tells a finding is that they lie
together. `--contrast` says how far specks stand out, `--spread` how close a cluster is; the
defaults are such that a small net finds what measures of sharpness do not (DATA.md).

    python make_exams.py --into exams --exams 200
    python make_exams.py --into exams --exams 3000 --height 3000 --width 2000 \\
        --format dicom --bits 16

Writes one file a view, `cases.csv` with a row an exam, and `boxes.csv` with the true box of every
cluster, in pixels. Nothing that is measured on these says anything about mammography.
"""

from __future__ import annotations

import argparse
import csv
import sys
from pathlib import Path

import numpy as np

VIEWS = tuple((side, view) for side in "LR" for view in ("CC", "MLO"))
SYNTHETIC = "SYNTHETIC, no patient"
# the exponent of the amplitude; the power of breast texture falls as f**-3
ROUGHNESS = 1.5
SHARE_WITH_FINDING = 0.5


def tissue(height, width, rng):
    """Power-law noise, mean 0 and deviation 1, shape (height, width)."""
    down, across = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None, :]
    radius = np.hypot(down, across)
    radius[0, 0] = 1.0
    phases = rng.normal(size=radius.shape) + 1j * rng.normal(size=radius.shape)
    phases[0, 0] = 0.0
    found = np.fft.irfft2(phases / radius**ROUGHNESS, s=(height, width))
    return (found - found.mean()) / found.std()


def breast(height, width):
    """Where there is tissue: half an ellipse from the chest wall on the left."""
    y, x = np.mgrid[0:height, 0:width]
    return ((y / height - 0.5) / 0.47) ** 2 + (x / width / 0.9) ** 2 < 1.0


def specks(image, places, bright):
    """Adds small round specks of about a pixel and a half."""
    for (row, column), amount in zip(places, bright, strict=True):
        top, left = int(row) - 3, int(column) - 3
        y, x = np.mgrid[top : top + 7, left : left + 7]
        spot = amount * np.exp(-((y - row) ** 2 + (x - column) ** 2) / (2 * 0.8**2))
        image[top : top + 7, left : left + 7] += spot


def within(inside, count, rng, margin=5):
    """Random places inside the breast, away from the edges of the image."""
    height, width = inside.shape
    rows, columns = np.nonzero(inside)
    kept = (rows >= margin) & (rows < height - margin)
    kept &= (columns >= margin) & (columns < width - margin)
    chosen = rng.integers(0, kept.sum(), count)
    return np.column_stack([rows[kept][chosen], columns[kept][chosen]]).astype(float)


def view_of(args, finding, rng):
    """One image from 0 to 1 as it was taken, and the box of its cluster (None: there is none)."""
    inside = breast(args.height, args.width)
    image = tissue(args.height, args.width, rng)
    count = int(rng.integers(14, 21))
    bright = args.contrast * rng.uniform(0.8, 1.2, count)
    box = None
    if finding:
        reach = int(np.ceil(2 * args.spread)) + 4
        centre = within(inside, 1, rng, margin=reach)[0]
        offsets = np.clip(rng.normal(0, args.spread, (count, 2)), -2 * args.spread, 2 * args.spread)
        places = centre + offsets
        low, high = places.min(axis=0) - 2, places.max(axis=0) + 2
        box = [int(low[1]), int(low[0]), int(high[1] - low[1]) + 1, int(high[0] - low[0]) + 1]
    else:
        places = within(inside, count, rng)
    specks(image, places, bright)
    image = 0.45 + 0.1 * image + 0.02 * rng.normal(size=image.shape)
    return np.where(inside, np.clip(image, 0.05, 1.0), 0.0), box


def stored(image, vendor):
    """Each vendor has a curve of its own."""
    return image if vendor == "Alder" else image**0.8


def write_png(path, image):
    """16 bits of grey."""
    from PIL import Image

    Image.fromarray(np.round(image * 65535).astype(np.uint16)).save(path)


def write_dicom(path, image, exam, side, view, vendor, bits):
    """12 or 16 bits; one of the vendors stores them inverted."""
    from pydicom import Dataset, FileMetaDataset
    from pydicom.uid import UID, ExplicitVRLittleEndian, generate_uid

    inverted = vendor == "Birch"
    pixels = np.round((1 - image if inverted else image) * (2**bits - 1)).astype(np.uint16)
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = UID("1.2.840.10008.5.1.4.1.1.1.2")
    uid = generate_uid(entropy_srcs=[exam, side, view])
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = uid
    data.StudyInstanceUID = generate_uid(entropy_srcs=[exam])
    data.SeriesInstanceUID = generate_uid(entropy_srcs=[exam, "series"])
    data.PatientName, data.PatientID, data.Modality = "SYNTHETIC", exam, "MG"
    data.ImageComments, data.SeriesDescription = SYNTHETIC, SYNTHETIC
    data.Manufacturer, data.ManufacturerModelName = vendor, "invented"
    data.ImageLaterality, data.ViewPosition = side, view
    data.ImagerPixelSpacing = [0.1, 0.1]
    data.Rows, data.Columns = pixels.shape
    data.SamplesPerPixel, data.PixelRepresentation = 1, 0
    data.PhotometricInterpretation = "MONOCHROME1" if inverted else "MONOCHROME2"
    data.BitsAllocated, data.BitsStored, data.HighBit = 16, bits, bits - 1
    data.PixelData = pixels.tobytes()
    data.save_as(path, enforce_file_format=True)


def make(args):
    """Writes all exams; one view is in memory at a time."""
    folder = args.into / "images"
    folder.mkdir(parents=True, exist_ok=True)
    with (
        (args.into / "cases.csv").open("w", newline="") as cases,
        (args.into / "boxes.csv").open("w", newline="") as boxes,
    ):
        rows, found = csv.writer(cases), csv.writer(boxes)
        rows.writerow(["exam", "vendor", *(f"{s}_{v}".lower() for s, v in VIEWS), "finding"])
        found.writerow(["exam", "image", "x", "y", "width", "height"])
        for number in range(args.exams):
            rng = np.random.default_rng([args.seed, number])
            exam, vendor = f"synthetic-{number:05}", str(rng.choice(["Alder", "Birch"]))
            finding = rng.random() < SHARE_WITH_FINDING
            sick, files = str(rng.choice(["L", "R"])), []
            for side, view in VIEWS:
                image, box = view_of(args, finding and side == sick, rng)
                kind = "png" if args.format == "png" else "dcm"
                name = f"images/{exam}-{side}-{view}.{kind}"
                if args.format == "png":
                    write_png(args.into / name, stored(image, vendor))
                else:
                    taken = stored(image, vendor)
                    write_dicom(args.into / name, taken, exam, side, view, vendor, args.bits)
                files.append(name)
                if box is not None:
                    found.writerow([exam, name, *box])
            rows.writerow([exam, vendor, *files, int(finding)])


def main(words=None):
    about = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    about.add_argument("--into", type=Path, required=True, help="the folder to write to")
    about.add_argument("--exams", type=int, default=200)
    about.add_argument("--height", type=int, default=96, help="pixels, at least 64")
    about.add_argument("--width", type=int, default=64, help="pixels, at least 48")
    about.add_argument("--format", choices=["png", "dicom"], default="png")
    about.add_argument("--bits", type=int, choices=[12, 16], default=12, help="of DICOM")
    about.add_argument("--contrast", type=float, default=3.0, help="of specks, in deviations")
    about.add_argument("--spread", type=float, default=2.5, help="deviation of a cluster, pixels")
    about.add_argument("--seed", type=int, default=1)
    args = about.parse_args(words)
    if args.height < 64 or args.width < 48 or args.spread > min(args.height, args.width) / 12:
        about.error("an exam needs 64 x 48 pixels, and a cluster a twelfth of a side at most")
    make(args)
    print(f"{args.exams} synthetic exams in {args.into}")


if __name__ == "__main__":
    sys.exit(main())
