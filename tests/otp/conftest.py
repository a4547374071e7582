"""These tests are about what actors do, whoever runs them."""

from __future__ import annotations

from tests.dispatchers import dispatcher, pytest_generate_tests

__all__ = ["dispatcher", "pytest_generate_tests"]
