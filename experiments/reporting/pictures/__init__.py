"""Pictures of the report: one idea a file; each takes data that was read before and returns a figure."""
