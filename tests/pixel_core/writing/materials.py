"""Material by hand, for what does not need the shipped knowledge."""

from pixel_core.conversation import Evidence
from pixel_core.writing import Feature, Material, Picture, Statement


def statement(text, start=0, uri="knowledge/mine.json"):
    return Statement(text, Evidence(uri, start, start + len(text)))


def feature(key, *voiced, symptom="", text="Something is there.", role="symptom"):
    return Feature(key, symptom or key.lower(), statement(text), tuple(statement(v, 100 * n) for n, v in enumerate(voiced)), role)


def picture(code="F51.01", features=None, **more):
    default = [
        feature("A1", "The clock strikes three and I hear it.", symptom="difficulty_falling_asleep"),
        feature("A2", "I wake before the birds.", symptom="early_waking"),
        feature("A3", "My legs are heavy all day.", symptom="daytime_fatigue"),
        feature("A4", "I bark at people for nothing.", symptom="irritability"),
    ]
    return Picture("clinical", code, "Insomnia disorder", features=tuple(default if features is None else features), **more)


def material(*pictures, notions=()):
    return Material(pictures or (picture(),), tuple(notions))
