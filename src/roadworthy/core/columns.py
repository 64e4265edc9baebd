"""The columns every case table has once it is prepared, whatever the user's own are called.

Instruments speak of these; the user's columns keep their names beside them. Names that begin with
``@`` are reserved.

=============  =======  ===========================================================================
``@id``        str      the case
``@unit``      str      the unit of independence; the case itself when none is declared
``@inside``    bool     in scope
``@rated``     bool     in scope and counted by rates (a referred case may be excluded)
``@outside``   str      the first reason why a case is out of scope; null when it is in scope
``@rejected``  bool     no case for the product at all, by a scope rule that rejects: not counted
``@unfamiliar`` bool    turned away by the guard; there only where a guard has looked
``@referred``  bool     goes to a person, also because it is out of scope
``@positive``  bool     the truth (binary)
``@flagged``   bool     the call that rates count: ``score >= threshold``, or, for a referred case,
                        the right or the wrong call as ``decision: {referred: }`` says (binary)
``@score``     float    0..1 (binary); null where a triage product has none, and refers
``@truth``     str/f64  the truth (multiclass: the class, regression: the value)
``@predicted`` str/f64  what the subject said (multiclass, regression)
``@certainty`` float    the probability that the model gives to the class it names; null where it
                        has none (multiclass)
``@weight``    float    what training weighs a case by; only where product.yaml asks for weights
``@call:X``    bool/..  what X said of the same case, for requirements ``against: X``
``@arbitrated`` bool    a second person decided (only where the calls are a team's)
``@file:X``    str      the image file that column X names, in full; null: none is named
``@digest:X``  str      a hash of that file's bytes; null: there is no such file
``@unread``    str      why an image of the case gave no score; null where none did that
``@handed``    bool     scope or guard turn it away under a perturbation, and not without it (only
                        where cases are perturbed)
``@verified``  bool     the truth was to be known by the declared verification design, and is;
                        ``@positive`` is null where it is not known (only where one is declared)
``@chance``    float    with which chance the truth was to become known (same)
``@boxes``     str      the true boxes in the case's images, as JSON (io.box_table); only where
                        marks are declared, as all that follow; null: nobody says
``@marks``     str      the marks on them, the same way, each with its score; null: nobody says
``@unmarked``  str      why nothing is known of hits; null where it is
``@lesions``   list     the highest score of the marks that find each true box; -1: none does
``@false``     list     the scores of marks that find none
``@images``    int      the images that were looked at for marks
``@lesion_count`` ``@found`` ``@false_count``  int  of these how many, at the mark threshold
``@measured``  int      how often this table was measured: each is one more chance to pass (only
                        in tables that were brought back from a device)
=============  =======  ===========================================================================

Where the calls are a team's (workflow.team), ``@flagged`` is the team's call and ``@referred`` says
that a person read the case; the person's call is known, so nothing is excluded from the rates.
"""

from __future__ import annotations

ID = "@id"
UNIT = "@unit"
INSIDE = "@inside"
RATED = "@rated"
OUTSIDE = "@outside"
REJECTED = "@rejected"
UNFAMILIAR = "@unfamiliar"
REFERRED = "@referred"
POSITIVE = "@positive"
FLAGGED = "@flagged"
SCORE = "@score"
TRUTH = "@truth"
PREDICTED = "@predicted"
CERTAINTY = "@certainty"
WEIGHT = "@weight"
ARBITRATED = "@arbitrated"
VERIFIED = "@verified"
CHANCE = "@chance"
BOXES = "@boxes"
MARKS = "@marks"
UNMARKED = "@unmarked"
LESIONS = "@lesions"
FALSE = "@false"
IMAGES = "@images"
LESION_COUNT = "@lesion_count"
FOUND = "@found"
FALSE_COUNT = "@false_count"
MEASURED = "@measured"


UNREAD = "@unread"
HANDED = "@handed"
_FILE = "@file:"


def call(name: str) -> str:
    """The column with somebody else's calls."""
    return f"@call:{name}"


# stands in a column of files where a case lacks an image that it may lack
ABSENT = ""


def file(name: str) -> str:
    """The column with the files of an image column."""
    return f"{_FILE}{name}"


def is_file(column: str) -> bool:
    """Whether a column holds files of images."""
    return column.startswith(_FILE)


def digest(name: str) -> str:
    """The column with hashes of those files."""
    return f"@digest:{name}"


def shown(column: str) -> str:
    """What a user calls a column.

    >>> shown("@file:scan"), shown("age")
    ('scan', 'age')
    """
    return column.removeprefix(_FILE)
