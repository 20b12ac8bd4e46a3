"""ivmc compiles a PostgreSQL SELECT into the SQL that keeps its result up to date."""

from ivmc.catalog import Catalog
from ivmc.diagnostics import CompileError
from ivmc.pipeline import compile
from ivmc.plan import Plan

__all__ = ["Catalog", "CompileError", "Plan", "compile"]
