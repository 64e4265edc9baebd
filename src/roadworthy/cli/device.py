"""`roadworthy measure-device`: a bundle out, what it measured back in, or both at once here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from roadworthy.core.errors import ExitCode

if TYPE_CHECKING:
    from roadworthy.workflow.measure_device import OfDevice


def measure_device(
    product: Annotated[
        Path, typer.Argument(help="product.yaml, or the folder it is in.", show_default=True)
    ] = Path("product.yaml"),
    bundle: Annotated[
        Path | None,
        typer.Option("--bundle", help="A new ZIP: unpack it there, run `python measure.py`."),
    ] = None,
    read: Annotated[
        Path | None, typer.Option("--read", help="The measured.json that came back.")
    ] = None,
    here: Annotated[
        bool, typer.Option("--here", help="This machine is the device: measure with roadworthy.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="With --here on another device: the file (measured.json)."),
    ] = None,
    requests: Annotated[
        int, typer.Option(min=1, help="How many requests are noted; 299 show a p99 at 95 %.")
    ] = 400,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object and nothing else.")
    ] = False,
) -> int:
    """Measure latency, memory and bytes of a decision on the device that product.yaml declares."""
    from roadworthy.cli import show
    from roadworthy.cli.app import printed
    from roadworthy.workflow.measure_device import measure_device as run

    with show.busy("measuring", as_json):
        found = run(product, bundle=bundle, read=read, here=here, out=out, requests=requests)
    printed(found, as_json, measured_json, measured)
    return ExitCode.PASS


def measured_json(found: OfDevice) -> dict[str, Any]:
    """One JSON object."""
    kept = found.measured
    return {
        "schema": 1,
        "device": found.device.name,
        "threads": found.device.threads,
        "cases": found.cases,
        "requests": found.requests,
        "written": None if found.written is None else str(found.written),
        "new": found.new,
        "measurement": None if kept is None else kept["measured"],
        "host": None if kept is None else kept["host"],
        "left_out": None if kept is None else kept["left_out"],
    }


def measured(found: OfDevice) -> None:
    """What to do with a bundle, or what came back."""
    from roadworthy.cli.show import line

    kept = found.measured
    if kept is None:
        line(f"bundle for {found.device}: {found.written}")
        line(
            f"  {found.requests:,} requests on {found.cases:,} open cases in "
            f"{found.device.runs} processes"
        )
        line("On the device, with numpy and onnxruntime:")
        line(f"  unzip {Path(str(found.written)).name} -d bundle && python bundle/measure.py")
        line("then here:")
        line("  roadworthy measure-device --read measured.json")
        line(
            "Image files travel as they are, with whatever their headers say; names of cases "
            "stay here."
        )
        return
    line(found.told)
    if not found.new:
        line("It was read before: nothing changed.")
    if kept["left_out"]:
        line(f"Not end to end: {kept['left_out']}. Latency and memory stay not measured.")
    for name, told in _figures(kept):
        line(f"  {name:<22}{told}")
    if found.written is not None:
        line(f"written: {found.written}; read it where the product is judged:")
        line(f"  roadworthy measure-device --read {found.written.name}")


def _figures(kept: Any) -> list[tuple[str, str]]:
    """Medians of each step, and the ends of the rest; estimates, which prove nothing."""
    from statistics import median

    def ms(ns: list[int]) -> str:
        return f"median {median(ns) / 1e6:.3g} ms, largest {max(ns) / 1e6:.3g} ms"

    found = [(step, ms(ns)) for step, ns in kept["steps"].items()]
    found.append(("end to end", ms(kept["timings"]["ns"])))
    held = [one for one in kept["processes"]["bytes"] if one is not None]
    if held:
        found.append(("peak memory", f"largest {max(held) / 1e6:,.0f} MB"))
    found.append(("record of a decision", f"largest {max(kept['decisions']['bytes']):,} bytes"))
    return found
