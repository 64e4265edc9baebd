"""One fresh process that decides cases as `roadworthy decide` does, and notes what it took."""

from __future__ import annotations

import json
import pickle
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from roadworthy.models.onnx.measure import BETWEEN, BETWEEN_NS, WARM_UP, peak_bytes

if TYPE_CHECKING:
    import polars as pl

    from roadworthy.core.certificate import Certificate
    from roadworthy.workflow.subject import Judged


@dataclass(frozen=True)
class Job:
    """What every process is handed: the subject, prepared cases, and how it is asked."""

    judged: Judged
    certificate: Certificate | None
    cases: pl.DataFrame
    requests: int
    runs: int
    threads: int


def main(file: str, number: str) -> None:
    """Reads a job, does its share of it, and prints one JSON object."""
    started, at = peak_bytes(), time.perf_counter_ns()
    job: Job = pickle.loads(Path(file).read_bytes())
    from threadpoolctl import threadpool_limits

    run, count = int(number), job.cases.height
    with threadpool_limits(job.threads):
        for i in range(WARM_UP):
            _decide(job, (run + i) % count)
        loaded = time.perf_counter_ns() - at
        noted, other = [], run
        for request in range(run, job.requests, job.runs):
            end = time.perf_counter_ns() + BETWEEN_NS
            for _ in range(BETWEEN):
                if time.perf_counter_ns() >= end:
                    break
                other = (other + 1) % count
                _decide(job, other)
            noted.append({"case": request % count, **_decide(job, request % count)})
    told = {"run": run, "load_ns": loaded, "start_bytes": started, "bytes": peak_bytes()}
    print(json.dumps({**told, "noted": noted}))


def _decide(job: Job, number: int) -> dict[str, Any]:
    """One case, end to end; decoding an image and scoring it are one step here."""
    from roadworthy.core.product import Task
    from roadworthy.workflow.decide import recorded

    case, clock = job.cases[number : number + 1], time.perf_counter_ns
    start = clock()
    case = job.judged.guarded(case)
    answers = job.judged.answers(case)
    scored = clock()
    assert answers is not None
    if job.judged.product.task is Task.BINARY:
        table, _ = recorded(job.judged, job.certificate, case, answers, datetime.now(UTC))
        record = table.write_ndjson().encode()
    else:
        record = json.dumps({"case": case["@id"][0], "answer": answers[0]}).encode()
    done = clock()
    return {
        "score_ns": scored - start,
        "decide_ns": done - scored,
        "ns": done - start,
        "bytes": len(record),
        "answer": answers[0],
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
