"""The command that makes the paper's tables of its published lists, on small lists under their names."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks import published_lists, results

WIDTH = 20


def written(folder: Path, file: published_lists.ListFile, *, own: bool = False, real: bool = False) -> None:
    """30 lists as the authors' notebook writes them. ``own``: each query is the first of its list; ``real``: there are
    several right classes or, for every other query, none."""
    rng = np.random.default_rng(0)
    lists = {}
    for i in range(30):
        near = rng.choice(np.delete(np.arange(30), i), WIDTH, replace=False)
        near[0] = (i + 3) % 30
        ids = [f"image_{j}.JPEG" for j in ([i, *near] if own else near)]
        lists[f"image_{i}.JPEG"] = {
            "featurizer": published_lists.LARGEST,
            "image_id": f"image_{i}.JPEG",
            "image_class": i % 3 if not real else [] if i % 2 else [0, 1, 2],
            "neighbor_image_ids": ids,
            "neighbor_classes": [int(name[6:-5]) % 3 for name in ids],
            "neighbor_distances": np.sort(rng.random(len(ids))).tolist(),
        }
    (folder / file.name(published_lists.LARGEST)).write_text(json.dumps(lists))


def test_the_papers_tables_are_made_of_the_files_that_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(results, "FOLDER", tmp_path / "results")
    monkeypatch.setattr("sys.argv", ["published_lists", str(tmp_path)])
    with pytest.raises(SystemExit, match="holds none of the published files"):
        published_lists.main()
    written(tmp_path, published_lists.IMAGENET)
    written(tmp_path, published_lists.TRAINING, own=True)
    written(tmp_path, published_lists.ListFile(size="subsampled_1000"))
    for one in published_lists.NEW_CLASSES.values():
        written(tmp_path, one.file, own=one.reading.without_own)
    written(tmp_path, published_lists.ListFile("imagenet-real", "test"), real=True)
    published_lists.main()
    shown = capsys.readouterr().out
    found = json.loads((tmp_path / "results/published_lists.json").read_text())
    imagenet = found["imagenet"]["dinov2_vitl14"]
    assert imagenet["best_on_these_queries"]["rank"] == {"k": 1, "accuracy": 1.0}
    assert imagenet["reliability_at_k"][0] == 1.0
    assert set(imagenet["parameters"]) == {"rank", "distance", "softmax"}
    assert set(found["pruning"]["best"]) == {"plain", "positions", "refill", "soft"}
    assert [(row["query"], row["queries"], row["rank"]) for row in found["robustness"]] == [("imagenet-real", 30, 0.5)]
    assert found["new_classes"]["new classes"]["rank"] == 1.0
    assert [point["size"] for point in found["scaling"]["dinov2_vitl14"]["points"]] == [1_000, 1_281_167]
    assert "not there: memory-inaturalist_msplit-train_query-inaturalist_qsplit-validation_dinov2_vitl14" in shown
