"""The voice assets: recordings, transcripts, markers, profile, conversations."""
