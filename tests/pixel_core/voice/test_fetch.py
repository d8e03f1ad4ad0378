import json
import shutil

import polars as pl
import pytest

from pixel_core.artifacts import is_valid
from pixel_core.voice import VoiceError, check_playlist_audio, fetch, fetch_playlist
from pixel_core.voice.download import safe_id
from tests.pixel_core.voice.conftest import DATA, SAMPLE
from tests.pixel_core.voice.podcast import podcast

TALK = (SAMPLE / "morning-talks" / "morning-1.flac").read_bytes()


@pytest.fixture
def show(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with podcast() as served:
        yield served


def feed(entry, uri, **changes):
    return entry.model_copy(update={"key": "show", "kind": "feed", "uri": uri, **changes})


def rows(built):
    return {row["source_id"]: row for row in pl.read_parquet(built.folder / "episodes.parquet").to_dicts()}


def test_the_sample_arrives_through_yt_dlp_with_the_catalogues_address(built):
    audio = built["audio"]
    found = rows(audio)
    assert sorted(found) == ["morning-1", "morning-2", "morning-3"]
    for name, row in found.items():
        assert row["uri"] == f"pixel-sample://morning-talks/{name}"
        assert (audio.folder / row["file"]).read_bytes() == (SAMPLE / "morning-talks" / f"{name}.flac").read_bytes()
        assert row["decoded_seconds"] == pytest.approx(row["announced_seconds"], abs=0.01)
    assert found["morning-1"]["upload_date"] == "20240108"
    assert not any(b"127.0.0.1" in path.read_bytes() for path in audio.folder.glob("*.*"))
    assert check_playlist_audio(audio.folder).passed


def test_a_second_fetch_is_skipped_and_a_forced_one_gives_the_same_bytes(tmp_path, talks):
    talks.put("morning-2")
    one = talks.fetch(tmp_path / "out")
    assert talks.fetch(tmp_path / "out").skipped
    other = talks.fetch(tmp_path / "out", force=True)
    assert not other.skipped
    assert one.manifest == other.manifest
    talks.put("morning-3")
    assert talks.fetch(tmp_path / "out").summary.rows == 2


def test_what_cannot_be_used_is_a_row_with_a_reason(tmp_path, talks):
    talks.put("morning-1", "morning-2", "morning-3", "bad")
    (talks.folder / "morning-2.flac").write_bytes(TALK[:400_000])
    (talks.folder / "morning-3.flac").unlink()
    built = talks.fetch(tmp_path / "out")
    reasons = {name: row["reason"] for name, row in rows(built).items()}
    assert reasons == {"morning-1": None, "morning-2": "truncated", "morning-3": "removed", "bad": "undecodable"}
    assert built.summary.rows == 1
    assert built.summary.rejects == {"removed": 1, "truncated": 1, "undecodable": 1}
    assert built.summary.figures["read"] == 4
    rejected = pl.read_parquet(built.folder / "rejected.parquet")
    assert sorted(rejected["reason"]) == ["removed", "truncated", "undecodable"]
    assert not any("127.0.0.1" in detail for detail in rejected["detail"])
    assert [p.name for p in (built.folder / "audio").iterdir()] == ["morning-1.flac"]


def test_a_podcast_feed_with_removed_private_and_broken_episodes(tmp_path, show, entry, recipe):
    show.add("whole", TALK, seconds=58.8)
    show.add("gone", status=404)
    show.add("members", status=403)
    show.add("page", b"<html><body>Not found</body></html>", kind="text/html")
    show.add("cut", TALK[:400_000], seconds=58.8)
    show.add("lies", TALK, seconds=600)
    built = fetch_playlist(feed(entry, show.publish()), tmp_path / "show", data_root=DATA, recipe=recipe)
    found = rows(built)
    assert {name: row["reason"] for name, row in found.items()} == {
        "whole": None,
        "gone": "removed",
        "members": "private",
        "page": "download_failed",
        "cut": "truncated",
        "lies": "truncated",
    }
    assert found["whole"]["uri"] == f"{show.base}/0.flac"
    assert found["whole"]["upload_date"] == "20240108"
    assert "yt-dlp" not in (found["page"]["detail"] or "")
    assert check_playlist_audio(built.folder).passed


def test_hostile_names_stay_in_the_folder(tmp_path, show, entry, recipe):
    names = ["../../escape", "/etc/cron.d/x", "a%(title)s", "con\u202etrol", ".hidden", "x" * 300, "ok_1"]
    for name in names:
        show.add(name, TALK, title="../../title\n\x85`rm -rf`")
    show.add("passwd", url="file:///etc/passwd")
    built = fetch_playlist(feed(entry, show.publish()), tmp_path / "show", data_root=DATA, recipe=recipe)
    found = rows(built)
    kept = [row for row in found.values() if row["status"] == "kept"]
    assert len(kept) == len(names)
    assert found["passwd"]["reason"] == "forbidden_address"
    assert all(row["file"] == f"audio/{row['id']}.flac" for row in kept)
    assert all("\n" not in row["title"] and "\x85" not in row["title"] for row in kept)
    assert len(list((built.folder / "audio").iterdir())) == len(names)
    assert sorted(p.name for p in tmp_path.iterdir()) == [".show.lock", "show"]


@pytest.mark.parametrize("name", ["../../x", "", "-", "ü", "a b", "." * 90, "CON/../x"])
def test_an_id_is_safe_and_its_own(name):
    made = safe_id(name)
    assert made.strip("-._") == made
    assert made != name
    assert set(made) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
    assert 0 < len(made) < 80
    assert safe_id(name) == made != safe_id(name + "/")
    assert safe_id("dQw4w9WgXcQ") == "dQw4w9WgXcQ"


def test_two_episodes_of_one_id_are_told_apart(tmp_path, show, entry, recipe):
    show.add("same", TALK)
    show.add("same", b"other")
    built = fetch_playlist(feed(entry, show.publish()), tmp_path / "show", data_root=DATA, recipe=recipe)
    assert sorted(r or "" for r in pl.read_parquet(built.folder / "episodes.parquet")["reason"]) == ["", "repeated_id"]
    assert check_playlist_audio(built.folder).passed


def test_an_interrupted_fetch_keeps_its_finished_episodes(tmp_path, show, entry, recipe, monkeypatch):
    paths = [show.add(name, TALK) for name in ("one", "two", "three")]
    source = feed(entry, show.publish())
    real, calls = fetch.download, []

    def cut_power(listed, *arguments, **options):
        calls.append(listed.id)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(listed, *arguments, **options)

    monkeypatch.setattr(fetch, "download", cut_power)
    with pytest.raises(KeyboardInterrupt):
        fetch_playlist(source, tmp_path / "show", data_root=DATA, recipe=recipe)
    assert not (tmp_path / "show").exists()
    monkeypatch.setattr(fetch, "download", real)
    before = dict(show.asked)
    built = fetch_playlist(source, tmp_path / "show", data_root=DATA, recipe=recipe)
    assert built.summary.rows == 3
    assert [show.asked[path] - before.get(path, 0) for path in paths] == [0, 0, show.asked[paths[2]]]
    assert is_valid(built.folder)
    assert sorted(p.name for p in tmp_path.iterdir()) == [".show.lock", "show"]


def test_a_finished_episode_that_was_altered_is_fetched_again(tmp_path, show, entry, recipe, monkeypatch):
    path = show.add("one", TALK)
    show.add("two", TALK)
    source = feed(entry, show.publish())
    real = fetch.download
    monkeypatch.setattr(
        fetch, "download", lambda listed, *a, **k: real(listed, *a, **k) if listed.id == "one" else (_ for _ in ()).throw(OSError("full"))
    )
    with pytest.raises(OSError, match="full"):
        fetch_playlist(source, tmp_path / "show", data_root=DATA, recipe=recipe)
    (note,) = tmp_path.glob(".show.episodes-*/one.json")
    (note.parent / json.loads(note.read_text())["file"]).write_bytes(b"altered")
    monkeypatch.setattr(fetch, "download", real)
    asked = show.asked[path]
    assert fetch_playlist(source, tmp_path / "show", data_root=DATA, recipe=recipe).summary.rows == 2
    assert show.asked[path] > asked


def test_when_nothing_can_be_used_it_is_an_error_and_no_artifact(tmp_path, show, entry, recipe):
    show.add("gone", status=404)
    with pytest.raises(VoiceError, match=r"none of 1 episodes can be used.*gone"):
        fetch_playlist(feed(entry, show.publish()), tmp_path / "show", data_root=DATA, recipe=recipe)
    assert not (tmp_path / "show").exists()


def test_a_limit_takes_the_first_episodes(tmp_path, show, entry, recipe):
    for name in ("one", "two", "three"):
        show.add(name, TALK)
    built = fetch_playlist(feed(entry, show.publish(), limit=2), tmp_path / "show", data_root=DATA, recipe=recipe)
    assert sorted(rows(built)) == ["one", "two"]


BOMB = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "ha"}">' for n in range(12))
RSS = '<?xml version="1.0"?>{}<rss version="2.0"><channel><title>{}</title></channel></rss>'


