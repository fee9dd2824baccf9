"""Entry point of ``python -m lab.keyspace``."""

from lab.keyspace.cli import main

raise SystemExit(main())
