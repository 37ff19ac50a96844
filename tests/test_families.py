"""Documents of one kind, whose sections say the same but for a number: the question names the one it is about."""

from pathlib import Path

import pytest

from index.embedding import SentenceEmbedder
from index.library import Library
from rag.assistant import Assistant
from rag.calibration import Calibration
from rag.reader import ExtractiveReader

NAMES = ["Aquila heat pump", "Borea dehumidifier", "Corvus boiler", "Dorado pool heater", "Electra softener", "Fornax"]
MANUAL = """# {name}

## About

The {name} is made in Ghent. This manual is for people who install and use it.

## Technical data

### Dimensions

The unit weighs {weight} without packaging and stands 85 centimetres high.

### Sound

At full load it emits {noise} at a distance of one metre.

## Care

Clean the filter every {filter} with lukewarm water. Do not use detergents.

## Warranty

The manufacturer covers defects of material for {warranty} from the day of purchase. Keep the receipt.
"""
QUESTIONS = {
    "warranty": "How long is the warranty of the {name}?",
    "weight": "How much does the {name} weigh?",
    "filter": "How often must the filter of the {name} be cleaned?",
    "noise": "How loud is the {name}?",
}


@pytest.mark.integration
def test_the_right_one_is_found_by_its_headings(
    tmp_path: Path, embedder: SentenceEmbedder, reader: ExtractiveReader
) -> None:
    for number, name in enumerate(NAMES):
        (tmp_path / f"{number}.md").write_text(MANUAL.format(name=name, **facts(number)))
    library = Library(tmp_path / "library", embedder, create=True)
    library.update([str(tmp_path)])
    assistant = Assistant(library, reader, Calibration.load())
    right = 0
    for number, name in enumerate(NAMES):
        for kind, question in QUESTIONS.items():
            answer = assistant.answer(question.format(name=name))
            if answer.text:
                assert answer.citations[0].document == str(tmp_path / f"{number}.md"), answer.question
                right += facts(number)[kind] in answer.text
    assert right >= 20, "21 of 24 when this was written"


def facts(number: int) -> dict[str, str]:
    """What the manuals of a kind differ in."""
    return {
        "warranty": f"{number + 2} years",
        "weight": f"{31 + 7 * number} kilograms",
        "filter": f"{number + 3} weeks",
        "noise": f"{40 + number} decibels",
    }