@pytest.mark.parametrize(
    "text",
    [
        RSS.format(f"<!DOCTYPE rss [{BOMB}]>", "&e11;"),
        RSS.format('<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>', "&x;"),
        RSS.format("", "Empty"),
        "this is no feed",
    ],
    ids=["entity bomb", "external entity", "no items", "no xml"],
)
@pytest.mark.timeout(20)
def test_a_feed_that_is_none_is_a_clear_error(tmp_path, show, entry, recipe, text):
    with pytest.raises(VoiceError, match=r"feed\.xml"):
        fetch_playlist(feed(entry, show.publish(text)), tmp_path / "show", data_root=DATA, recipe=recipe)
    assert not (tmp_path / "show").exists()


def test_an_unreachable_feed_names_itself(tmp_path, entry, recipe):
    with podcast() as served:
        address = served.base + "/feed.xml"
    with pytest.raises(VoiceError, match="cannot list http"):
        fetch_playlist(feed(entry, address), tmp_path / "show", data_root=DATA, recipe=recipe)


def test_a_folder_of_own_recordings(tmp_path, entry, recipe):
    folder = tmp_path / "data" / "recordings"
    folder.mkdir(parents=True)
    shutil.copy(SAMPLE / "morning-talks" / "morning-1.flac", folder / "Monday talk.flac")
    own = entry.model_copy(update={"key": "own", "kind": "folder", "uri": "recordings"})
    built = fetch_playlist(own, tmp_path / "own", data_root=tmp_path / "data", recipe=recipe)
    (row,) = rows(built).values()
    assert row["source_id"] == row["title"] == "Monday talk"
    assert row["uri"] == f"recordings/{row['id']}"
    assert str(tmp_path) not in (built.folder / "playlist.json").read_text()
    assert not (built.folder / "reference.parquet").exists()


@pytest.mark.parametrize(
    ("text", "told"), [("{", "does not describe"), ('{"duration": -3}', "duration"), ('{"upload_date": "Monday"}', "upload_date")]
)
def test_a_malformed_description_is_named(tmp_path, talks, text, told):
    talks.put("morning-1")
    (talks.folder / "morning-1.json").write_text(text)
    with pytest.raises(VoiceError, match=told) as error:
        talks.fetch(tmp_path / "out")
    assert "morning-1.json" in str(error.value)


def test_an_empty_folder_says_what_belongs_there(tmp_path, talks):
    with pytest.raises(VoiceError, match="holds no recordings"):
        talks.fetch(tmp_path / "out")
