"""PostgreSQL: the pool, migrations, and one .sql + one .py per noun."""

from __future__ import annotations
