"""Accepts alarms on figures that are calculated from several metrics."""

from typing import Any

from ministack.services.cloudformation import provisioners


def accept_calculated_figures() -> None:
    """ministack knows alarms on one metric only. Here such an alarm watches the first of its metrics."""
    record = provisioners._cw_metric_alarm_record

    def record_of_first(name: str, properties: dict[str, Any]) -> Any:
        metrics = [each["MetricStat"]["Metric"] for each in properties.get("Metrics", []) if "MetricStat" in each]
        return record(name, {**properties, **metrics[0], "Metrics": None} if metrics else properties)

    provisioners._cw_metric_alarm_record = record_of_first
