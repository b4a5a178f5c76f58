"""From the store to tables and pictures; a pure function of the stored files."""
