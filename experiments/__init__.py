"""The study: tables, profiles, the runner, the store and the report."""
