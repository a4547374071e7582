"""Reads the price list."""

from __future__ import annotations

import csv
from pathlib import Path


def read_prices(path: Path) -> dict[str, float]:
    with path.open(newline="", encoding="utf-8") as file:
        return {row["article"]: float(row["price"]) for row in csv.DictReader(file)}
