"""The benchmark: TPC-H views, refreshed and recomputed side by side (`make bench`)."""
