"""A folder of recordings as a podcast: an RSS feed and its files, served on loopback while it is needed."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote
from xml.sax.saxutils import escape, quoteattr

from pixel_core.voice.recordings import Recording

_FEED = "/feed.xml"
_ITUNES = "http://www.itunes.com/dtds/podcast-1.0.dtd"


@contextmanager
def serve_feed(folder: Path, recordings: Sequence[Recording], title: str) -> Iterator[str]:
    """The address of an RSS feed of these recordings, which is served until the block ends.

    A recording without a file stands in the feed and answers 404, as a removed episode does. Only files that
    the feed names are handed out, to this machine only.
    """
    handler = partial(_Handler, directory=str(folder), served=frozenset(r.file for r in recordings if r.file))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        base = f"http://127.0.0.1:{server.server_port}"
        server.feed = rss(recordings, title, base).encode()  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield base + _FEED
        finally:
            server.shutdown()
            thread.join()


def rss(recordings: Sequence[Recording], title: str, base: str) -> str:
    """The RSS text of the recordings; enclosures lie below `base`."""
    items = "".join(_item(recording, base) for recording in recordings)
    head = f'<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0" xmlns:itunes={quoteattr(_ITUNES)}><channel>'
    return f"{head}<title>{escape(title)}</title>\n{items}</channel></rss>\n"


def _item(recording: Recording, base: str) -> str:
    parts = [f"<title>{escape(recording.title)}</title>", f'<guid isPermaLink="false">{escape(recording.id)}</guid>']
    if recording.upload_date:
        day = datetime.strptime(recording.upload_date, "%Y%m%d").replace(tzinfo=UTC)
        parts.append(f"<pubDate>{format_datetime(day)}</pubDate>")
    if recording.duration:
        parts.append(f"<itunes:duration>{recording.duration}</itunes:duration>")
    address = f"{base}/{quote(recording.file or recording.id, safe='')}"
    parts.append(f'<enclosure url={quoteattr(address)} type="audio/mpeg" length="0"/>')
    return f"<item>{''.join(parts)}</item>\n"


class _Handler(SimpleHTTPRequestHandler):
    """Answers with the feed and the files that it names; everything else is 404."""

    extensions_map = SimpleHTTPRequestHandler.extensions_map | {
        ".flac": "audio/flac",
        ".opus": "audio/ogg",
        ".ogg": "audio/ogg",
        ".m4a": "audio/mp4",
        ".mka": "audio/x-matroska",
        ".aac": "audio/aac",
    }

    def __init__(self, *arguments: Any, served: frozenset[str], **options: Any) -> None:
        self._served = served
        super().__init__(*arguments, **options)

    def do_GET(self) -> None:
        """Send the feed or a file."""
        if self.path == _FEED:
            body = self.server.feed  # type: ignore[attr-defined]
            self.send_response(200)
            self.send_header("Content-Type", "application/rss+xml; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        elif unquote(self.path.removeprefix("/")) in self._served:
            try:
                super().do_GET()
            except ConnectionError:  # yt-dlp looks at the first bytes and hangs up before it downloads
                self.close_connection = True
        else:
            self.send_error(404)

    def log_message(self, *arguments: Any) -> None:
        """Nothing: requests on loopback are no news."""
