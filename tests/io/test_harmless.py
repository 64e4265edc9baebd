"""Text from outside says in every output what it says, and does nothing there."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import cmarkgfm
import pytest
from cmarkgfm.cmark import Options
from hypothesis import example, given
from hypothesis import strategies as st

from roadworthy.io.harmless import harmless, markdown, one_line, short

TRICKS = st.lists(
    st.sampled_from(
        [
            *"\\`*_{}[]()<>#+-.!|~&$@:=\"' \t\n",
            "x",
            "1",
            "<b>",
            "<!-- -->",
            "<script>",
            "http://evil.example",
            "www.evil.example",
            "a@evil.example",
            "mailto:a@evil.example",
            "&amp;",
            "&#64;",
            "![x](y)",
            "[x]: y",
            "---",
            "```",
            "~~x~~",
            "\u202e",
            "בדיקה",
            "- ",
            "1. ",
            "# ",
            "> ",
            "| --- |",
            ":tada:",
        ]
    ),
    max_size=8,
).map("".join)
HOSTILE = st.one_of(TRICKS, st.text(max_size=30))


class Text(HTMLParser):
    """The tags of a page, and the text between them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.parts: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.parts.append(data)

    @property
    def words(self) -> list[str]:
        return "".join(self.parts).split()


def shown(source: str) -> Text:
    """What GitHub's own reader makes of it, with HTML let through."""
    page = cmarkgfm.github_flavored_markdown_to_html(source, options=Options.CMARK_OPT_UNSAFE)
    return Text(page)


@given(HOSTILE)
@example("=HYPERLINK(1)")
@example("- - -")
@example("[x]: http://evil.example")
def test_in_a_list_a_text_is_read_as_it_is(text: str) -> None:
    found = shown(f"- {markdown(text)}\n- end\n")
    assert set(found.tags) <= {"ul", "li"}
    assert found.words == [*one_line(text).split(), "end"]


@given(HOSTILE)
def test_in_a_paragraph_a_text_is_read_as_it_is(text: str) -> None:
    found = shown(f"{markdown(text)}\n")
    assert set(found.tags) <= {"p"}
    assert found.words == one_line(text).split()


@given(HOSTILE, HOSTILE)
def test_in_a_table_a_text_stays_in_its_cell(one: str, two: str) -> None:
    found = shown(f"| a | b |\n| --- | --- |\n| {markdown(one)} | {markdown(two)} |\n")
    assert [tag for tag in found.tags if tag not in ("thead", "tbody")] == [
        *("table", "tr", "th", "th", "tr", "td", "td")
    ]
    assert found.words == ["a", "b", *one_line(one).split(), *one_line(two).split()]


@pytest.mark.parametrize(
    "text", ["@everyone", "a@evil.example", "x :tada: y", "see #12", "http://a.example", "www.a.b"]
)
def test_what_sites_look_for_afterwards_is_broken(text: str) -> None:
    page = cmarkgfm.github_flavored_markdown_to_html(markdown(text))
    bare = re.sub(r"<!--.*?-->", "\0", page)
    assert "<a " not in page
    assert not re.search(r"@\w|:\w+:|#\d", bare)


@pytest.mark.parametrize(
    "text",
    ["Sensitivity at least 0.90 (site: east)", "finds-cancers", "latency_p99_ms", "0.962", "1,629"],
)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert markdown(text) == text


@given(st.text())
def test_nothing_that_hides_or_reorders_is_left(text: str) -> None:
    for made in (harmless(text), one_line(text), short(text), markdown(text)):
        assert not re.search("[\x00-\x08\x1b\u202a-\u202e\u2066-\u2069\ud800-\udfff]", made)
    assert "\n" not in one_line(text) + short(text) + markdown(text)


@given(st.text(max_size=400), st.integers(1, 200))
def test_a_long_name_is_cut_and_what_is_missing_is_counted(text: str, most: int) -> None:
    line = one_line(text)
    if len(line) <= most:
        assert short(text, most) == line
    else:
        assert short(text, most) == f"{line[:most]}… ({len(line) - most:,} more characters)"
