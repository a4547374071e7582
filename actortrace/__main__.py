"""What does `python -m actortrace` do? The same as `actortrace`."""

from __future__ import annotations

from actortrace.cli import main

raise SystemExit(main())
