"""Every definition of the code location: one package a stage."""
