"""datatrove's MinHash over the lines of a text file: run by an interpreter that has `datatrove[processing]`, beside Pixel's.

Arguments: a JSON file with a list of texts, a scratch folder, and a JSON file to write: seconds of the clock and of the processor, and the
cluster of every text that has one.
"""

import json
import struct
import sys
import time
from pathlib import Path

from datatrove.data import Document
from datatrove.pipeline.dedup import MinhashDedupBuckets, MinhashDedupCluster, MinhashDedupSignature
from datatrove.pipeline.dedup.minhash import MinhashConfig


def main(source: Path, scratch: Path, out: Path) -> None:
    texts = json.loads(source.read_text(encoding="utf-8"))
    config = MinhashConfig()  # as it ships: 5-grams, 14 buckets of 8 hashes
    began, worked = time.perf_counter(), time.process_time()
    signatures, buckets, removed = (str(scratch / name) for name in ("signatures", "buckets", "removed"))
    documents = (Document(text=text, id=str(i)) for i, text in enumerate(texts))
    list(MinhashDedupSignature(signatures, config=config).run(documents, rank=0, world_size=1) or ())
    for rank in range(config.num_buckets):
        list(MinhashDedupBuckets(signatures, buckets, config=config).run(rank=rank, world_size=config.num_buckets) or ())
    list(MinhashDedupCluster(buckets, removed, config=config, save_cluster_id=True).run() or ())
    seconds = {"seconds": time.perf_counter() - began, "cpu": time.process_time() - worked}
    clusters = {}
    for path in sorted(Path(removed).rglob("*.clusters")):
        data = path.read_bytes()
        clusters |= dict(struct.unpack("<II", data[at : at + 8]) for at in range(0, len(data), 8))
    out.write_text(json.dumps({**seconds, "clusters": clusters}), encoding="utf-8")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
