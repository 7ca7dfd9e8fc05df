"""Orders with their events as files: JSON, CSV and XES, written piece by piece in constant memory."""

from trackflow.projection.export.as_csv import csv
from trackflow.projection.export.as_json import json
from trackflow.projection.export.as_xes import xes
from trackflow.projection.export.reading import Exporter

__all__ = ["Exporter", "csv", "json", "xes"]
