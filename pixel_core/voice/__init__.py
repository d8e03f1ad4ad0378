"""Voice: from playlists of recorded speech to transcripts, markers, a personality profile and conversations."""
