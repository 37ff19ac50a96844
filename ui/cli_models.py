"""The options that choose models. Everything heavy is imported where it is needed."""

import argparse


def add_embedder(parser: argparse.ArgumentParser) -> None:
    """What chooses the embedder of a library that is made or embedded again."""
    parser.add_argument(
        "--embedder",
        metavar="NAME",
        help="default, or a sentence-transformers model: a folder, or a name that `hf download` has fetched "
        "(default: the library's)",
    )


def add_models(parser: argparse.ArgumentParser) -> None:
    """What chooses the models that answer."""
    parser.add_argument(
        "--reader",
        metavar="NAME",
        help="small, default, or a question-answering model of transformers: a folder, or a name that "
        "`hf download` has fetched (default: default)",
    )
    add_embedder(parser)


def require_reader(name: str | None) -> None:
    """Raise ModelError for a reader that is not there, before anything that takes long."""
    if name:
        from ui.readers import choose_reader

        choose_reader(name)
