"""Names come from files and plug-ins: they are shown and do nothing."""

from __future__ import annotations

import re
from dataclasses import replace

from tests.io.dossier.samples import PASSED, Outline, hostile, rendered


class TestHostileText:
    """Names come from files and plug-ins: they are shown and do nothing."""

    def test_no_element_comes_from_a_name(self) -> None:
        page = hostile()
        found = Outline(page)
        assert not found.all("script") and not found.all("img")
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page

    def test_no_control_or_direction_character_survives(self) -> None:
        assert not re.search("[\x00\x1b\u202a-\u202e\u2066-\u2069]", hostile())

    def test_a_name_is_no_template(self) -> None:
        assert "{{ 7*7 }}" in hostile()

    def test_right_to_left_names_stay_readable(self) -> None:
        assert "בדיקה" in rendered(replace(PASSED, product="בדיקה"))

    def test_a_surrogate_does_not_stop_the_page_from_being_saved(self) -> None:
        rendered(replace(PASSED, product="x\ud800")).encode("utf-8")
