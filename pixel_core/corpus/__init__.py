"""The corpus: sources read, adapted and cleaned, and composed into an exact, traceable mixture."""

from pixel_core.corpus import edge_cases, head_examples, mixture, mixture_quality, preference_pairs, quality, scenario_quality, sources
from pixel_core.corpus.adapters import adapt
from pixel_core.corpus.apportion import apportion
from pixel_core.corpus.background import Background
from pixel_core.corpus.catalog import CatalogueError, entry_of, find_source, load_catalogue
from pixel_core.corpus.contracts import mixture_contract, source_contract
from pixel_core.corpus.decontamination import HeldOutRule, decontaminate, held_out_texts
from pixel_core.corpus.dedup import near_duplicates
from pixel_core.corpus.edge_cases import build_edge_cases
from pixel_core.corpus.head_examples import Composed, build_head_examples
from pixel_core.corpus.mixture import MixtureSummary, build_mixture
from pixel_core.corpus.population import CorpusError
from pixel_core.corpus.preference_pairs import collect_pairs
from pixel_core.corpus.sieve import Sieve
from pixel_core.corpus.sources import import_source
from pixel_core.corpus.supervision import supervision_of

__all__ = [
    "Background",
    "CatalogueError",
    "Composed",
    "CorpusError",
    "HeldOutRule",
    "MixtureSummary",
    "Sieve",
    "adapt",
    "apportion",
    "build_edge_cases",
    "build_head_examples",
    "build_mixture",
    "collect_pairs",
    "decontaminate",
    "edge_cases",
    "entry_of",
    "find_source",
    "head_examples",
    "held_out_texts",
    "import_source",
    "load_catalogue",
    "mixture",
    "mixture_contract",
    "mixture_quality",
    "near_duplicates",
    "preference_pairs",
    "quality",
    "scenario_quality",
    "source_contract",
    "sources",
    "supervision_of",
]
