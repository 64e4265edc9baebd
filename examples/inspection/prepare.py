"""Lays out 2,000 photographs of cloth as two products: one sees them whole, one at half the size.

The photographs are those of the package `conformal-clip-data` (MIT; `pip install
'roadworthy[examples,images]'`): 1,000 without a defect, 500 with a small local one, and 500 whose
whole texture has changed. The white line at the right and at the bottom is cut off.

    python prepare.py --into cloth

writes `cloth/full` and `cloth/half`, each with product.yaml, `cases.csv` (a row a piece of cloth,
and the split), `strange.csv` (changed texture, for the guard), `today.csv` (new pieces that no set
knows), `boxes.csv` and `images/`.

Nobody drew the boxes. At the full size the defect is where the Laplacian is far larger than
anywhere on cloth without one, and the boxes are put around that: good enough to ask whether a mark
lies on the defect, and no more.
"""

from __future__ import annotations

import argparse
import csv
import shutil
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
SEED = 20261125
EDGE = 248
# how many pieces without and with a defect each set gets. They are dealt in this order, so that
# whoever moves a case between learning and choosing moves none into or out of the sealed set.
SETS = {
    "sealed": (160, 80),
    "today": (80, 27),
    "calibration": (150, 93),
    "validation": (300, 150),
    # a net that is shown as many of one kind as of the other finds the defect sooner
    "train": (170, 150),
}
CHANGED_TODAY = 50
# |Laplacian| of grey from 0 to 1 that cloth seldom reaches and a defect reaches all over
SHARP = 1.0


def photographs(kind):
    """The files of a kind, in order."""
    import conformal_clip_data

    return sorted(getattr(conformal_clip_data, f"{kind}_dir")().iterdir())


def grey(file):
    """The photograph as grey from 0 to 255, without its white line; its channels are the same."""
    from PIL import Image

    with Image.open(file) as opened:
        return np.asarray(opened.convert("L"))[:EDGE, :EDGE]


def halved(image):
    """Means of 2 x 2 pixels."""
    height, width = image.shape
    blocks = image.reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3))
    return np.round(blocks).astype(np.uint8)


def box_of(image):
    """Where the Laplacian says that the defect is: x, y, width, height in pixels."""
    from scipy import ndimage

    sharp = np.abs(ndimage.laplace(image / 255.0, mode="nearest"))
    reached = sharp >= min(SHARP, sharp.max())
    patches, _ = ndimage.label(ndimage.binary_dilation(reached, iterations=2))
    of_the_sharpest = patches == patches.ravel()[sharp.argmax()]
    rows, columns = np.nonzero(reached & of_the_sharpest)
    x, y = int(columns.min()) - 1, int(rows.min()) - 1
    width, height = int(columns.max()) + 2 - x, int(rows.max()) + 2 - y
    return max(x, 0), max(y, 0), width, height


def shared_out(rng, limit):
    """Each photograph with its set: (kind, file, set); 'strange' and 'today' are no sets of cases.

    ``limit`` takes a share of every set, for a quick try.
    """
    for kind, at in (("nominal", 0), ("local", 1), ("global", None)):
        files = photographs(kind)
        files = [files[i] for i in rng.permutation(len(files))]
        sizes = {"today": CHANGED_TODAY, "strange": len(files) - CHANGED_TODAY}
        if at is not None:
            sizes = {name: counts[at] for name, counts in SETS.items()}
        for name, size in sizes.items():
            taken, files = files[:size], files[size:]
            yield from ((kind, file, name) for file in taken[: max(1, round(size * limit))])


def lay_out(into, limit=1.0):
    """Writes both products."""
    from PIL import Image

    tables, boxes = {"cases": [], "strange": [], "today": []}, []
    for name in ("full", "half"):
        (into / name / "images").mkdir(parents=True, exist_ok=True)
    chosen = list(shared_out(np.random.default_rng(SEED), limit))
    # a number tells nothing of the kind
    numbers = np.random.default_rng([SEED, 1]).permutation(len(chosen))
    for number, (kind, file, name) in sorted(zip(numbers, chosen, strict=True)):
        piece, image = f"cloth-{number:04}", grey(file)
        path = f"images/{piece}.png"
        for folder, pixels in (("full", image), ("half", halved(image))):
            Image.fromarray(pixels).save(into / folder / path)
        table = name if name in ("strange", "today") else "cases"
        row = [piece, path, int(kind == "local"), name, f"{kind}/{file.name}"]
        tables[table].append(row)
        if kind == "local" and table == "cases":
            boxes.append(((piece, path), box_of(image)))
    for folder, scale in (("full", 1), ("half", 2)):
        write(into / folder, tables, boxes, scale)
    return {name: len(rows) for name, rows in tables.items()}


def write(folder, tables, boxes, scale):
    """The tables of one product, boxes in its own pixels, and its product.yaml."""
    head = ["piece", "image", "defect", "set", "photograph"]
    for name, rows in tables.items():
        save(folder / f"{name}.csv", head, rows)
    own_boxes = [[*names, *(max(1, round(one / scale)) for one in box)] for names, box in boxes]
    save(folder / "boxes.csv", ["piece", "image", "x", "y", "width", "height"], own_boxes)
    own = "product.yaml" if scale == 1 else "product_half.yaml"
    shutil.copy(HERE / own, folder / "product.yaml")


def save(file, head, rows):
    """One CSV file."""
    with file.open("w", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(head)
        writer.writerows(rows)


def main(words=None):
    """Reads the command line and lays out the cloth."""
    about = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    about.add_argument("--into", type=Path, required=True, help="the folder to write to")
    about.add_argument("--share", type=float, default=1.0, help="of every set, for a quick try")
    args = about.parse_args(words)
    written = lay_out(args.into, args.share)
    print(", ".join(f"{count} {name}" for name, count in written.items()), f"in {args.into}")


if __name__ == "__main__":
    sys.exit(main())
