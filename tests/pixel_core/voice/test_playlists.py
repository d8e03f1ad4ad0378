import pytest
import yaml

from pixel_core.voice.playlists import VoiceError, find_playlist, load_playlists
from tests.pixel_core.voice.conftest import DATA

ENTRY = {
    "kind": "feed",
    "uri": "https://podcast.example.org/feed.xml",
    "title": "Slow mornings",
    "speaker": "A. Speaker",
    "setting": "talk",
    "licence": "CC-BY-4.0",
    "consent": "written",
}


def catalogue(tmp_path, **changes):
    entry = {name: value for name, value in (ENTRY | changes).items() if value is not None}
    path = tmp_path / "playlists.yaml"
    path.write_text(yaml.safe_dump({"slow-mornings": entry}))
    return path


def test_the_catalogue_that_ships_holds_the_sample_playlists():
    playlists = load_playlists(DATA / "playlists.yaml")
    assert list(playlists) == ["morning-talks", "evening-talks"]
    assert all(p.kind == "sample" and p.folder(DATA).is_dir() for p in playlists.values())


def test_the_commented_examples_of_the_catalogue_are_valid(tmp_path):
    lines = (DATA / "playlists.yaml").read_text().split("consent: synthetic")[-1].splitlines()
    path = tmp_path / "examples.yaml"
    path.write_text("\n".join(line.removeprefix("#").removeprefix(" ") for line in lines))
    assert [p.kind for p in load_playlists(path).values()] == ["youtube", "feed", "folder"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"speakers": "x"}, "unknown field speakers"),
        ({"consent": None}, "missing field consent"),
        ({"consent": "assumed"}, "consent"),
        ({"kind": "torrent"}, "kind"),
        ({"uri": "file:///etc/passwd"}, "must begin with https://"),
        ({"kind": "youtube"}, "is not an address on https://www.youtube.com"),
        ({"kind": "youtube", "uri": "https://www.youtube.com.evil.example/"}, "is not an address"),
        ({"kind": "sample", "uri": "pixel-sample://../../etc"}, "must be pixel-sample://<folder>"),
        ({"limit": 0}, "limit"),
        ({"key": "other"}, "unknown field key"),
    ],
)
def test_a_wrong_entry_is_named_with_its_field(tmp_path, changes, told):
    with pytest.raises(VoiceError, match="slow-mornings") as error:
        load_playlists(catalogue(tmp_path, **changes))
    assert told in str(error.value)


def test_a_repeated_key_is_an_error_and_not_an_overwrite(tmp_path):
    path = catalogue(tmp_path)
    path.write_text(path.read_text() * 2)
    with pytest.raises(VoiceError, match="slow-mornings stands twice"):
        load_playlists(path)


def test_an_unknown_playlist_tells_the_known_ones(tmp_path):
    with pytest.raises(VoiceError, match="it holds slow-mornings"):
        find_playlist(catalogue(tmp_path), "evening")


def test_a_missing_folder_and_a_missing_catalogue_are_named(tmp_path):
    folder = find_playlist(catalogue(tmp_path, kind="folder", uri="recordings/none"), "slow-mornings")
    with pytest.raises(VoiceError, match="recordings/none does not exist"):
        folder.folder(tmp_path)
    with pytest.raises(VoiceError, match="does not exist"):
        load_playlists(tmp_path / "none.yaml")


def test_a_corrected_title_fetches_nothing_again(tmp_path):
    one, other = (find_playlist(catalogue(tmp_path, title=t), "slow-mornings") for t in ("A", "B"))
    assert one.source_digest == other.source_digest
    assert one.digest != other.digest
