"""A client of OpenAI-compatible chat endpoints: structured, validated, retried and cached answers, with tokens and cost counted."""

from pixel_core.endpoint.batch import complete
from pixel_core.endpoint.records import Answer, Endpoint, EndpointError, Failure, Message, Request, Spent, Usage, usage_of
from pixel_core.endpoint.scoring import offers_scores, score, scoring
from pixel_core.endpoint.settled import settle

__all__ = [
    "Answer",
    "Endpoint",
    "EndpointError",
    "Failure",
    "Message",
    "Request",
    "Spent",
    "Usage",
    "complete",
    "offers_scores",
    "score",
    "scoring",
    "settle",
    "usage_of",
]
