"""What is heavy is loaded when it is used, and never for a word of help."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = [
    "torch",
    "onnxruntime",
    "sqlalchemy",
    "alembic",
    "psycopg",
    "rfc8785",
    "ray",
    "fastapi",
    "uvicorn",
    "cryptography",
    "nicegui",
    "pydicom",
    "PIL",
    "sklearn",
    "skops",
    "pandas",
    "polars",
    "scipy",
    "fhir",
]

HELP = """
import sys
from roadworthy.cli import main
sys.argv = ["roadworthy", "--help"]
try:
    main()
except SystemExit as ended:
    assert ended.code == 0, ended.code
"""


@pytest.mark.parametrize("program", ["import roadworthy", HELP], ids=["import", "help"])
def test_nothing_heavy_is_loaded(program: str) -> None:
    asked = f"{program}\nimport sys\nprint('loaded:', *sorted(set({HEAVY}) & set(sys.modules)))"
    ended = subprocess.run(
        [sys.executable, "-c", asked], capture_output=True, text=True, check=True
    )
    assert ended.stdout.splitlines()[-1].strip() == "loaded:"


def test_the_verbs_are_there_for_python_too() -> None:
    import roadworthy

    for name in roadworthy.__all__:
        assert callable(getattr(roadworthy, name))
        assert name in dir(roadworthy)
    with pytest.raises(AttributeError):
        _ = roadworthy.certifi
