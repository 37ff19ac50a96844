"""The list of documents as HTML: to tick, add and remove, and what could not be read, which stays until dismissed."""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from index.loaders import LOADERS, advice
from index.types import Entry, Notice, kind
from ui.arrivals import MAX_FILES
from ui.guard import MAX_UPLOAD_BYTES
from ui.html import safe
from ui.render import counted, printable

MOST_DOCUMENTS = 500  # in the list, and as many notices
MOST_NAMES = 5  # in a sentence
FEW = 3  # files not read that stand among the documents; more stand behind one line

LARGEST = f"{MAX_UPLOAD_BYTES // 1_000_000} MB"
KINDS = ", ".join(sorted({kind.removeprefix(".").upper() for kind in LOADERS} - {"HTM", "MARKDOWN", "TEXT", "XHTML"}))

_SIGN = (
    '<svg viewBox="0 0 16 16" width="15" height="15" fill="none" stroke="currentColor" stroke-width="1.6" '
    'stroke-linecap="round" aria-hidden="true"><path d="M8 1.8 15 14H1Z M8 6.2v3.6 M8 12v.1" '
    'stroke-linejoin="round"/></svg>'
)
_SAID = {"failed": "Not read", "skipped": "Skipped", "partly read": "Partly read"}


def documents_html(
    entries: Sequence[Entry],
    left_out: Collection[str],
    notices: Sequence[Notice] = (),
    arriving: Mapping[str, float] | None = None,
) -> str:
    """The documents of the library to tick and remove, and those on their way with the share that is done, 0..1.

    A notice of one of the documents stands below its name, any other in the place of the file that is not there.
    """
    said = {notice.location: notice for notice in notices}
    own = {entry.location for entry in entries}
    alone = [notice for notice in notices if notice.location not in own]
    names = Counter(_name(entry.path) for entry in entries)
    items = [_arriving(name, share) for name, share in (arriving or {}).items()]
    unread = [_unread(notice) for notice in alone[:MOST_DOCUMENTS]]
    items += unread if len(unread) <= FEW else [_folded(unread)]
    items += [
        _document(entry, entry.path not in left_out, said.get(entry.location), folder=names[_name(entry.path)] > 1)
        for entry in entries[:MOST_DOCUMENTS]
    ]
    for rest, noun in ((entries[MOST_DOCUMENTS:], "more document"), (alone[MOST_DOCUMENTS:], "more that was not read")):
        items += [f'<li class="aside">and {counted(len(rest), noun)}</li>'] if rest else []
    none = "" if entries or arriving else '<p class="aside">No documents yet. Add one to ask about it.</p>'
    listed = f'<ul class="documents" aria-label="Documents">{"".join(items)}</ul>' if items else ""
    return f"{_choice(entries, left_out)}{none}{listed}"


def _choice(entries: Sequence[Entry], left_out: Collection[str]) -> str:
    if len(entries) < 2:
        return ""
    ticked = sum(entry.path not in left_out for entry in entries)
    everything = ticked == len(entries)
    label = "Untick all" if everything else "Tick all"
    number = "All" if everything else f"{ticked:,} of"
    return (
        f'<p class="choice"><span>{number} {counted(len(entries), "document")}</span>'
        f'<button data-event="tick" data-all="{str(not everything).lower()}">{label}</button></p>'
    )


def _name(path: str) -> str:
    return Path(path).name


def _document(entry: Entry, ticked: bool, notice: Notice | None, *, folder: bool) -> str:
    name, path = safe(printable(_name(entry.path))), safe(entry.path)
    above = str(Path(entry.path).parent)
    within = f'<small class="folder">{safe(printable(above))}/</small>' if folder and above != "." else ""
    tick = f'<input type="checkbox" data-event="tick" data-document="{path}"{" checked" if ticked else ""}>'
    size = f"<small>{counted(entry.passages, 'passage')}</small>"
    return (
        f'<li><label title="{safe(printable(entry.path))}">{tick}<span>{name} {within}{size}</span></label>'
        f'<button data-event="remove" data-document="{path}" data-name="{name}" aria-label="Remove {name}" '
        f'title="Remove from the library">×</button>{_reason(notice, name) if notice else ""}</li>'
    )


