"""No row, however wrong, crashes an adapter: it fits, or it is a RowError with a reason."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pixel_core.corpus import adapt
from pixel_core.corpus.adapters import RowError
from pixel_core.corpus.adapters.rows import EXTRACTOR
from pixel_core.corpus.source_rows import Row, Unreadable
from tests.pixel_core.corpus.adapters.test_dialogues import ESCONV, SHAREGPT
from tests.pixel_core.corpus.adapters.test_exchanges import ALPACA, CONTEXT, COT, COUNSEL, VERDICT
from tests.pixel_core.corpus.adapters.test_labelled import BANK, CSSRS, DIA, GO, pair
from tests.pixel_core.corpus.adapters.test_preferences import ROW
from tests.pixel_core.corpus.adapters.test_sessions import said
from tests.pixel_core.corpus.worlds import entry, gathered

SAMPLES = {
    "esconv": ESCONV,
    "counsel_chat": COUNSEL,
    "sharegpt": SHAREGPT,
    "messages": {"messages": [{"role": "user", "content": "Hi."}, {"role": "assistant", "content": "Hm."}]},
    "tagged_text": {"text": "<human>: Hi. <bot>: Hm."},
    "alpaca": ALPACA,
    "context_response": CONTEXT,
    "imhi": VERDICT,
    "cot": COT,
    "goemotions": GO,
    "emobank": BANK,
    "cssrs": CSSRS,
    "diasafety": DIA,
    "preference": ROW,
    "epitome": pair("1"),
    "annomi": said(0, "therapist", "May I?", question_subtype="closed", main="question"),
}
CATEGORY = {"preference": "preference", "cot": "reasoning", "sharegpt": "personality"}
values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 9) | st.floats() | st.text(max_size=6) | st.sampled_from(["sys", "usr", "high", "5", "²"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["text", "speaker", "from", "value", "seeker"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@pytest.mark.parametrize("shape", sorted(SAMPLES))
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_every_row_fits_or_has_a_reason(shape, data):
    sample = SAMPLES[shape]
    changed = sample | {field: data.draw(values) for field in data.draw(st.sets(st.sampled_from(sorted(sample)), max_size=3))}
    dropped = {key: value for key, value in changed.items() if key not in data.draw(st.sets(st.sampled_from(sorted(sample)), max_size=1))}
    rows = [Row("emotional-reactions.csv", 1, dropped)]
    source = entry(shape, CATEGORY.get(shape, "mental_health"))
    for row in gathered(rows, source):
        if isinstance(row, Unreadable):
            assert row.reason
            continue
        try:
            found = adapt(row.value, source.shape, source, row.position)
        except RowError as error:
            assert error.reason
        else:
            assert found.provenance[0].extractor == EXTRACTOR
            assert found.id
