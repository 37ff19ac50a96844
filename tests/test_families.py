"""Sixty manuals that say the same but for a number: each question is answered from the one it names, or not at all."""

from itertools import product
from pathlib import Path

import pytest

from index.embedding import SentenceEmbedder
from index.library import Library
from rag.assistant import Assistant
from rag.calibration import Calibration
from rag.reader import ExtractiveReader

MAKERS = ["Aquila", "Borea", "Corvus", "Dorado", "Electra", "Fornax", "Gemma", "Halo", "Ikarus", "Juno"]
KINDS = ["heat pump", "boiler", "water softener", "wood stove", "pool heater", "dehumidifier"]
MANUAL = """# {name}

## About

This manual is for people who install and use it.

## Technical data

The unit weighs {weight} kilograms without packaging and stands 85 centimetres high.

## Warranty

The manufacturer covers defects of material for {months} months from the day of purchase. Keep the receipt.
"""


@pytest.mark.integration
def test_headings_tell_documents_of_one_kind_apart(
    tmp_path: Path, embedder: SentenceEmbedder, reader: ExtractiveReader
) -> None:
    names = [" ".join(pair) for pair in product(MAKERS, KINDS)]
    for number, name in enumerate(names):
        text = MANUAL.format(name=name, weight=31 + 7 * number, months=number + 2)
        (tmp_path / f"{number}.md").write_text(text)
    library = Library(tmp_path / "library", embedder, create=True)
    library.update([str(tmp_path)])
    assistant = Assistant(library, reader, Calibration.load())
    right = 0
    for number, name in list(enumerate(names))[::5]:
        for question, said in (
            (f"How long is the warranty of the {name}?", f"{number + 2} months"),
            (f"How much does the {name} weigh?", f"{31 + 7 * number} kilograms"),
        ):
            answer = assistant.answer(question)
            if answer.text:
                assert answer.citations[0].document == str(tmp_path / f"{number}.md"), question
                right += said in answer.text
    assert right >= 22, "of 24; all were when this was written"
