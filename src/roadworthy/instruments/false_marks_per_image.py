"""False marks per image: how many marks find nothing, on an image of a case like those judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from roadworthy.core.evidence import Evidence, Measured, NotMeasured, Regime
from roadworthy.core.instrument import About, Statistic
from roadworthy.core.need import Need
from roadworthy.core.parameters import inherited
from roadworthy.core.requirement import Requirement
from roadworthy.stats.evidence import average
from roadworthy.stats.localised import FALSE_MARKS, FIXED, KNOWN, unknown
from roadworthy.stats.mean_metric import losses_needed


@dataclass(frozen=True)
class Parameters:
    """``at_most_per_image`` is how many marks an image can have at all (`marks:` says it)."""

    at_most_per_image: int | None = inherited("at_most_per_image")


class FalseMarksPerImage:
    """Marks at the mark threshold that find no true box, per image, normal ones included."""

    about = About(
        title="False marks per image",
        definition="How many marks find no true box, on average over all images, normal or not.",
        formula="false marks / images, at the mark threshold",
        source="Chakraborty & Winter 1990, Radiology 174:873; Waudby-Smith & Ramdas 2024, JRSS B",
        better="lower",
        highest=None,
        per_unit=False,
        judges_calls=False,
        judges_marks=True,
        pitfalls=(
            "Marking nothing reaches 0: lesion_sensitivity belongs beside it.",
            "In a set with more lesions than the product will meet there are fewer normal images, "
            "and normal ones may have more false marks or fewer.",
            "A second mark on a lesion that was found is neither a find nor false.",
        ),
    )
    parameters = Parameters

    def statistics(self, requirement: Requirement[Any]) -> Mapping[str, Statistic[Any]]:
        """False marks and images, by unit; and of how many cases that is known."""
        return {"known": KNOWN, "marks": FALSE_MARKS}

    def measure(
        self, requirement: Requirement[Any], gathered: Mapping[str, Any], regime: Regime
    ) -> Evidence:
        """Betting bounds: they hold however marks crowd on single images or patients."""
        most = requirement.parameters.at_most_per_image
        if most is None:
            return NotMeasured("nothing says how many marks an image has at most")
        if why := unknown(gathered["known"]):
            return NotMeasured(why)
        found = average(gathered["marks"], requirement.limit, regime, "images", 0.0, float(most))
        if isinstance(found, NotMeasured):
            return found
        return replace(found, assumptions=(*found.assumptions, FIXED))

    def need(
        self, requirement: Requirement[Any], seen: Measured | None, regime: Regime, power: float
    ) -> Need:
        """Images, at the spread that was seen."""
        most = float(requirement.parameters.at_most_per_image or 1)
        need = losses_needed(requirement, seen, regime, power, (0.0, most), "marks")
        return replace(need, of="images")
