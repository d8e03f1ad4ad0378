"""Pixel's orchestration: what to build, when, and with which checks. The work is done by `pixel_core`."""
