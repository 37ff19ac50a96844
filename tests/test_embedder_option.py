"""Another embedder: on either runtime, with its prompts, and remembered by the library."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from index.embedding import SentenceEmbedder, find_embedder, obstacle
from index.errors import ModelError
from index.hub import model_folder
from index.library import Library
from tests.fakes import WordEmbedder
from tests.test_cli import fails
from tests.tiny_models import bert_encoder, bert_reader, sentence_model
from ui.assemble import open_library
from ui.cli import main

TEXTS = ["the ferry leaves at noon", "", "the harbour is deep " * 30]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("models")
    return {
        "plain": str(sentence_model(folder / "plain")),
        "asking": str(sentence_model(folder / "asking", {"query": "who is ", "document": "at noon "})),
        "first": str(sentence_model(folder / "first", {"query": "who is "}, pooling="cls")),
        "bare": str(bert_encoder(folder / "bare")),
        "reader": str(bert_reader(folder / "reader")),
    }


@pytest.mark.parametrize("name", ["plain", "asking"])
def test_vectors_are_the_same_on_either_runtime(name: str, models: dict[str, str]) -> None:
    assert obstacle(Path(models[name])) == ""
    ours, theirs = find_embedder(models[name]), SentenceEmbedder(Path(models[name]), torch=True)
    assert ours.fingerprint == theirs.fingerprint
    assert ours.longest == 64
    assert np.abs(ours.encode_passages(TEXTS) - theirs.encode_passages(TEXTS)).max() < 1e-5
    assert np.abs(ours.encode_question(TEXTS[0]) - theirs.encode_question(TEXTS[0])).max() < 1e-5
    assert ours.encode_passages([]).shape == theirs.encode_passages([]).shape == (0, 16)


def test_prompts_are_put_before_questions_and_passages(models: dict[str, str]) -> None:
    plain = find_embedder(models["plain"])
    asking, first = find_embedder(models["asking"]), find_embedder(models["first"])
    assert np.allclose(asking.encode_question("it"), plain.encode_question("who is it"), atol=1e-6)
    assert np.allclose(asking.encode_passages(["it"]), plain.encode_passages(["at noon it"]), atol=1e-6)
    assert np.allclose(first.encode_question("it"), first.encode_passages(["who is it"])[0], atol=1e-6)


@pytest.mark.parametrize("name", ["first", "bare"])
def test_a_model_of_another_make_runs_on_pytorch(name: str, models: dict[str, str]) -> None:
    assert obstacle(Path(models[name]))
    embedder = find_embedder(models[name])
    vectors = embedder.encode_passages(TEXTS)
    assert vectors.shape == (3, embedder.dimension) == (3, 16)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert embedder.token_starts("the ferry") == [0, 4]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("sentence_bert_config.json", None),
        ("tokenizer_config.json", "rubbish"),
        ("modules.json", "[]"),
        ("modules.json", "rubbish"),
        ("config.json", "{}"),
        ("model.safetensors", "rubbish"),
        ("tokenizer.json", "rubbish"),
        ("1_Pooling/config.json", "[]"),
    ],
)
def test_a_folder_with_rubbish_in_it_is_one_sentence(
    name: str, content: str | None, models: dict[str, str], tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(models["plain"], folder)
    (folder / name).unlink()
    if content:
        (folder / name).write_text(content)
    try:
        embedder = find_embedder(str(folder))
        embedder.token_starts("the ferry")
        embedder.encode_passages(TEXTS)
    except ModelError as error:
        assert str(error).count("\n") == 0
    else:
        assert name in ("sentence_bert_config.json", "tokenizer_config.json"), "what a model can do without"


def test_a_name_is_looked_up_in_the_cache(
    models: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    cached = tmp_path / "models--sentence-transformers--tiny"
    (cached / "refs").mkdir(parents=True)
    (cached / "refs" / "main").write_text("0123")
    shutil.copytree(models["plain"], cached / "snapshots" / "0123")
    monkeypatch.setattr("huggingface_hub._snapshot_download.constants.HF_HUB_CACHE", str(tmp_path))
    for name in ("sentence-transformers/tiny", "tiny"):
        embedder = find_embedder(name)
        assert embedder.source == name
        assert embedder.fingerprint.startswith("tiny:16:")
    with pytest.raises(ModelError, match="hf download nobody/tiny"):
        model_folder("nobody/tiny")


def test_a_library_remembers_where_its_embedder_is(library: Library, files: Path) -> None:
    library.update([str(files)])
    assert library.embedder_source == ""
    moved = WordEmbedder()
    moved.source = "/elsewhere"
    Library(library.folder, moved).update([str(files)])
    assert library.embedder_source == "/elsewhere"
    assert moved.calls == [], "the same embedder in another place embeds nothing again"


def test_index_then_ask(
    models: dict[str, str],
    files: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    where = ["--library", str(tmp_path / "library")]
    ask = ["ask", "Where does the ferry leave?", *where, "--reader", models["reader"]]
    monkeypatch.chdir(Path(models["plain"]).parent)
    assert main(["index", str(files), *where, "--embedder", "plain"]) == 0
    assert "this embedder reads 64 tokens" in capsys.readouterr().err
    monkeypatch.chdir(tmp_path)
    library = open_library(tmp_path / "library")
    assert library.embedder_source == models["plain"], "the whole path of a folder"
    for named in ([], ["--embedder", models["plain"]]):
        assert main([*ask, "--json", *named]) == 0
        found = json.loads(capsys.readouterr().out)
        assert found["passages"]
    for other in ("asking", "default"):
        name = models.get(other, other)
        assert "was indexed with another embedder" in fails(capsys, *ask, "--embedder", name)
    assert main(["index", str(files), *where, "--embedder", models["asking"], "--precision", "bfloat16"]) == 0
    assert main(["index", str(files), *where]) == 0
    library = open_library(tmp_path / "library", embedder=models["asking"])
    assert library.embedded_by == library.fingerprint
    assert library.fingerprint.endswith(":bfloat16"), "index keeps the embedder and its precision"
    assert library.embedder_source == models["asking"]


def test_an_embedder_that_has_gone(
    models: dict[str, str], files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--library", str(tmp_path / "library")]
    shutil.copytree(models["plain"], tmp_path / "model")
    assert main(["index", str(files), *where, "--embedder", str(tmp_path / "model")]) == 0
    capsys.readouterr()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "model").rename(tmp_path / "elsewhere" / "model")
    ask = ["ask", "Where does the ferry leave?", *where, "--reader", models["reader"]]
    message = fails(capsys, *ask)
    assert "which is not there any more" in message
    assert f"index PATH --embedder default --library {tmp_path / 'library'}" in message
    moved = str(tmp_path / "elsewhere" / "model")
    assert main([*ask, "--embedder", moved]) == 0
    assert main(["index", str(files), *where, "--embedder", moved]) == 0
    assert main(ask) == 0, "remembered where it is now"


def test_a_library_is_mended_with_its_own_embedder(
    models: dict[str, str], files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    library = tmp_path / "library"
    assert main(["index", str(files), "--library", str(library), "--embedder", models["plain"]]) == 0
    data = bytearray((library / "library.sqlite").read_bytes())
    data[len(data) // 2] ^= 1
    (library / "library.sqlite").write_bytes(data)
    main(["check", "--repair", "--library", str(library)])
    mended = open_library(library)
    assert mended.embedder_source == models["plain"]
    assert mended.embedded_by == mended.fingerprint


@pytest.mark.parametrize("name", ["nobody/nothing", "./nothing/here", "rubbish"])
def test_an_embedder_that_is_nowhere(
    name: str, files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rubbish").mkdir()
    fails(capsys, "index", str(files), "--library", str(tmp_path / "new"), "--embedder", name)
    assert not (tmp_path / "new").exists(), "no library is made for it"
