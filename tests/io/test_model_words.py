"""What may be written under ``model:``, what it then means, and what is said when it is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from roadworthy.core.errors import BadInput
from roadworthy.core.instrument import Instrument
from roadworthy.core.own_net import (
    Channels,
    Fit,
    Gives,
    ImageWords,
    NetInput,
    NetWords,
    OnnxSource,
    TorchSource,
)
from roadworthy.core.product import CommandSource, ModelSource, PythonSource, UrlSource
from roadworthy.io.product_yaml import parse_product
from roadworthy.io.schema import json_schema
from roadworthy.io.yaml_lines import read_yaml

FILE = """version: 1
product: p
data: {{cases: c.csv, truth: y, positive: 1{data}}}
model: {model}
requirements: [{{metric: sensitivity, at_least: 0.9}}]
"""


def read(model: str, fakes: dict[str, Instrument], data: str = "") -> ModelSource | None:
    text = FILE.format(model=model, data=data)
    return parse_product(text, Path("product.yaml"), fakes).model


RIGHT = {
    "{command: [python, score.py]}": CommandSource(("python", "score.py"), 600.0, ()),
    "{command: [./score, -v, -v], timeout_s: 5, files: '*.bin'}": CommandSource(
        ("./score", "-v", "-v"), 5.0, ("*.bin",)
    ),
    "{url: 'http://127.0.0.1:8000/score'}": UrlSource("http://127.0.0.1:8000/score", 30.0, 256),
    "{url: 'https://x.test/a?b=c', timeout_s: 2.5, batch: 1}": UrlSource(
        "https://x.test/a?b=c", 2.5, 1
    ),
    "{python: 'my.model:Best.score', files: [a, b]}": PythonSource(
        "my.model:Best.score", ("a", "b")
    ),
}

NO_ADDRESS = "`model.url` is no address of http or https"
WRONG = {
    "{command: python score.py}": ("`model.command` must be a list of words", "[python, score.py]"),
    "{command: []}": ("`model.command` is an empty list", "program first"),
    "{command: [python, 3]}": ("`model.command[2]` must be text, not 3", 'quotes: "3"'),
    "{command: [a], timeout_s: 0}": ("must be more than 0, not 0", "seconds"),
    "{command: [a], timeout_s: .nan}": ("must be a finite number", ""),
    "{command: [a], batch: 3}": ("`model.batch` is an unknown key", "command, files, timeout_s"),
    "{command: [a], files: []}": ("`model.files` is an empty list", ""),
    "{url: 'localhost:8000'}": (NO_ADDRESS, "http://127"),
    "{url: 'file:///etc/passwd'}": (NO_ADDRESS, ""),
    "{url: 'http://'}": (NO_ADDRESS, ""),
    "{url: 'http://x:99999/'}": (NO_ADDRESS, ""),
    "{url: 'http://x/a b'}": (NO_ADDRESS, ""),
    "{url: 'http://x/ü'}": (NO_ADDRESS, ""),
    "{url: 'http://me:secret@x/'}": ("holds a user name or a password", ""),
    "{url: 'http://x/', batch: 0}": ("`model.batch` must be at least 1", ""),
    "{python: my_model.score}": ("names no function of a module", "package.module:function"),
    "{python: 'my model:score'}": ("names no function of a module", ""),
    "{url: 'http://x/', python: 'a:b'}": ("`model` names url and python", "exactly one"),
    "{timeout_s: 3}": ("`model` does not say how to ask it", "exactly one"),
    "score.py": ("`model` must be a mapping of keys", "{command: "),
}


@pytest.mark.parametrize("model", RIGHT)
def test_a_model_is_a_command_an_address_or_a_function(
    model: str, fakes: dict[str, Instrument]
) -> None:
    assert read(model, fakes) == RIGHT[model]


def test_without_one_there_is_none(fakes: dict[str, Instrument], good: str) -> None:
    assert parse_product(good, Path("product.yaml"), fakes).model is None


@pytest.mark.parametrize("model", WRONG)
def test_what_is_wrong_is_told_with_its_line(model: str, fakes: dict[str, Instrument]) -> None:
    message, step = WRONG[model]
    with pytest.raises(BadInput) as caught:
        read(model, fakes)
    error = caught.value
    assert error.where == "product.yaml:4"
    assert message in error.message
    assert error.next_step
    assert step in error.next_step
    assert "wrong shape" not in error.message


def test_editors_are_told_the_same(fakes: dict[str, Instrument]) -> None:
    validator = Draft202012Validator(json_schema(fakes))
    unseen = ("http://me:", ".nan", "http://'", "99999", "a b", "ü")
    for model in (*RIGHT, *WRONG):
        page = read_yaml(FILE.format(model=model, data=""), "product.yaml").value
        if model in RIGHT or not any(part in model for part in unseen):
            assert validator.is_valid(page) is (model in RIGHT), model


@pytest.mark.parametrize(
    ("data", "where", "told"),
    [
        (", score: s", 4, "`data.score` a column that holds the answers already"),
        (", features: [z], split: {column: z}", 3, "holds 'z', the sets"),
        (
            ", features: [z], calls: {eve: {column: z, positive: 1, negative: 0}}",
            3,
            "holds 'z', the calls of eve",
        ),
    ],
)
def test_a_model_has_no_answers_beside_it_and_sees_nothing_that_gives_the_truth_away(
    data: str, where: int, told: str, fakes: dict[str, Instrument]
) -> None:
    with pytest.raises(BadInput) as caught:
        read("{command: [a]}", fakes, data)
    assert caught.value.where == f"product.yaml:{where}"
    assert told in caught.value.message


def test_a_model_that_is_there_leaves_none_to_train(fakes: dict[str, Instrument]) -> None:
    with pytest.raises(BadInput, match="`model` one that is there already"):
        read("{command: [a]}\nmodels: [logistic]", fakes)


NET_FILE = """version: 1
product: p
task: {task}
data: {{cases: c.csv, truth: y, features: {{image: [a, b], columns: [age, size]}}{positive}}}
model: {{{source}, {more}}}
requirements: [{{{requirement}}}]
"""
_METRICS = {
    "binary": "metric: sensitivity, at_least: 0.9",
    "multiclass": "metric: accuracy, at_least: 0.9",
    "regression": "metric: mae, max_error: 9, at_most: 1",
}


def net(more: str, task: str = "binary", source: str = "onnx: n.onnx") -> ModelSource | None:
    positive = ", positive: 1" if task == "binary" else ", prevalence: as_sampled"
    text = NET_FILE.format(
        task=task, more=more, source=source, positive=positive, requirement=_METRICS[task]
    )
    return parse_product(text, Path("product.yaml")).model


def test_a_net_is_told_its_inputs_and_its_output() -> None:
    image = "{image: a, size: 8, channels: bgr, mean: 0.1, deviation: [1, 2, 3], fit: pad}"
    found = net(f"inputs: {{x: {image}, y: [size, age], z: age}}, gives: logit, output: o")
    seen = ImageWords(("a",), (8, 8), Channels.BGR, (0.1,), (1.0, 2.0, 3.0), Fit.PAD)
    inputs = (
        NetInput("x", images=seen),
        NetInput("y", ("size", "age")),
        NetInput("z", ("age",)),
    )
    assert found == OnnxSource("n.onnx", NetWords(inputs, Gives.LOGIT, "o"))
    assert found.net.reads == ("a", "size", "age")


def test_a_module_has_weights_and_may_be_handed_sealed_cases() -> None:
    source = "torch: 'm:build', weights: w.pt, files: [a.py], sealed: predictions"
    found = net("inputs: {z: age}, gives: value", "regression", source)
    words = NetWords((NetInput("z", ("age",)),), Gives.VALUE)
    assert found == TorchSource("m:build", words, "w.pt", ("a.py",), True)


@pytest.mark.parametrize(
    ("more", "task", "told"),
    [
        ("inputs: {z: age}", "binary", "`model.gives` is missing"),
        ("inputs: {}, gives: logit", "binary", "`model.inputs` is empty"),
        ("inputs: {z: age}, gives: chance", "binary", "probability"),
        ("inputs: {z: age}, gives: value", "binary", "`model.gives` is value, and the task is"),
        ("inputs: {z: age}, gives: logit", "regression", "`gives: value`"),
        ("inputs: {z: age}, gives: logit", "multiclass", "which class an output is"),
        ("inputs: {z: age}, gives: logit, classes: [a, b]", "binary", "names classes"),
        ("inputs: {z: agee}, gives: logit", "binary", "`age`"),
        ("inputs: {z: y}, gives: logit", "binary", "'y', which is not in `data.features`"),
        ("inputs: {z: a}, gives: logit", "binary", "`z: {image: a}`"),
        ("inputs: {z: {image: age}}, gives: logit", "binary", "names the image 'age'"),
        ("inputs: {z: {image: a, size: 0}}, gives: logit", "binary", "no image is"),
        ("inputs: {z: {image: a, size: [1]}}, gives: logit", "binary", "height and a width"),
        ("inputs: {z: {image: a, mean: [1, 2]}}, gives: logit", "binary", "has 2 numbers"),
        ("inputs: {z: {image: a, deviation: 0}}, gives: logit", "binary", "more than 0"),
        ("inputs: {z: {image: a, channels: cmyk}}, gives: logit", "binary", "grey"),
        (
            "inputs: {z: {image: a, channels: grey, mean: [1, 2, 3]}}, gives: logit",
            "binary",
            "three numbers for one channel",
        ),
    ],
)
def test_what_a_net_may_not_be_told(more: str, task: str, told: str) -> None:
    with pytest.raises(BadInput) as caught:
        net(more, task)
    problem = caught.value
    assert told in f"{problem.where} {problem.message} {problem.next_step}"
