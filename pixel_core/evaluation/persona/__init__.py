"""Personas: who should speak, whole talks with changes, and how smooth those are."""
