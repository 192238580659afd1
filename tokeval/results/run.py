"""A finished run, wherever its folder lies; a run that did not reach its end is refused."""

from __future__ import annotations

import json
import os
from pathlib import Path

from tokeval.errors import IncompleteRunError, ResultsError
from tokeval.results.fetch import Place, local
from tokeval.results.store import RUN, TABLE, Results, load_beside, load_results, parse_parquet, result_table
from tokeval.results.sums import NAME as SUMS

_HINT = "run the same `tokeval compare` again with --resume, then this"


def load_run(place: Place) -> Results:
    """The results of a run, with the sums per bucket beside them where it kept any.

    Raises:
        IncompleteRunError: a checkpoint lies beside it, the run record says so, or there is a record and no table.
        ResultsError: nothing there, or no result table.
    """
    named = place.file or TABLE
    recorded = _finished(place)
    content = place.read(named)
    if content is None:
        if recorded:
            raise _without_table(place)
        missing = "no such file" if place.file else f"no {TABLE}"
        raise ResultsError(
            f"{place.name}: {missing} there", hint="`tokeval compare ... -o DIR` writes DIR/results.parquet"
        )
    table = result_table(parse_parquet(content, place.name), place.name)
    sums = place.read(f"{SUMS}.parquet") if named == TABLE else None
    beside = {} if sums is None else {SUMS: parse_parquet(sums, f"the {SUMS}.parquet of {place.name}")}
    return Results.of(table, beside)


def load_folder(path: Path) -> Results:
    """The results of a run on this machine, with every table beside them; of a single file, that file alone.

    Raises:
        IncompleteRunError: as `load_run`.
        ResultsError: nothing there, or no result table.
    """
    place = local(path)
    if _finished(place) and place.read(TABLE) is None:
        raise _without_table(place)
    return Results.of(load_results(path), load_beside(path))


def is_run(path: Path) -> bool:
    """Whether a run, finished or not, wrote to this folder or is this file."""
    here = (path / TABLE).is_file() or (path / RUN).is_file() or _left_in(path) is not None
    return here or path.suffix == ".parquet"


def checkpoint_folder(output: Path) -> Path:
    """Where the checkpoint of a run that writes to `output` lies, hidden: beside it, as it may not be there yet.

    Inside it where it is a volume, which may be all that outlives a container, or where nothing can be put beside it.
    """
    output = Path(os.path.realpath(output))
    beside, inside = _checkpoints(output)
    shut = output.is_dir() and not os.access(output.parent, os.W_OK | os.X_OK)
    return inside if shut or output.is_mount() else beside


def _checkpoints(output: Path) -> tuple[Path, Path]:
    return output.parent / f".{output.name}.checkpoint", output / ".checkpoint"


def _left_in(folder: Path) -> Path | None:
    """The checkpoint of a run that did not finish, whoever may write where."""
    return next((path for path in _checkpoints(Path(os.path.realpath(folder))) if path.exists()), None)


def _finished(place: Place) -> bool:
    """Whether a run is recorded there, once it is seen that none is unfinished; a file by another name is no run."""
    if (place.file or TABLE) != TABLE:
        return False
    kept = _left_in(place.folder) if place.folder is not None else None
    if kept is not None:
        raise IncompleteRunError(
            f"the last run into {place.folder} did not finish: {kept} is its checkpoint", hint=_HINT
        )
    record = place.read(RUN)
    if record is not None and not _complete(record, place.name):
        raise IncompleteRunError(f"the run in {place.name} did not finish", hint=_HINT)
    return record is not None


def _without_table(place: Place) -> IncompleteRunError:
    return IncompleteRunError(f"the run in {place.name} has a {RUN} and no {TABLE}", hint=_HINT)


def _complete(record: bytes, name: str) -> bool:
    try:
        return json.loads(record)["complete"] is True
    except (ValueError, KeyError, TypeError) as error:
        raise ResultsError(f"the {RUN} of {name} is broken: it does not say whether the run is complete") from error
