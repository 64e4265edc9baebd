"""Trains ten small networks on digits and writes docs/mean-of-softmax.svg and the table beside it.

The networks never see an 8 or a 9. Their logits are averaged before the softmax, and their answers
after it; both are asked of digits they know, of digits they do not, and of digits turned round.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.datasets import load_digits
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

MEMBERS, UNSEEN = 10, (8, 9)
PAGE = Path(__file__).with_name("calibrated-and-unsure.md")
FIGURE = Path(__file__).with_name("mean-of-softmax.svg")
BEGIN, END = "<!-- made by docs/mean_of_softmax.py -->", "<!-- end -->"
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Asked:
    """Logits of all members on one kind of case, shape (members, cases, classes)."""

    title: str
    logits: Floats

    @property
    def mean_of_softmax(self) -> Floats:
        """What an ensemble should answer: the mean of its members' answers."""
        return np.asarray(softmax(self.logits, axis=2).mean(axis=0))

    @property
    def softmax_of_mean(self) -> Floats:
        """What one gets by averaging the logits first."""
        return np.asarray(softmax(self.logits.mean(axis=0), axis=1))

    @property
    def one(self) -> Floats:
        """The first network alone."""
        return np.asarray(softmax(self.logits[0], axis=1))


WAYS = (
    ("one network", "one"),
    ("softmax of the mean", "softmax_of_mean"),
    ("mean of the softmax", "mean_of_softmax"),
)


def logits(model: MLPClassifier, x: Floats) -> Floats:
    """Log-probabilities, which are logits up to a constant a case, shape (cases, classes)."""
    return np.asarray(np.log(np.clip(model.predict_proba(x), 1e-12, None)))


def ask() -> tuple[list[Asked], NDArray[np.int64]]:
    """The three kinds of case, and the truth of the first."""
    x, y = load_digits(return_X_y=True)
    known = ~np.isin(y, UNSEEN)
    fit_x, test_x, fit_y, test_y = train_test_split(
        x[known] / 16.0, y[known], test_size=0.4, random_state=0, stratify=y[known]
    )
    rng = np.random.default_rng(0)
    models = []
    for seed in range(MEMBERS):
        drawn = rng.integers(0, len(fit_x), len(fit_x))
        net = MLPClassifier((32,), alpha=1e-4, max_iter=2000, random_state=seed)
        models.append(net.fit(fit_x[drawn], fit_y[drawn]))
    turned = np.rot90(test_x.reshape(-1, 8, 8), axes=(1, 2)).reshape(-1, 64)
    kinds = {
        "digits 0 to 7, as trained on": test_x,
        "8 and 9, never seen": x[~known] / 16.0,
        "0 to 7 turned by 90 degrees": turned,
    }
    asked = [
        Asked(title, np.stack([logits(m, part) for m in models])) for title, part in kinds.items()
    ]
    return asked, np.asarray(test_y)


def calibration_gap(p: Floats, y: NDArray[np.int64]) -> float:
    """Confidence less accuracy, over ten bins of the confidence, weighed by cases."""
    sure, right = p.max(axis=1), p.argmax(axis=1) == y
    place = np.minimum((sure * 10).astype(int), 9)
    gaps = [
        (place == b).mean() * abs(right[place == b].mean() - sure[place == b].mean())
        for b in np.unique(place)
    ]
    return float(sum(gaps))


def disagreement(asked: Asked) -> Floats:
    """Mutual information of the members, in nats, shape (cases,)."""
    p = softmax(asked.logits, axis=2)
    mean = p.mean(axis=0)

    def entropy(q: Floats) -> Floats:
        return np.asarray(-(q * np.log(np.clip(q, 1e-12, None))).sum(axis=-1))

    return entropy(mean) - entropy(p).mean(axis=0)


