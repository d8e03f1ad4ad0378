"""Sentences for tests, said one after the other."""

from pixel_core.voice.sentences import Sentence


def speech(*texts, pause=1.0, seconds=2.0, run=0, episode="e"):
    """One sentence a text, each of `seconds`, with `pause` between."""
    return [Sentence(episode, n * (seconds + pause), n * (seconds + pause) + seconds, text, run) for n, text in enumerate(texts)]
