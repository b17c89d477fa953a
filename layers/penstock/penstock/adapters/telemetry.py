"""Log lines, metrics and traces of a function, by Powertools. Never any record content (R32)."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from aws_lambda_powertools import Logger, Tracer
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from penstock.model.errors import Busy, NotNow, PenstockError, Transient
from penstock.model.lane_names import parts_of
from penstock.model.setbacks import OFTEN
from penstock.model.stage_result import StageResult

_OF_STAGE = ("ChunksValidated", "ChunksSettled", "ChunksPutOff")
"""Metrics the alarms watch by stage alone, whatever the feed."""

_UNITS = {
    "ChunkLatency": MetricUnit.Milliseconds,
    "DeliveryLatency": MetricUnit.Milliseconds,
    "FileDuration": MetricUnit.Seconds,
    "BytesSplit": MetricUnit.Bytes,
}


def fails_often(error: Exception, receives: int) -> bool:
    """Whether what failed has failed so often that somebody is to look at it: by what its stage has noted, or by how
    often its message was received. To find another at work, or that it is not the time, is no failure."""
    if isinstance(error, Transient) and error.setback:
        return error.setback.is_frequent and not isinstance(error, NotNow)
    return receives > OFTEN and not isinstance(error, Busy | NotNow)


class Telemetry:
    """One function's. The service, the namespace and the log level come from Powertools' own environment."""

    def __init__(self, stage: str, unit: str) -> None:
        self._stage, self._unit = stage, unit
        # While a release is rolled out, lines of two releases stand in one log.
        self._logger = Logger(service=stage, release=os.environ.get("PENSTOCK_RELEASE"))
        self._tracer = Tracer(service=stage, auto_patch=False)

    @contextmanager
    def invocation(self, context: Any) -> Generator[None]:
        """Around one invocation: its request id on every line, a subsegment in the trace."""
        self._logger.append_keys(request_id=getattr(context, "aws_request_id", None))
        with self._tracer.provider.in_subsegment(name=f"## {self._stage}"):
            yield

    def attempt(self, group: str | None) -> None:
        """Counts a message that is begun, whatever becomes of it (R34); its group is its lane, where it has one."""
        self._emit({f"{self._unit}Attempts": 1}, {})
        if group:
            self._emit({f"{self._unit}Attempts": 1}, {"feed": parts_of(group)[0]})

    def done(self, result: StageResult, seconds: float) -> None:
        """A line and the metrics of a message that is done. What is nothing is in the line, and no metric: each is paid
        by the hour in which it was put, and no alarm asks for a nothing."""
        self._logger.info(
            result.what,
            audit_trace_id=result.trace,
            feed=result.feed,
            stage=self._stage,
            latency_ms=round(seconds * 1000, 1),
            counts=result.counts,
            told=result.log_counts or None,
        )
        counts = {name: number for name, number in result.counts.items() if number}
        if counts:
            self._emit(counts, {"feed": result.feed or "none"})
            of_stage = {name: counts[name] for name in _OF_STAGE if name in counts}
            if of_stage:
                self._emit(of_stage, {})

    def failed(
        self,
        error: Exception,
        feed: str | None,
        trace: str | None,
        seconds: float,
        receives: int | None = None,
        wait: float | None = None,
    ) -> None:
        """A line of what was not done: a message that must come again, or what a schedule's next event takes up. Our
        own errors carry no content; of others only the type is shown."""
        self._logger.warning(
            "must come again" if wait is not None else "failed",
            audit_trace_id=trace or "none",
            feed=feed or "none",
            stage=self._stage,
            error=type(error).__name__,
            reason=str(error) if isinstance(error, PenstockError) else None,
            receives=receives,
            wait_seconds=None if wait is None else round(wait, 1),
            latency_ms=round(seconds * 1000, 1),
        )
        if fails_often(error, receives or 0):
            self._emit({"FailingOften": 1}, {"feed": feed or "none"})

    def _emit(self, counts: dict[str, float], dimensions: dict[str, str]) -> None:
        metrics = EphemeralMetrics(service=self._stage)
        for name, value in dimensions.items():
            metrics.add_dimension(name, value)
        for name, value in counts.items():
            metrics.add_metric(name, _UNITS.get(name, MetricUnit.Count), value)
        metrics.flush_metrics()
