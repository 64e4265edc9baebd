"""YAML is read without surprises, and every error knows its line."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.core.errors import BadInput
from roadworthy.io.yaml_lines import MAX_CHARACTERS, read_yaml


def value(text: str) -> object:
    return read_yaml(text, "product.yaml").value


@pytest.mark.parametrize("word", ["yes", "no", "on", "off", "y", "n"])
def test_words_that_yaml_1_1_takes_for_truth_values_stay_words(word: str) -> None:
    assert value(f"positive: {word}") == {"positive": word}
    assert value(f"{word}: 1") == {word: 1}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2024-03-01", "2024-03-01"),
        ("1:30", "1:30"),
        ("007", "007"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("12345678901234567890123", "12345678901234567890123"),
        ("'5'", "5"),
        ("1e-3", 0.001),
        (".5", 0.5),
        ("-2", -2),
        ("3.", 3.0),
        ("true", True),
        ("~", None),
        ("", None),
    ],
)
def test_a_scalar_means_what_it_looks_like(written: str, meant: object) -> None:
    found = value(f"key: {written}")
    assert found == {"key": meant}
    assert isinstance(found, dict)
    assert type(found["key"]) is type(meant)


def test_every_key_and_item_knows_its_line() -> None:
    document = read_yaml("a: 1\nb:\n  - x\n  - c: 2\n    d: {e: 3}\n", "f")
    assert document.lines[("b", 1, "d", "e")] == 5
    assert document.lines[("b", 0)] == 3
    assert document.line(("b", 1, "missing")) == 4
    assert document.line(("missing",)) is None


@pytest.mark.parametrize(
    ("text", "where", "says", "then"),
    [
        ("a: 1\nb: 2\na: 3", "f:3", "`a` twice, first in line 1", "Remove one"),
        ("a:\n  b: 1\n  b: 2", "f:3", "`b` twice", "Remove one"),
        ("a:\n\tb: 1", "f:2", "tab", "spaces"),
        ("\ta: 1", "f:1", "tab", "spaces"),
        ("a: &x 1\nb: *x", "f:1", "anchor", "Write the value out"),
        ("a: *x", "f:1", "alias", "quotes"),
        ("a: !!python/object/apply:os.system [ls]", "f:1", "tag", "Remove the tag"),
        ("a: !!str 1", "f:1", "tag", "Remove the tag"),
        ("a: b: c", "f:1", "not YAML", "colons"),
        ("x: 1\na: [1, 2", "f:2", "not YAML", "brackets"),
        ("a: 'x", "f:1", "not YAML", "quotes"),
        ("a: 1\n---\nb: 2", "f:2", "second document", "Remove"),
        ("? [a]\n: 1", "f:1", "as a key", "one word"),
        ("", "f", "empty", "version: 1"),
        ("# only a comment\n", "f", "empty", "version: 1"),
        ("a: 1\nb: \x01", "f:2", "unprintable character U+0001", "Remove it"),
        ("[" * 50 + "]" * 50, "f:1", "20 levels deep", "flatten"),
        ("a: " + "x" * MAX_CHARACTERS, "f", "characters", "under a million"),
    ],
)
def test_what_is_not_plain_yaml_is_refused_with_its_line(
    text: str, where: str, says: str, then: str
) -> None:
    with pytest.raises(BadInput) as caught:
        read_yaml(text, "f")
    assert caught.value.where == where
    assert says in caught.value.message
    assert then in caught.value.next_step


def test_a_bomb_of_aliases_is_refused_before_it_grows() -> None:
    bomb = "a: &a [x, x]\n" + "".join(f"b{i}: &b{i} [*a, *a]\n" for i in range(30))
    with pytest.raises(BadInput, match="anchor"):
        read_yaml(bomb, "f")


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.text("abc xyz-", max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner),
    max_leaves=12,
)


@given(PLAIN)
def test_plain_documents_are_read_as_pyyaml_reads_them(plain: object) -> None:
    assert value(yaml.safe_dump({"top": plain})) == {"top": plain}


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_in_our_words(text: str) -> None:
    try:
        read_yaml(text, "f")
    except BadInput as refused:
        assert refused.next_step
