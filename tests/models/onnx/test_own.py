"""A team's own ONNX file answers as it is, and says what is wrong with it in a sentence."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import onnx
import polars as pl
import pytest
from onnx import TensorProto, helper
from scipy.special import expit
from tests.models.onnx import graphs

from roadworthy.core import columns
from roadworthy.core.errors import BadInput
from roadworthy.core.images import Images, Pool
from roadworthy.core.model import Brought
from roadworthy.core.own_net import (
    Channels,
    Fit,
    Gives,
    ImageWords,
    NetInput,
    NetWords,
    OnnxSource,
)
from roadworthy.core.product import Task
from roadworthy.models.onnx.own import named
from roadworthy.models.own_net import OwnNet
from roadworthy.testing.pictures import png

NUMBERS = (NetInput("numbers", ("a", "b")),)
A, B = [0.1, -0.3, 0.2], [0.5, 0.1, -0.4]


Shapes: TypeAlias = tuple[Mapping[str, graphs.Shape], Mapping[str, graphs.Shape]]


def table() -> pl.DataFrame:
    return pl.DataFrame({columns.ID: ["c0", "c1", "c2"], "a": A, "b": B})


def opened(
    folder: Path,
    inputs: tuple[NetInput, ...] = NUMBERS,
    gives: Gives = Gives.PROBABILITY,
    task: Task = Task.BINARY,
    images: Images | None = None,
    **words: Any,
) -> OwnNet:
    return named(OnnxSource("net.onnx", NetWords(inputs, gives, **words)), folder, task, images)


def refused(folder: Path, **words: Any) -> BadInput:
    with pytest.raises(BadInput) as caught:
        opened(folder, **words).answer(table())
    assert caught.value.next_step and caught.value.where
    return caught.value


class TestNumbers:
    def test_chances_are_handed_on_and_logits_become_chances(self, tmp_path: Path) -> None:
        wanted = expit(np.array(A) + 2 * np.array(B))
        graphs.linear(tmp_path)
        found = opened(tmp_path)
        assert isinstance(found, Brought) and found.needs == ("a", "b")
        assert np.allclose(found.answer(table()), wanted, atol=1e-6)
        graphs.linear(tmp_path, "Identity")
        assert np.allclose(opened(tmp_path, gives=Gives.LOGIT).answer(table()), wanted, atol=1e-6)

    def test_of_two_outputs_the_second_is_the_positive(self, tmp_path: Path) -> None:
        graphs.linear(tmp_path, "Softmax", 2)
        chances = opened(tmp_path).answer(table())
        # the difference of both logits is a + b
        assert np.allclose(chances, expit(np.array(A) + np.array(B)), atol=1e-6)
        graphs.linear(tmp_path, "Identity", 2)
        logits = opened(tmp_path, gives=Gives.LOGIT).answer(table())
        assert np.allclose(logits, chances, atol=1e-6)

    def test_classes_are_named_in_the_order_of_the_output(self, tmp_path: Path) -> None:
        graphs.linear(tmp_path, "Softmax", 3)
        found = opened(tmp_path, task=Task.MULTICLASS, classes=("x", "y", "z"))
        assert found.answer(table()).to_list() == ["z", "x", "x"]

    def test_values_are_as_they_are(self, tmp_path: Path) -> None:
        graphs.linear(tmp_path, "Identity")
        found = opened(tmp_path, gives=Gives.VALUE, task=Task.REGRESSION)
        assert np.allclose(found.answer(table()), np.array(A) + 2 * np.array(B), atol=1e-6)

    def test_an_input_a_column_as_scikit_learn_exports(self, tmp_path: Path) -> None:
        nodes = [
            helper.make_node("Add", ["a", "b"], ["sum"]),
            helper.make_node("Sigmoid", ["sum"], ["out"]),
        ]
        shapes: Shapes = {"a": ["n", 1], "b": ["n", 1]}, {"out": ["n", 1]}
        graphs.write(tmp_path, nodes, *shapes)
        found = opened(tmp_path, (NetInput("b", ("b",)), NetInput("a", ("a",))))
        assert np.allclose(found.answer(table()), expit(np.array(A) + np.array(B)), atol=1e-6)

    def test_a_batch_of_one_is_asked_case_by_case(self, tmp_path: Path) -> None:
        graphs.linear(tmp_path)
        whole = opened(tmp_path).answer(table())
        model = onnx.load(tmp_path / "net.onnx")
        for port in (model.graph.input[0], model.graph.output[0]):
            port.type.tensor_type.shape.dim[0].dim_value = 1
        onnx.save(model, tmp_path / "net.onnx")
        assert np.allclose(opened(tmp_path).answer(table()), whole, atol=1e-7)

    def test_no_case_is_no_answer(self, tmp_path: Path) -> None:
        graphs.linear(tmp_path)
        assert opened(tmp_path).answer(table()[:0]).len() == 0


class TestImages:
    FILE = columns.file("scan")

    def cases(self, folder: Path, *pixels: Any) -> pl.DataFrame:
        files = []
        for at, one in enumerate(pixels):
            file = folder / f"{at}.png"
            file.write_bytes(png(np.array(one, dtype=np.uint8)))
            files.append(str(file))
        return pl.DataFrame({columns.ID: [f"c{at}" for at in range(len(files))], self.FILE: files})

    def input(self, **words: Any) -> tuple[NetInput, ...]:
        return (NetInput("image", images=ImageWords(("scan",), **words)),)

    def test_size_and_channels_are_those_of_the_file(self, tmp_path: Path) -> None:
        graphs.mean_pixel(tmp_path)
        cases = self.cases(tmp_path, np.full((8, 8), 51), np.full((4, 4), 102))
        assert np.allclose(opened(tmp_path, self.input()).answer(cases), [0.2, 0.4], atol=1e-6)

    def test_mean_and_deviation_come_before_the_net(self, tmp_path: Path) -> None:
        graphs.mean_pixel(tmp_path, ("batch", 3, 4, 4))
        words = self.input(mean=(0.1, 0.2, 0.3), deviation=(0.5,))
        cases = self.cases(tmp_path, np.full((4, 4), 204))
        found = opened(tmp_path, words, gives=Gives.VALUE, task=Task.REGRESSION).answer(cases)
        assert np.allclose(found, [(0.8 - 0.2) / 0.5], atol=1e-5)

    def test_bytes_with_channels_last_are_fed_as_bytes(self, tmp_path: Path) -> None:
        graphs.mean_pixel(tmp_path, ("batch", 4, 4, 3), TensorProto.UINT8)
        cases = self.cases(tmp_path, np.full((4, 4), 204))
        words: Any = {"gives": Gives.VALUE, "task": Task.REGRESSION}
        assert opened(tmp_path, self.input(), **words).answer(cases).to_list() == [204.0]

    def test_padding_keeps_the_proportions(self, tmp_path: Path) -> None:
        graphs.mean_pixel(tmp_path, ("batch", 1, "h", "w"))
        cases = self.cases(tmp_path, np.full((2, 4), 255))
        size = {"size": (4, 4)}
        for fit, mean in ((Fit.STRETCH, 1.0), (Fit.PAD, 0.5)):
            words = self.input(channels=Channels.GREY, fit=fit, **size)
            assert opened(tmp_path, words).answer(cases).to_list() == [mean]

    @pytest.mark.parametrize(("pool", "wanted"), [(Pool.MAX, 0.8), (Pool.MEAN, 0.5)])
    def test_several_images_are_pooled_as_declared(
        self, tmp_path: Path, pool: Pool, wanted: float
    ) -> None:
        graphs.mean_pixel(tmp_path)
        cases = self.cases(tmp_path, np.full((4, 4), 51), np.full((4, 4), 204))
        both = pl.DataFrame(
            {self.FILE: cases[self.FILE][:1], columns.file("other"): cases[self.FILE][1:]}
        )
        words = (NetInput("image", images=ImageWords(("scan", "other"))),)
        found = opened(tmp_path, words, images=Images(("scan", "other"), pool))
        assert np.allclose(found.answer(both), [wanted], atol=1e-6)
        graphs.mean_pixel(tmp_path, ("batch", 2, 1, 4, 4))
        assert np.allclose(opened(tmp_path, words).answer(both), [0.5], atol=1e-6)

    def test_an_image_that_cannot_be_read_has_no_answer(self, tmp_path: Path) -> None:
        graphs.mean_pixel(tmp_path)
        cases = self.cases(tmp_path, np.full((4, 4), 51))
        lost = cases.with_columns(pl.lit(str(tmp_path / "away.png")).alias(self.FILE))
        found = opened(tmp_path, self.input()).answer(pl.concat([lost, cases]))
        assert found.is_null().to_list() == [True, False]

    def test_colours_are_averaged_only_where_that_is_written(self, tmp_path: Path) -> None:
        from PIL import Image

        graphs.mean_pixel(tmp_path)
        pixels = np.zeros((4, 4, 3), dtype=np.uint8)
        pixels[:, :, 0] = 153
        Image.fromarray(pixels).save(tmp_path / "red.png")
        cases = pl.DataFrame({self.FILE: [str(tmp_path / "red.png")]})
        assert opened(tmp_path, self.input()).answer(cases).to_list() == [None]
        grey = opened(tmp_path, self.input(channels=Channels.GREY)).answer(cases)
        assert np.allclose(grey, [0.2], atol=1e-6)

    @pytest.mark.parametrize(
        ("shape", "words", "told", "step"),
        [
            (("n", 1, "h", "w"), {}, "leaves height and width free", r"size: \[224, 224\]"),
            (("n", "c", 4, 4), {}, "how many channels", "channels: grey"),
            (("n", 1, 4, 4), {"size": (8, 8)}, "images of 8 x 8", r"size: \[4, 4\]"),
            (("n", 3, 4, 4), {"channels": Channels.GREY}, "channels: grey", "rgb"),
            (("n", 4), {}, "is fed images", "channels, height, width"),
            ((8, 1, 4, 4), {}, "takes 8 cases at a time", "free batch"),
        ],
    )
    def test_what_the_file_leaves_open_or_contradicts_is_told(
        self, tmp_path: Path, shape: Any, words: Any, told: str, step: str
    ) -> None:
        graphs.mean_pixel(tmp_path, shape)
        problem = refused(tmp_path, inputs=self.input(**words))
        assert told in problem.message
        assert re.search(step, problem.next_step)


class TestWhatIsWrong:
    def test_logits_are_found_where_chances_are_declared(self, tmp_path: Path) -> None:
        graphs.linear(tmp_path, "Identity")
        problem = refused(tmp_path)
        told = "Its output of case c0 is 1.1, no probability (and 2 more of 3 are like it)."
        assert problem.message == told
        assert "gives: logit" in problem.next_step

    def test_chances_that_do_not_add_up_are_found(self, tmp_path: Path) -> None:
        graphs.linear(tmp_path, "Sigmoid", 2)
        assert "Its probabilities of case c0 add up to" in refused(tmp_path).message

    def test_a_value_that_is_not_finite_names_its_case(self, tmp_path: Path) -> None:
        graphs.linear(tmp_path)
        gap = table().with_columns(pl.Series("b", [0.1, None, 0.1]))
        with pytest.raises(BadInput, match="output of case c1 is nan, no finite number"):
            opened(tmp_path).answer(gap)

    def test_an_output_of_another_shape_is_told(self, tmp_path: Path) -> None:
        graphs.linear(tmp_path, "Softmax", 5)
        told = r"shape (batch, 5), and binary wants (batch, 1) or (batch, 2)"
        assert told in refused(tmp_path).message
        words = {"task": Task.MULTICLASS, "classes": ("x", "y")}
        assert "`classes` names 2" in refused(tmp_path, **words).next_step

    def test_other_names_than_the_file_has_are_told(self, tmp_path: Path) -> None:
        graphs.linear(tmp_path)
        problem = refused(tmp_path, inputs=(NetInput("number", ("a", "b")),))
        assert "no input 'number'; it has 'numbers' float (batch, 2)" in problem.message
        assert "numbers" in problem.next_step
        assert "'probs'; it has 'out'" in refused(tmp_path, output="probs").message
        three = (NetInput("numbers", ("a", "b", "a")),)
        problem = refused(tmp_path, inputs=three)
        assert "fed 3 columns" in problem.message and "Name 2" in problem.next_step

    def test_an_input_that_nothing_feeds_is_told(self, tmp_path: Path) -> None:
        nodes = [helper.make_node("Add", ["a", "b"], ["out"])]
        graphs.write(tmp_path, nodes, {"a": ["n", 1], "b": ["n", 1]}, {"out": ["n", 1]})
        problem = refused(tmp_path, inputs=(NetInput("a", ("a",)),))
        assert "the input 'b' float (n, 1), which nothing feeds" in problem.message

    def test_of_several_outputs_one_must_be_named(self, tmp_path: Path) -> None:
        nodes = [
            helper.make_node("Identity", ["numbers"], ["same"]),
            helper.make_node("ReduceMean", ["numbers"], ["all"]),
        ]
        graphs.write(tmp_path, nodes, {"numbers": ["n", 2]}, {"same": ["n", 2], "all": [1, 1]})
        problem = refused(tmp_path)
        assert "several outputs: 'same'" in problem.message and "output: all" in problem.next_step
        assert "asked 3 times and gave 1 answers" in refused(tmp_path, output="all").message

    def test_custom_operators_are_code_from_elsewhere(self, tmp_path: Path) -> None:
        nodes = [helper.make_node("Magic", ["numbers"], ["out"], domain="acme")]
        shapes: Shapes = {"numbers": ["n", 2]}, {"out": ["n", 1]}
        graphs.write(tmp_path, nodes, *shapes, acme=1)
        assert "custom operator acme.Magic" in refused(tmp_path).message

    def test_an_opset_of_the_future_is_told(self, tmp_path: Path) -> None:
        graphs.linear(tmp_path, opset=99)
        problem = refused(tmp_path)
        assert "in opset 99" in problem.message and "opset_version=18" in problem.next_step

    @pytest.mark.parametrize("keep", [0, 1, 60, -5])
    def test_what_is_cut_off_is_no_file(self, tmp_path: Path, keep: int) -> None:
        file = graphs.linear(tmp_path)
        file.write_bytes(file.read_bytes()[:keep])
        assert refused(tmp_path).code == "unreadable_onnx"

    def test_a_file_that_is_not_there_is_told(self, tmp_path: Path) -> None:
        assert "'net.onnx' names no file" in refused(tmp_path).message

    def test_a_column_of_text_is_no_number(self, tmp_path: Path) -> None:
        graphs.linear(tmp_path)
        with pytest.raises(BadInput, match="The column 'a' holds String"):
            opened(tmp_path).answer(table().with_columns(pl.lit("x").alias("a")))

    def test_whole_numbers_have_no_gaps(self, tmp_path: Path) -> None:
        nodes = [
            helper.make_node("Cast", ["numbers"], ["floats"], to=graphs.FLOAT),
            helper.make_node("Sigmoid", ["floats"], ["out"]),
        ]
        shapes: Shapes = {"numbers": ["n", 1]}, {"out": ["n", 1]}
        graphs.write(tmp_path, nodes, *shapes, kinds={"numbers": TensorProto.INT64})
        one = (NetInput("numbers", ("a",)),)
        whole = table().with_columns(pl.Series("a", [1.0, 2.0, 0.0]))
        assert np.allclose(opened(tmp_path, one).answer(whole), expit([1, 2, 0]), atol=1e-6)
        with pytest.raises(BadInput, match=r"holds 0\.1 in case c0.*whole numbers"):
            opened(tmp_path, one).answer(table())


class TestWeightsOutsideOfTheFile:
    def test_beside_it_they_are_read_and_fingerprinted(self, tmp_path: Path) -> None:
        file = graphs.linear(tmp_path)
        inside = opened(tmp_path).answer(table())
        graphs.externally(file)
        found = opened(tmp_path)
        assert np.allclose(found.answer(table()), inside)
        assert found.files == (file, tmp_path / "net.data")
        data = (tmp_path / "net.data").read_bytes()
        (tmp_path / "net.data").write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        assert opened(tmp_path).fingerprint != found.fingerprint

    def test_missing_ones_are_named(self, tmp_path: Path) -> None:
        graphs.externally(graphs.linear(tmp_path))
        (tmp_path / "net.data").unlink()
        problem = refused(tmp_path)
        assert "'net.data', which is not there" in problem.message

    def test_cut_off_ones_are_told(self, tmp_path: Path) -> None:
        graphs.externally(graphs.linear(tmp_path))
        (tmp_path / "net.data").write_bytes(b"12")
        assert refused(tmp_path).code == "unreadable_onnx"

    def test_those_that_a_function_takes_by_default_are_fingerprinted_too(
        self, tmp_path: Path
    ) -> None:
        file = graphs.by_default(tmp_path, "w.bin")
        (tmp_path / "w.bin").write_bytes(np.ones(2, dtype=np.float32).tobytes())
        found = opened(tmp_path)
        assert np.allclose(found.answer(table()), np.abs(np.array(A) + B), atol=1e-6)
        assert found.files == (file, tmp_path / "w.bin")
        graphs.by_default(tmp_path, "/etc/passwd")
        assert "out of its folder" in refused(tmp_path).message

    def test_a_place_that_no_file_could_be_called_is_not_there(self, tmp_path: Path) -> None:
        graphs.by_default(tmp_path, "w" * 5000)
        assert refused(tmp_path).code == "external_data"

    @pytest.mark.parametrize(
        "place", ["../secret", "/etc/passwd", "a/../../b", "..\\secret", "C:x"]
    )
    def test_they_are_never_read_from_elsewhere(self, tmp_path: Path, place: str) -> None:
        file = graphs.linear(tmp_path)
        graphs.externally(file)
        model = onnx.load(file, load_external_data=False)
        for entry in model.graph.initializer[0].external_data:
            if entry.key == "location":
                entry.value = place
        file.write_bytes(model.SerializeToString())
        assert "out of its folder" in refused(tmp_path).message


CHANGES: dict[str, Callable[[], dict[str, Any]]] = {
    "gives": lambda: {"gives": Gives.LOGIT},
    "inputs": lambda: {"inputs": (NetInput("numbers", ("b", "a")),)},
    "pool": lambda: {"images": Images((), Pool.MEAN)},
    "output": lambda: {"output": "out"},
}


@pytest.mark.parametrize("change", CHANGES)
def test_everything_about_it_is_in_the_fingerprint(tmp_path: Path, change: str) -> None:
    graphs.linear(tmp_path)
    first = opened(tmp_path).fingerprint
    assert opened(tmp_path).fingerprint == first
    assert opened(tmp_path, **CHANGES[change]()).fingerprint != first


def test_sizes_and_means_are_in_the_fingerprint_too(tmp_path: Path) -> None:
    graphs.mean_pixel(tmp_path)
    words: list[Any] = [
        {},
        {"mean": (0.1,)},
        {"deviation": (0.2,)},
        {"size": (4, 4)},
        {"fit": Fit.PAD},
    ]
    inputs = [(NetInput("image", images=ImageWords(("scan",), **word)),) for word in words]
    assert len({opened(tmp_path, one).fingerprint for one in inputs}) == len(words)


def test_without_onnx_the_error_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graphs.linear(tmp_path)
    monkeypatch.setattr("roadworthy.models.onnx.own.find_spec", lambda name: None)
    with pytest.raises(BadInput, match=r"looked through with onnx"):
        opened(tmp_path)
