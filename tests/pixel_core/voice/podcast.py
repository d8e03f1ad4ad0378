"""A podcast on loopback that tests fill with items, healthy and hostile ones."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from xml.sax.saxutils import escape, quoteattr


class Podcast:
    """Paths and what they answer: (status, content type, body). `asked` counts the requests of each path."""

    def __init__(self, base):
        self.base = base
        self.answers = {}
        self.items = []
        self.asked = {}

    def add(self, guid, body=None, *, status=200, kind="audio/flac", title="A talk", seconds=None, url=None):
        path = f"/{len(self.items)}.flac"
        if url is None:
            self.answers[path] = (status, kind, body or b"")
        duration = f"<itunes:duration>{seconds}</itunes:duration>" if seconds else ""
        enclosure = f'<enclosure url={quoteattr(url or self.base + path)} type="audio/flac" length="1"/>'
        identity = f"<guid>{escape(guid)}</guid>" if guid else ""
        date = f"<pubDate>Mon, {8 + len(self.items):02d} Jan 2024 00:00:00 GMT</pubDate>"
        self.items.append(f"<item><title>{escape(title)}</title>{identity}{date}{duration}{enclosure}</item>")
        return path

    def publish(self, text=None):
        head = '<?xml version="1.0"?><rss version="2.0" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"><channel><title>T</title>'
        self.answers["/feed.xml"] = (200, "application/rss+xml", (text or f"{head}{''.join(self.items)}</channel></rss>").encode())
        return self.base + "/feed.xml"


@contextmanager
def podcast():
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            show = self.server.show
            show.asked[self.path] = show.asked.get(self.path, 0) + 1
            status, kind, body = show.answers.get(self.path, (404, "text/plain", b"gone"))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            try:
                self.wfile.write(body)
            except ConnectionError:
                self.close_connection = True

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.show = Podcast(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield server.show
        finally:
            server.shutdown()
            thread.join()
