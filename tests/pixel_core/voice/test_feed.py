import urllib.error
import urllib.request
import xml.etree.ElementTree as ET

import pytest

from pixel_core.voice.feed import rss, serve_feed
from pixel_core.voice.recordings import Recording, read_recordings
from tests.pixel_core.voice.conftest import SAMPLE

OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def test_only_named_files_are_served_and_the_server_ends_with_the_block():
    folder = SAMPLE / "morning-talks"
    recordings = read_recordings(folder)
    with serve_feed(folder, recordings, "Talks & more") as address:
        base = address.removesuffix("/feed.xml")
        assert b"Talks &amp; more" in OPENER.open(address).read()
        assert OPENER.open(f"{base}/morning-1.flac").read() == (folder / "morning-1.flac").read_bytes()
        for path in ("/", "/morning-1.json", "/../silence.flac", "/%2e%2e/silence.flac", "/morning-talks"):
            with pytest.raises(urllib.error.HTTPError, match="404"):
                OPENER.open(base + path)
    with pytest.raises(urllib.error.URLError):
        OPENER.open(address, timeout=2)


def test_titles_and_names_survive_as_xml():
    recording = Recording(id="<a&b>", title='"5 < 6" ]]>', file="a b&c?.flac", duration=1.5, upload_date="20240229")
    item = ET.fromstring(rss([recording], "T", "http://h")).find("./channel/item")  # noqa: S314 - written a moment ago
    assert item.find("guid").text == "<a&b>"
    assert item.find("title").text == '"5 < 6" ]]>'
    assert item.find("enclosure").get("url") == "http://h/a%20b%26c%3F.flac"
    assert item.find("pubDate").text.startswith("Thu, 29 Feb 2024")
