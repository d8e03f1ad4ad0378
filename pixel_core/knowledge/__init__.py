"""Knowledge: documents become records, passages, an index, and conversations."""

from pixel_core.knowledge.conversations import write_knowledge_conversations
from pixel_core.knowledge.criteria import criteria_of, unmet
from pixel_core.knowledge.dsm5 import extract_dsm5
from pixel_core.knowledge.framework import extract_framework
from pixel_core.knowledge.index import build_index
from pixel_core.knowledge.notes import Notes
from pixel_core.knowledge.passages import extract_passages
from pixel_core.knowledge.retrieval import Hit, Hits, Retrieve, Retriever
from pixel_core.knowledge.sources import KnowledgeError
from pixel_core.knowledge.statements import compose_statements
from pixel_core.knowledge.symptoms import SymptomMap

__all__ = [
    "Hit",
    "Hits",
    "KnowledgeError",
    "Notes",
    "Retrieve",
    "Retriever",
    "SymptomMap",
    "build_index",
    "compose_statements",
    "criteria_of",
    "extract_dsm5",
    "extract_framework",
    "extract_passages",
    "unmet",
    "write_knowledge_conversations",
]
