"""What is compared: rows, tables, claims, profiles, recipes, and how they become a plan of runs."""
