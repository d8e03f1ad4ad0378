import polars as pl
import pytest

from pixel_core.knowledge import extract_dsm5
from pixel_core.knowledge.disorder_names import class_of_title
from pixel_core.knowledge.dsm5 import TABLE
from pixel_core.knowledge.headed import headed_records
from pixel_core.knowledge.located import Located, reads_as
from pixel_core.knowledge.quality import check_dsm5
from pixel_core.knowledge.readers.html import read_html
from pixel_core.knowledge.readers.pdf import read_pdf
from pixel_core.knowledge.readers.text import read_text
from tests.pixel_core.knowledge.documents import write
from tests.pixel_core.knowledge.formats import pdf

MANUAL = """# Anxiety

Chapters begin with prose.

## Panic Disorder (F41.0)

Waves of fear that come back.

### Diagnostic Criteria

A. Attacks come again. In one of them, at least two of the following:

1. A racing heart; or
2. **Sweating**
3. A fear of dying

B. For at least one month, worry about the next attack.

C. No substance brings it about.

Specify if:

- With agoraphobia (F40.01)

### Duration

At least one month.

### Differential Diagnosis

- **Social anxiety disorder.** There the fear is of being watched.
- Illness anxiety disorder: the fear is of being ill.

#### Generalized anxiety disorder

Worry without attacks.

### Prevalence

Many people.

### Treatment

Talking therapy.

## Hoarding disorder

Symptoms:

- cannot throw things away
- rooms that cannot be used

## Something else

- not a symptom
"""


def located_in(value):
    if isinstance(value, Located):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from located_in(part)


def plain(manual):
    return "\n".join(line.lstrip("# ") for line in manual.replace("**", "").splitlines())


def printed(manual):
    sizes = {1: 20, 2: 16, 3: 13, 4: 11.5}
    page = []
    for line in manual.replace("**", "").splitlines():
        level = len(line) - len(line.lstrip("#"))
        page.append(None if not line else (line.lstrip("# "), sizes[level], True) if level else line)
    return pdf(page[:24], page[24:48], page[48:])


def paged(manual):
    out = []
    for line in manual.replace("**", "").splitlines():
        level = len(line) - len(line.lstrip("#"))
        out.append(f"<h{level}>{line.lstrip('# ')}</h{level}>" if level else f"<p>{line}</p>")
    return "<body>" + "\n".join(out)


FORMATS = {
    "manual.md": lambda: read_text(MANUAL.encode(), "manual.md"),
    "manual.txt": lambda: read_text(plain(MANUAL).encode(), "manual.txt"),
    "manual.html": lambda: read_html(paged(MANUAL).encode(), "manual.html"),
    "manual.pdf": lambda: read_pdf(printed(MANUAL), "manual.pdf"),
}


@pytest.mark.parametrize("file", ["manual.md", "manual.txt", "manual.pdf"])
def test_a_manual_gives_the_same_records_in_every_format(file):
    panic, hoarding = (raw for _, raw in headed_records(FORMATS[file]()))
    assert (panic["code"], panic["name"], panic["summary"]) == ("F41.0", "Panic disorder", "Waves of fear that come back.")
    assert [(c["id"], c["text"], [i["text"] for i in c["items"]]) for c in panic["criteria"]] == [
        ("A", "Attacks come again. In one of them, at least two of the following:", ["A racing heart", "Sweating", "A fear of dying"]),
        ("B", "For at least one month, worry about the next attack.", []),
        ("C", "No substance brings it about.", []),
    ]
    assert panic["duration"] == {"text": "At least one month."}
    assert panic["specifiers"] == [{"name": "With agoraphobia", "code": "F40.01"}]
    assert panic["care"] == ["Talking therapy."]
    differentials = {(d["code"], d["distinguish"]) for d in panic["differentials"]}
    assert differentials >= {("F45.21", "the fear is of being ill."), ("F41.1", "Worry without attacks.")}
    assert hoarding == {
        "code": "F42.3",
        "name": "Hoarding disorder",
        "symptoms": ["cannot throw things away", "rooms that cannot be used"],
    }


def test_paragraphs_of_a_page_that_begin_with_letters_are_criteria():
    (panic, *_) = (raw for _, raw in headed_records(read_html(paged(MANUAL).encode(), "manual.html")))
    assert [c["id"] for c in panic["criteria"]] == ["A", "B", "C"]


@pytest.mark.parametrize("file", FORMATS)
def test_every_text_of_a_record_stands_where_its_span_says(file):
    document = FORMATS[file]()
    texts = [text for _, raw in headed_records(document) for text in located_in(raw)]
    assert len(texts) >= 12
    assert all(reads_as(document.text[text.start : text.end], text) for text in texts)


def test_a_printed_manual_passes_the_check_of_the_asset(tmp_path):
    write(tmp_path / "kb" / "m.pdf", printed(MANUAL))
    built = extract_dsm5(tmp_path / "kb", tmp_path / "out")
    assert pl.read_parquet(built.folder / TABLE)["code"].to_list() == ["F41.0", "F42.3"]
    assert check_dsm5(built.folder).passed
    assert built.summary.rejects == {}
    row = pl.read_parquet(built.folder / TABLE).row(0, named=True)
    criterion = row["criteria"][0]
    assert (criterion["min_count"], len(criterion["items"]), row["duration"]["min_days"]) == (2, 3, 30)


def test_prose_about_a_disorder_is_no_record():
    text = "# Mood\n\n## Panic disorder\n\nOne.\n\nTwo.\n\nThree things follow:\n\n- books\n- plays\n\n## Schizophrenia\n\nMore prose.\n"
    assert list(headed_records(read_text(text.encode(), "a.md"))) == []


def test_two_sets_of_criteria_in_one_disorder_keep_their_letters_apart():
    sections = "### Mania\n\nA. High mood.\n\nB. Little sleep.\n\n### Depression\n\nA. Low mood.\n\nB. No joy.\n"
    text = f"# Bipolar I disorder\n\n## Criteria\n\n{sections}"
    ((_, raw),) = headed_records(read_text(text.encode(), "a.md"))
    assert [c["id"] for c in raw["criteria"]] == ["A", "B", "2A", "2B"]


@pytest.mark.parametrize(
    ("title", "code"),
    [
        ("Panic Disorder", "F41.0"),
        ("2.1 PANIC DISORDER (F41.0)", "F41.0"),
        ("300.01 (F41.0) Panic Disorder", "F41.0"),
        ("F41.0", "F41.0"),
        ("Post-Traumatic Stress Disorder", "F43.10"),
        ("Generalised anxiety disorder: diagnostic criteria", "F41.1"),
        ("Social Anxiety Disorder (Social Phobia)", "F40.10"),
        ("Pica", "F98.3"),
        ("Premature ejaculation", "F52.4"),
        ("Specific learning disorder", None),  # two classes bear this name
        ("Anxiety", None),
        ("The history of panic disorder", None),
        ("Route A12 of the railway", None),
        ("", None),
    ],
)
def test_titles_name_classes(title, code):
    found = class_of_title(title)
    assert (found and found.id) == code