def _unread(notice: Notice) -> str:
    """A file that is not in the library, where it would stand if it were."""
    name = safe(printable(_name(notice.path) or notice.path))
    title = f'<span class="name" title="{safe(printable(notice.path))}">{name}</span>'
    return f'<li class="unread">{title}{_reason(notice, name)}</li>'


def _folded(unread: Sequence[str]) -> str:
    """Many files that are not in the library, behind one line that opens to them."""
    title = f"<summary>{_SIGN}<span>{len(unread):,} not read or skipped</span></summary>"
    return (
        f'<li class="folded"><details data-key="unread">{title}'
        f'<ul class="documents" aria-label="Not read">{"".join(unread)}</ul>'
        '<button data-event="dismiss" data-location="">Dismiss all</button></details></li>'
    )


def _reason(notice: Notice, name: str) -> str:
    """Why a file was not read, on one line that opens to all of it."""
    message = notice.message
    for called in (notice.path, _name(notice.path)):  # which stands above
        message = re.sub(f"^{re.escape(repr(called))}(:)? ", lambda found: "" if found[1] else "it ", message)
    why = f"<span><b>{_SAID[notice.problem]}:</b> {safe(printable(message))}</span>"
    return (
        f'<div class="reason {notice.problem.replace(" ", "-")}">'
        f'<details><summary title="Show all">{_SIGN}{why}</summary></details>'
        f'<button data-event="dismiss" data-location="{safe(notice.location)}" '
        f'aria-label="Dismiss what is said of {name}" title="Dismiss">×</button></div>'
    )


def _arriving(name: str, share: float) -> str:
    shown = safe(printable(name))
    return (
        f'<li class="arriving"><span>{shown}</span>'
        f'<progress max="100" value="{round(100 * share)}" aria-label="Indexing {shown}"></progress></li>'
    )


def adding_html() -> str:
    """Where files are added, with the limits that the page keeps before it sends any."""
    limits = f'data-kinds="{" ".join(LOADERS)}" data-most="{MAX_FILES}" data-largest="{MAX_UPLOAD_BYTES}"'
    return (
        f'<div class="adding" {limits}><ul class="documents sending" aria-label="Files being sent"></ul>'
        '<label><input type="file" multiple aria-label="Add documents"><span>Drop files anywhere, or click'
        f"</span><small>up to {MAX_FILES} at once, {LARGEST} each</small></label></div>"
    )


def nothing_yet_html() -> str:
    """What stands in the place of the conversation while there is nothing to ask about."""
    return (
        '<div class="welcome nothing"><h2>Add your documents</h2>'
        '<p>Drop files or folders anywhere on this page.</p><p><button data-event="pick">Choose files</button></p>'
        f"<p><small>{KINDS}<br>up to {MAX_FILES} at once, {LARGEST} each</small></p></div>"
    )


def left_behind(large: Sequence[str], unread: Sequence[str], unsent: Sequence[str], many: int) -> list[str]:
    """Sentences about the files that the page did not send: too large, of no kind that is read, lost, too many."""
    sentences = []
    if many:
        sentences.append(f"These are {many:,} files; Footnote takes up to {MAX_FILES} at once. Add them in parts.")
    if large:
        sentences.append(f"Not added, larger than {LARGEST}: {_named(large)}. Index with: footnote index PATH")
    if unsent:
        sentences.append(f"Not added, the file could not be sent: {_named(unsent)}. Add it again.")
    alike: dict[str, list[str]] = {}
    for name in unread:
        alike.setdefault(kind(name), []).append(name)
    for ending, names in alike.items():
        called = f"Footnote does not read {ending}" if ending else "its name has no ending that says what it is"
        sentences.append(f"Not added, {called}: {_named(names)}. You could {advice(names[0])}.")
    return sentences


def _named(names: Sequence[str]) -> str:
    shown = ", ".join(_name(name) for name in names[:MOST_NAMES])
    return f"{shown} and {len(names) - MOST_NAMES:,} more" if len(names) > MOST_NAMES else shown


def told_html(sentences: Sequence[str]) -> str:
    """What is to be said of files that were just added, until it is dismissed."""
    if not sentences:
        return ""
    lines = "".join(f"<p>{safe(printable(sentence))}</p>" for sentence in sentences)
    return (
        f'<div class="told" role="status"><div>{lines}</div>'
        '<button data-event="hush" aria-label="Dismiss this message" title="Dismiss">×</button></div>'
    )
