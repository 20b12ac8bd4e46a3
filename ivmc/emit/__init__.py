"""The algebra as SQL text: the only place that writes it."""
