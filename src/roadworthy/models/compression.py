"""The heirs of a net: other arithmetic, fewer channels, or a student, each as one ONNX graph."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from roadworthy.core.errors import BadInput
from roadworthy.models.nets.export import to_onnx
from roadworthy.models.nets.model import TrainedNet
from roadworthy.models.nets.relearning import Classroom
from roadworthy.models.onnx import quantising
from roadworthy.models.onnx.model import OnnxNet

PRUNED = (0.3, 0.5, 0.7)
STUDENTS = (("half", "1/2", 0.5), ("quarter", "1/4", 0.25), ("eighth", "1/8", 0.125))
# ranges are taken from so many training cases, and layers compared on fewer
RANGES, COMPARED = 64, 16
# INT8 agrees with float32 if outputs are within a twentieth of their own spread
AGREES = 0.05
# INT8 must make a graph smaller by a quarter at least
WORTH = 0.75


@dataclass(frozen=True)
class Point:
    """An heir; ``how`` says what was done, and with which settings."""

    name: str
    title: str
    how: str
    net: OnnxNet


@dataclass(frozen=True)
class Missing:
    """An heir that there is none of."""

    name: str
    title: str
    why: str


@dataclass(frozen=True)
class Heirs:
    """Makes the points one by one; ``tell`` hears what is being made.

    ``reduce_range`` keeps INT8 weights to 7 bits. All that is learnt or measured here is learnt
    from training cases.
    """

    room: Classroom
    reduce_range: bool
    tell: Callable[[str], None] = lambda told: None

    def made(self) -> Iterator[Point | Missing]:
        """Every point."""
        parent = self.room.parent
        yield (whole := self._graph("fp32", "ONNX, float32", "same arithmetic", parent))
        small = self._int8(whole, "int8", "INT8")
        yield self._worth_it(whole, small)
        yield self._mixed(whole, small)
        yield from self._pruned(parent)
        students = []
        for name, told, breadth in STUDENTS:
            title = f"student of {told} width"
            self.tell(title)
            net = self.room.student(breadth, self._named(title))
            how = f"{told} of the channels, taught by the parent's answers to training cases"
            students.append(self._graph(name, title, how, net))
            yield students[-1]
        for one in students:
            yield self._worth_it(one, self._int8(one, f"{one.name}-int8", f"{one.title}, INT8"))

    def _pruned(self, net: TrainedNet) -> Iterator[Point | Missing]:
        """Each from the one before, so that it is taught in steps."""
        left = 1.0
        for share in PRUNED:
            name, title = f"pruned-{round(100 * share)}", f"pruned by {share:.0%}"
            self.tell(title)
            net = self.room.pruned(net, 1.0 - (1.0 - share) / left, self._named(title))
            left = 1.0 - share
            how = f"{share:.0%} of the channels taken out, then taught anew"
            yield self._graph(name, title, how, net)

    def _graph(self, name: str, title: str, how: str, net: TrainedNet) -> Point:
        self.tell(title)
        card = replace(net.card, name=self._named(title))
        return Point(name, title, how, OnnxNet(card, quantising.folded(to_onnx(net))))

    def _int8(self, point: Point, name: str, title: str) -> Point:
        self.tell(title)
        graph = quantising.quantised(
            point.net.graph, self._samples(point, RANGES), reduce_range=self.reduce_range
        )
        return self._of_graph(point, name, title, graph, f"static INT8, {self._bits}")

    def _worth_it(self, point: Point, small: Point) -> Point | Missing:
        """Of a few weights INT8 makes a larger graph that is slower to run."""
        before, after = (len(one.net.graph) for one in (point, small))
        if after <= WORTH * before:
            return small
        why = (
            f"so few weights are not worth it: the graph would have {after / 1000:.1f} kB in the "
            f"place of {before / 1000:.1f} kB, and more to do"
        )
        return Missing(small.name, small.title, why)

    def _mixed(self, whole: Point, small: Point) -> Point | Missing:
        """INT8 with as few layers left out as bring the outputs back to those of float32."""
        name, title = "mixed-int8", "INT8, worst layers in float32"
        self.tell(title)
        samples, few = (self._samples(whole, most) for most in (RANGES, COMPARED))
        wanted = self._asked(whole, whole.net.graph)
        apart = quantising.error(self._asked(whole, small.net.graph), wanted)
        if apart <= AGREES:
            why = f"INT8 is within {apart:.1%} of the spread of float32 on training cases as it is"
            return Missing(name, title, why)
        layers = quantising.by_error(
            whole.net.graph,
            few,
            lambda graph: self._asked(whole, graph),
            reduce_range=self.reduce_range,
        )
        for count in range(1, len(layers)):
            left_out = [node for layer in layers[:count] for node in layer]
            graph = quantising.quantised(
                whole.net.graph, samples, reduce_range=self.reduce_range, left_out=left_out
            )
            found = quantising.error(self._asked(whole, graph), wanted)
            if found <= AGREES:
                how = (
                    f"static INT8, {self._bits}; {count} of {len(layers)} layers in float32 bring "
                    f"the outputs from {apart:.1%} to {found:.1%} of their spread on training cases"
                )
                return self._of_graph(whole, name, title, graph, how)
        why = f"no choice of layers brings INT8 within {AGREES:.0%} of float32 (it is {apart:.1%})"
        return Missing(name, title, why)

    def _of_graph(self, point: Point, name: str, title: str, graph: bytes, how: str) -> Point:
        card = replace(point.net.card, name=self._named(title))
        told = how if point.name == "fp32" else f"{point.how}; {how}"
        return Point(name, title, told, OnnxNet(card, graph))

    def _samples(self, point: Point, most: int) -> list[dict[str, NDArray[np.float32]]]:
        wanted = {port.name for port in point.net.session.inputs}
        batches = ({"images": images, "numbers": n} for images, n in self.room.seen(most))
        return [{k: v for k, v in one.items() if k in wanted and v is not None} for one in batches]

    def _asked(self, point: Point, graph: bytes) -> NDArray[np.float64]:
        """What a graph says of the training cases that ranges are taken from."""
        net = OnnxNet(point.net.card, graph)
        said = [net.run(images, numbers) for images, numbers in self.room.seen(RANGES)]
        return np.concatenate(said).astype(np.float64)

    def _named(self, title: str) -> str:
        return f"{self.room.parent.card.name}, {title}"

    @property
    def _bits(self) -> str:
        return f"weights of {7 if self.reduce_range else 8} bits per channel"


def range_for_this_cpu() -> tuple[bool, str]:
    """Whether INT8 weights are kept to 7 bits, and why."""
    found = quantising.has_int8()
    if found:
        return False, "this CPU multiplies 8-bit numbers exactly, so weights have 8 bits"
    why = "does not say whether it does" if found is None else "would saturate, having no VNNI"
    return True, f"this CPU {why}, so weights are kept to 7 bits (reduce_range)"


def require_everything() -> None:
    """Refuses to begin what cannot be ended.

    Raises:
        BadInput: an extra is not installed.
    """
    quantising.require_quantiser()
    from importlib.util import find_spec

    missing = [name for name in ("onnxscript", "torch_pruning") if find_spec(name) is None]
    if missing:
        raise BadInput(
            f"compressing needs {' and '.join(missing)}, which is not installed.",
            code="missing_extra",
            where="compress",
            value=missing,
            next_step="Run `pip install 'roadworthy[onnx]'`.",
        )
