"""What is laid upon the pages of a PDF file: the values of its form, and comments."""

import ctypes
from contextlib import suppress
from typing import Any, NamedTuple

_MOST = 1000  # annotations of a page that are looked at
_LONGEST = 10_000  # bytes of a value


class Added(NamedTuple):
    """The values that were filled in on a page, and how many comments it has."""

    values: tuple[str, ...]
    comments: int


class FormValues:
    """The form of an open pypdfium2.PdfDocument; without one, it has no values."""

    def __init__(self, document: Any) -> None:
        from pypdfium2 import PdfiumError

        with suppress(PdfiumError):  # too damaged to be filled in
            document.init_forms()
        self._form = document.formenv

    def value(self, widget: Any) -> str:
        """What was written or chosen in a field; empty for one of another kind."""
        from pypdfium2 import raw

        written = (raw.FPDF_FORMFIELD_TEXTFIELD, raw.FPDF_FORMFIELD_COMBOBOX, raw.FPDF_FORMFIELD_LISTBOX)
        if self._form is None or raw.FPDFAnnot_GetFormFieldType(self._form, widget) not in written:
            return ""
        return _text(raw.FPDFAnnot_GetFormFieldValue, self._form, widget)


def read_annotations(raw: Any, page: Any, form: FormValues) -> Added:
    """What is laid upon a loaded page."""
    noted = {raw.FPDF_ANNOT_TEXT, raw.FPDF_ANNOT_FREETEXT, raw.FPDF_ANNOT_HIGHLIGHT, raw.FPDF_ANNOT_UNDERLINE}
    noted |= {raw.FPDF_ANNOT_SQUIGGLY, raw.FPDF_ANNOT_STRIKEOUT, raw.FPDF_ANNOT_CARET}
    values: list[str] = []
    comments = 0
    for index in range(min(raw.FPDFPage_GetAnnotCount(page), _MOST)):
        annotation = raw.FPDFPage_GetAnnot(page, index)
        if not annotation:
            continue
        try:
            kind = raw.FPDFAnnot_GetSubtype(annotation)
            if kind == raw.FPDF_ANNOT_WIDGET:
                values += filter(str.strip, [form.value(annotation)])
            elif kind in noted:
                comments += bool(_text(raw.FPDFAnnot_GetStringValue, annotation, b"Contents").strip())
        finally:
            raw.FPDFPage_CloseAnnot(annotation)
    return Added(tuple(values), comments)


def _text(read: Any, *of: Any) -> str:
    """The text that a function of PDFium writes into a buffer."""
    length = min(read(*of, None, 0), _LONGEST)
    buffer = (ctypes.c_ushort * (length // 2 + 1))()
    read(*of, buffer, ctypes.sizeof(buffer))
    return bytes(buffer).decode("utf-16-le", "replace").rstrip("\0")
