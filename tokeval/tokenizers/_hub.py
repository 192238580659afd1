"""The Hugging Face hub: one file of a repository at a revision, through its own client and its cache."""

from __future__ import annotations

import re
from pathlib import Path

from tokeval.errors import TokenizerError, first_line


def download(repository: str, revision: str | None) -> tuple[Path, str]:
    """The tokenizer.json of a repository and the commit that the revision stands for.

    `HF_ENDPOINT`, `HF_TOKEN`, `HF_HOME` and `HF_HUB_OFFLINE` are honoured by the client.

    Raises:
        TokenizerError: no such repository, revision or file, no access, or no network.
    """
    import huggingface_hub
    from huggingface_hub import errors
    from huggingface_hub.utils.tqdm import disable_progress_bars

    spec = f"hf:{repository}" + (f"@{revision}" if revision else "")
    disable_progress_bars()
    try:
        place = Path(huggingface_hub.hf_hub_download(repository, "tokenizer.json", revision=revision, etag_timeout=10))
    except errors.GatedRepoError as error:
        raise TokenizerError(f"{spec} is gated", hint="ask for access on its page, then set HF_TOKEN") from error
    except errors.RepositoryNotFoundError as error:
        raise TokenizerError(
            f"the hub has no repository {repository!r}, or it is private",
            hint="check the name; for a private one set HF_TOKEN; for a file check the path",
        ) from error
    except errors.RevisionNotFoundError as error:
        raise TokenizerError(f"{repository} has no revision {revision!r}") from error
    except errors.RemoteEntryNotFoundError as error:
        raise TokenizerError(
            f"{spec} has no tokenizer.json", hint="download the file that it has and name its path"
        ) from error
    except errors.LocalEntryNotFoundError as error:
        raise TokenizerError(
            f"{spec} is not in the local cache and the hub cannot be reached",
            hint="check the network, HF_ENDPOINT and HF_HUB_OFFLINE, or name a file",
        ) from error
    except (errors.HFValidationError, errors.HfHubHTTPError, OSError) as error:
        line = first_line(error)
        raise TokenizerError(f"{spec} cannot be downloaded: {type(error).__name__}: {line}") from error
    return place, _commit(place)


def _commit(place: Path) -> str:
    """The commit, which the cache has in the path: `snapshots/COMMIT/tokenizer.json`."""
    found = re.search(r"snapshots[/\\]([0-9a-f]+)[/\\]", str(place))
    return found[1] if found else "unknown"
