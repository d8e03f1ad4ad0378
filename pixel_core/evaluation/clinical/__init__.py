"""Clinical recognition: vignettes, questions of the field, and assessments held against the manuals."""
