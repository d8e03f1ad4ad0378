"""Dialogue: prediction, coherence, flow, authenticity, and sessions with scripted clients."""