def table(asked: list[Asked], truth: NDArray[np.int64]) -> str:
    """The numbers behind the figure, as Markdown."""
    known = asked[0]
    lines = [
        "| answer | confidence on known digits | on unseen digits | on turned digits | calibration "
        "gap on known | AUROC known against unseen | against turned |",
        "|---|---|---|---|---|---|---|",
    ]
    for title, way in WAYS:
        sure = [getattr(one, way).max(axis=1) for one in asked]
        gap = calibration_gap(getattr(known, way), truth)
        lines.append(_row(title, sure, gap))
    told = [disagreement(one) for one in asked]
    rocs = [_auroc(told[0], told[i]) for i in (1, 2)]
    lines.append(f"| mutual information | | | | | {rocs[0]:.2f} | {rocs[1]:.2f} |")
    return "\n".join(lines)


def _row(title: str, sure: list[Floats], gap: float) -> str:
    rocs = [_auroc(-sure[0], -sure[i]) for i in (1, 2)]
    means = " | ".join(f"{one.mean():.3f}" for one in sure)
    return f"| {title} | {means} | {gap:.3f} | {rocs[0]:.2f} | {rocs[1]:.2f} |"


def _auroc(inside: Floats, outside: Floats) -> float:
    truth = np.concatenate([np.zeros(len(inside)), np.ones(len(outside))])
    return float(roc_auc_score(truth, np.concatenate([inside, outside])))


def figure(asked: list[Asked]) -> str:
    """The share of cases answered with at least so much confidence: a line for each way."""
    width, height, gap, left = 240, 150, 26, 44
    edges = np.linspace(0.125, 1.0, 71)
    parts = []
    for place, one in enumerate(asked):
        x0, y0 = left + place * (width + gap), 46
        parts.append(f'<text x="{x0}" y="{y0 - 12}" class="t">{one.title}</text>')
        parts.append(f'<path class="a" d="M{x0} {y0}v{height}h{width}"/>')
        for mark in (0.25, 0.5, 0.75, 1.0):
            x = x0 + width * (mark - 0.125) / 0.875
            parts.append(f'<text x="{x:.0f}" y="{y0 + height + 15}" class="n">{mark:g}</text>')
        for number, (_, way) in enumerate(WAYS):
            share = (getattr(one, way).max(axis=1)[:, None] >= edges).mean(axis=0)
            parts.append(f'<path class="w w{number}" d="{_line(share, x0, y0, width, height)}"/>')
    for number, (title, _) in enumerate(WAYS):
        x = left + 10 + number * 190
        parts.append(f'<path class="w w{number}" d="M{x} 232h24"/>')
        parts.append(f'<text x="{x + 30}" y="236" class="n l">{title}</text>')
    parts.append(
        f'<text x="{left + 600}" y="236" class="n l">up: share at least so confident</text>'
    )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 860 250" role="img" '
        'aria-label="Confidence of one network and of two kinds of average">'
        f"<style>{STYLE}</style>{''.join(parts)}</svg>\n"
    )


STYLE = (
    "text{font:12px sans-serif;fill:#333}.t{font-weight:600}.n{text-anchor:middle}"
    ".l{text-anchor:start}.a{fill:none;stroke:#999}.w{fill:none;stroke-width:2}.w0{stroke:#999}"
    ".w1{stroke:#b45f06;stroke-dasharray:5 3}.w2{stroke:#0b5394}"
    "@media(prefers-color-scheme:dark){text{fill:#ddd}.w2{stroke:#6fa8dc}.w1{stroke:#f6b26b}}"
)


def _line(share: Floats, x0: float, y0: float, width: float, height: float) -> str:
    step = width / (len(share) - 1)
    points = [f"{x0 + i * step:.1f} {y0 + height * (1 - s):.1f}" for i, s in enumerate(share)]
    return "M" + "L".join(points)


def main() -> None:
    """Writes the figure, and the table into the page."""
    asked, truth = ask()
    FIGURE.write_text(figure(asked), encoding="utf-8")
    page = PAGE.read_text(encoding="utf-8")
    before, rest = page.split(BEGIN)
    after = rest.split(END)[1]
    made = f"{before}{BEGIN}\n\n{table(asked, truth)}\n\n{END}{after}"
    PAGE.write_text(made, encoding="utf-8")
    print(table(asked, truth))


if __name__ == "__main__":
    main()
