"""One development set among all paragraphs: `python -m rag.training.pool DATA_DIR wiki.dev > wiki-among-all.json`.

The SQuAD file it prints holds every paragraph of the wiki, reddit and amazon sets, train and dev, and the questions of
the one that is named, so that `footnote eval` asks them among thousands of others.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SETS = [f"{name}.{half}" for name in ("wiki", "reddit", "amazon") for half in ("train", "dev")]


def pooled(folder: Path, asked: str) -> dict[str, Any]:
    """The SQuAD file, as parsed JSON."""
    return {"version": "1.1", "data": [article for name in SETS for article in _articles(folder, name, asked)]}


def _articles(folder: Path, name: str, asked: str) -> Iterator[dict[str, Any]]:
    for article in json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))["data"]:
        paragraphs = article["paragraphs"]
        if name != asked:
            paragraphs = [{"context": paragraph["context"], "qas": []} for paragraph in paragraphs]
        yield {"title": article["title"], "paragraphs": paragraphs}


def main() -> None:
    """Command line of the pool."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder with the NAME.train.json and NAME.dev.json files")
    parser.add_argument("asked", choices=SETS, help="whose questions to keep")
    args = parser.parse_args()
    print(json.dumps(pooled(args.data, args.asked)))


if __name__ == "__main__":
    main()
