"""measure-device: times, memory and bytes, measured where product.yaml says the product works."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from roadworthy.core.device import Device
from roadworthy.core.errors import BadInput
from roadworthy.core.product import Product
from roadworthy.core.shown import Shown
from roadworthy.io import whole_file
from roadworthy.io.registry import instruments
from roadworthy.store.devices import (
    keep_bundle,
    keep_measurement,
    kept_bundle,
    kept_measurement,
)
from roadworthy.store.workspace import Workspace, as_json
from roadworthy.workflow import on_device
from roadworthy.workflow.device_bundle import bundled, sampled
from roadworthy.workflow.device_here import answers_here, measured_here
from roadworthy.workflow.device_results import read_results, require_sent
from roadworthy.workflow.ledger import note
from roadworthy.workflow.load import Given, as_product
from roadworthy.workflow.source import Parted, load_cases
from roadworthy.workflow.studies import Settled, settle, timed_so_often
from roadworthy.workflow.subject import Judged
from roadworthy.workflow.triage import kept_certificate

REQUESTS = 400


@dataclass(frozen=True)
class OfDevice(Shown):
    """What was sent to a device, or what came back from it.

    ``written`` is a bundle, or results to bring back; ``measured`` are results as they are kept.
    """

    device: Device
    cases: int
    requests: int
    written: Path | None = None
    measured: Mapping[str, Any] | None = None
    new: bool = True

    @property
    def told(self) -> str:
        """What was measured, in a sentence; empty where nothing was."""
        return "" if self.measured is None else on_device.told(self.measured)

    def __repr__(self) -> str:
        what = "bundle" if self.measured is None else "measurement"
        return f"<OfDevice {self.device}: {what} of {self.requests:,} requests>"


def measure_device(
    product: Given,
    *,
    bundle: str | Path | None = None,
    read: str | Path | None = None,
    here: bool = False,
    out: str | Path | None = None,
    requests: int = REQUESTS,
) -> OfDevice:
    """Makes a ``bundle`` for the device, ``read``s what came back, or measures ``here``.

    Exactly one of the three. Here means this machine, which must be the declared one: with
    `device: here` the result is kept at once, otherwise it is written to ``out``, to be read where
    the product is judged. ``requests`` are noted, each on one of at most as many open cases.

    Raises:
        BadInput: no device is declared, the model cannot be measured so, or what came back does
            not fit what was sent.
    """
    product = as_product(product)
    device = _declared(product)
    if (bundle is not None) + (read is not None) + here != 1:
        raise BadInput(
            "say exactly one of --bundle FILE, --read FILE and --here.",
            code="wrong_usage",
            where="measure-device",
            next_step="A bundle measures a net in ONNX without roadworthy; --here measures any "
            "model on a machine that has roadworthy.",
        )
    workspace, parted = Workspace.beside(product.file), load_cases(product)
    settled = settle(product, workspace, parted, instruments(), certify=kept_certificate)
    if bundle is not None:
        return _send(workspace, settled, parted, device, Path(bundle), requests)
    if read is not None:
        return _bring_back(workspace, settled, parted, device, Path(read))
    return _here(workspace, settled, parted, device, None if out is None else Path(out), requests)


def _send(
    workspace: Workspace,
    settled: Settled,
    parted: Parted,
    device: Device,
    out: Path,
    requests: int,
) -> OfDevice:
    whole_file.require_writable(out, (".zip",), (), "bundle.zip", "the bundle", "--bundle")
    cases = sampled(settled.judged, parted.all_open, requests)
    found = bundled(settled.judged, device, cases, requests, settled.certificate)
    keep_bundle(workspace, found.name, found.said)
    with whole_file.whole_file(out, "bundle.zip", "--bundle") as path:
        path.write_bytes(found.content)
    return OfDevice(device, found.cases, requests, written=out)


def _bring_back(
    workspace: Workspace, settled: Settled, parted: Parted, device: Device, path: Path
) -> OfDevice:
    found, model = read_results(path), settled.judged.ran
    sent = kept_bundle(workspace, found["bundle"])
    if found["bundle"] == "":
        # roadworthy itself measured: the same answers are asked of the model here
        sent = {
            "requests": len(found["timings"]["ns"]),
            "runs": device.runs,
            "cases": found["cases"],
            "answers": answers_here(settled.judged, parted, tuple(found["answers"])),
        }
    require_sent(found, sent, device, model.fingerprint, path)
    return _kept(workspace, settled.judged, device, found)


def _here(
    workspace: Workspace,
    settled: Settled,
    parted: Parted,
    device: Device,
    out: Path | None,
    requests: int,
) -> OfDevice:
    if not device.here:
        out = Path("measured.json") if out is None else out
        whole_file.require_writable(out, (".json",), (), "measured.json", "what was measured")
    cases = sampled(settled.judged, parted.all_open, requests)
    found = measured_here(settled, device, cases, requests, settled.judged.ran.fingerprint)
    kept = _kept(workspace, settled.judged, device, found)
    if out is None:
        return kept
    with whole_file.whole_file(out, "measured.json") as path:
        path.write_text(as_json(found), encoding="utf-8")
    return OfDevice(device, kept.cases, kept.requests, out, kept.measured)


def _kept(
    workspace: Workspace, judged: Judged, device: Device, found: Mapping[str, Any]
) -> OfDevice:
    """Keeps a measurement under its number; the same file twice is one measurement."""
    before = kept_measurement(workspace, device.name, found["model"])
    requests, cases = len(found["timings"]["ns"]), found["cases"]
    if before is not None and before["sum"] == found["sum"]:
        return OfDevice(device, cases, requests, measured=before, new=False)
    kept = {**found, "measured": timed_so_often(judged.ran, device, workspace) + 1}
    said = {"device": device.name, "model": found["model"], "number": kept["measured"]}
    # noted before it counts: what was measured and did not please is not forgotten
    note(judged.product, "device_measured", {**said, "sum": found["sum"]})
    keep_measurement(workspace, kept)
    return OfDevice(device, cases, requests, measured=kept)


def _declared(product: Product) -> Device:
    if product.device is not None:
        return product.device
    raise BadInput(
        "product.yaml does not say on which machine the product will work.",
        code="no_device",
        where=product.file.name,
        next_step="Write `device: {name: clinic-pc, threads: 1}`, or `device: here` if it is this "
        "one.",
    )
