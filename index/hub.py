"""Models that a person names: folders, and what the local cache of Hugging Face holds. Downloads nothing."""

import re
from pathlib import Path

from index.errors import ModelError

_NAME = re.compile(r"(?:[A-Za-z0-9][\w.-]*/)?[A-Za-z0-9][\w.-]*", re.ASCII)


def model_folder(name: str, owner: str = "") -> Path:
    """The folder of a model. Raises ModelError for one that is neither a folder nor in the cache.

    A name without an owner is looked up under `owner` too.
    """
    if Path(name).is_dir():
        return Path(name).resolve()
    if not _NAME.fullmatch(name):
        raise ModelError(f"{name!r} is not a folder; name a model's folder, or a model that `hf download` has fetched.")
    whole = f"{owner}/{name}" if owner and "/" not in name else name
    if found := _cached(name) or _cached(whole):
        return found
    raise ModelError(
        f"{name!r} is neither a folder nor in this machine's cache of Hugging Face, and Footnote downloads nothing "
        f"by itself; fetch it first with: hf download {whole}"
    )


def lasting_name(name: str) -> str:
    """What finds the same model from any folder: a folder's whole path, or the name as it is."""
    return str(Path(name).resolve()) if Path(name).is_dir() else name


def _cached(name: str) -> Path | None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, local_files_only=True))
    except LocalEntryNotFoundError as error:  # a download that left something out may hold all that is needed
        partial = getattr(error, "snapshot_path", None)
        return Path(partial) if partial else None
    except (OSError, ValueError):
        return None
