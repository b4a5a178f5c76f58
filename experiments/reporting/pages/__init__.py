"""The evidence as text: Markdown, CSV, LaTeX and the terminal."""
