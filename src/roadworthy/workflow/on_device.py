"""Which measurements of a machine count: those made where product.yaml says the product works."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from roadworthy.core import columns
from roadworthy.core.device import DECISIONS, PROCESSES, TIMINGS, Device
from roadworthy.core.errors import BadInput
from roadworthy.core.model import Model
from roadworthy.core.product import Product
from roadworthy.store.devices import kept_measurement
from roadworthy.store.workspace import Workspace
from roadworthy.workflow.device_results import shapeless

UNDECLARED = (
    "product.yaml does not say on which machine the product will work; write "
    "`device: {name: ...}` and run `roadworthy measure-device`, or `device: here` if it is this one"
)


def measured_there(
    name: str, device: Device | None, model: Model, workspace: Workspace
) -> pl.DataFrame | str:
    """The table of what was measured on the declared machine, or why there is none."""
    if device is None:
        return UNDECLARED
    kept = _kept(workspace, device, model)
    if kept is None:
        return _not_yet(name, device)
    try:
        return _table(kept, name, device)
    except (KeyError, TypeError, ValueError, pl.exceptions.PolarsError) as problem:
        raise _broken(workspace, device, repr(problem)) from problem


def notes(product: Product, model: Model, workspace: Workspace) -> tuple[str, ...]:
    """On which machine it was measured, where a requirement asks for that."""
    device = product.device
    if device is None:
        return ()
    kept = _kept(workspace, device, model)
    if kept is None:
        return ("Times are those of this machine, as `device: here` says.",) if device.here else ()
    return (told(kept),)


def measured_by(product: Product, model: Model) -> str:
    """A hash of what was measured of this model on the declared device; empty: nothing was."""
    if product.device is None:
        return ""
    workspace = Workspace.beside(product.file)
    kept = kept_measurement(workspace, product.device.name, model.fingerprint)
    return "" if kept is None else str(kept.get("sum", ""))


def told(kept: Mapping[str, Any]) -> str:
    """What was measured, where and how often, in a sentence or two."""
    host, often = kept["host"], kept["measured"]
    where = "this machine" if kept["device"] == "here" else kept["device"]
    found = (
        f"Measured on {where} ({host['cpu']}, {host['system']}) on {kept['at'][:10]}: "
        f"{len(kept['timings']['ns']):,} of its requests on {kept['cases']:,} cases in "
        f"{len(kept['processes']['bytes']):,} fresh processes, on {kept['threads']} "
        f"thread{'s' * (kept['threads'] > 1)}."
    )
    if often > 1:
        found += f" It was the measurement number {often}, so alpha is divided by {often}."
    return found


def _kept(workspace: Workspace, device: Device, model: Model) -> dict[str, Any] | None:
    found = kept_measurement(workspace, device.name, model.fingerprint)
    if found is None:
        return None
    often = found.get("measured")
    fault = shapeless(found) or ("" if type(often) is int and often > 0 else "was never counted")
    if fault:
        raise _broken(workspace, device, f"it {fault}")
    return found


def _broken(workspace: Workspace, device: Device, why: str) -> BadInput:
    return BadInput(
        f"what was measured on {device} is kept incompletely: {why}.",
        code="broken_workspace",
        where=str(workspace.folder),
        next_step="Read what was measured again: `roadworthy measure-device --read FILE`.",
    )


def _table(kept: Mapping[str, Any], name: str, device: Device) -> pl.DataFrame | str:
    """One table; a step that was left out there leaves times and memory out of it too."""
    left_out = kept["left_out"]
    if left_out and name != DECISIONS:
        return f"{left_out} on {device}, so it was not measured end to end"
    if (kept["threads"], kept["device"]) != (device.threads, device.name):
        return (
            f"it was measured on {kept['threads']} threads, and product.yaml says "
            f"{device.threads}; run `roadworthy measure-device` again"
        )
    if name == TIMINGS:
        steps = {f"{step}_ms": pl.Series(ns) / 1e6 for step, ns in kept["steps"].items()}
        table = pl.DataFrame(
            {
                "case": kept["timings"]["case"],
                "run": kept["timings"]["run"],
                **steps,
                "ms": pl.Series(kept["timings"]["ns"]) / 1e6,
            }
        )
    elif name == PROCESSES:
        held = kept["processes"]["bytes"]
        if any(one is None for one in held):
            return f"no memory could be told on {device}: its system does not say"
        started = pl.Series(kept["processes"]["start_bytes"]) / 1e6
        table = pl.DataFrame({"mb": pl.Series(held) / 1e6, "start_mb": started})
    else:
        table = pl.DataFrame({"bytes": kept["decisions"]["bytes"]})
    return table.with_columns(pl.lit(kept["measured"]).alias(columns.MEASURED))


def _not_yet(name: str, device: Device) -> str:
    if device.here:
        timed = "`roadworthy check --time` or " if name == TIMINGS else ""
        return f"no case was timed; run {timed}`roadworthy measure-device --here` first"
    return (
        f"it was not measured on {device}, and times of another machine do not count; run "
        "`roadworthy measure-device` first"
    )
