"""The command `footnote check`."""

import argparse
import json
from dataclasses import asdict

CHECK = "find what is damaged in a library, and mend it"


def add_options(parser: argparse.ArgumentParser) -> None:
    """What `check` may be told beside the library."""
    parser.add_argument("--repair", action="store_true", help="mend what is damaged, or say what to add again")


def run(args: argparse.Namespace) -> int:
    """0 for a library that is whole or was mended, 2 for one that is damaged or has lost something."""
    from index.check import check

    findings = list(check(args.library))
    mendings = []
    mended = bool(findings) and args.repair
    if mended:
        from index.embedding import find_embedder
        from index.repair import embedded_by, embedder_source, repair

        rounded = embedded_by(args.library).endswith(":bfloat16")
        embedder = find_embedder(embedder_source(args.library), "bfloat16" if rounded else "float32")
        mendings = repair(args.library, embedder, findings)
        findings = list(check(args.library))
    lost = any(mending.lost for mending in mendings)
    if args.json:
        said = {"whole": not findings, "damaged": [*map(asdict, findings)], "mended": [*map(asdict, mendings)]}
        print(json.dumps(said, ensure_ascii=False))
    else:
        for message in (*(each.message for each in mendings), *(each.message for each in findings)):
            print(message)
        if findings:
            print(f"Mend it with: footnote check --repair --library {args.library}")
        elif lost:
            print("The library can be used again, without what is lost.")
        elif mended:
            print("The library is whole again.")
        else:
            print("The library is whole; nothing was to be mended." if args.repair else "The library is whole.")
    return 2 if findings or lost else 0
