"""Where the scripts of each CI system stand in its files: a closed table of their grammars.

Sources: the reference manuals of GitHub Actions, GitLab CI, CircleCI, Azure Pipelines, Bitbucket
Pipelines, Travis CI, Drone, Woodpecker, Buildkite, AppVeyor, AWS CodeBuild, Cirrus CI and Tekton,
read 2026-11-21.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Place(NamedTuple):
    """Where scripts stand.

    ``keys`` lead there from the root: names, ``*`` (any key), ``[]`` (any entry of a list), ``**``
    (anything below). ``kind`` is the language where no ``shell`` key says otherwise. ``beside``:
    that key of the same mapping, or of the job or file around it, names the shell.
    """

    keys: tuple[str, ...]
    kind: str = "shell"


def _places(*rows: str) -> tuple[Place, ...]:
    """Read ``kind: key/key/…`` rows; without a kind, they are for the shell."""
    found = []
    for row in rows:
        kind, colon, keys = row.rpartition(": ")
        found.append(Place(tuple(keys.split("/")), kind if colon else "shell"))
    return tuple(found)


_TRAVIS: Final = (
    "before_install", "install", "before_script", "script", "after_script", "after_success",
    "after_failure", "before_deploy", "after_deploy", "before_cache",
)  # fmt: skip

CI_SYSTEMS: Final[dict[str, tuple[Place, ...]]] = {
    "github-actions": _places("jobs/*/steps/[]/run", "runs/steps/[]/run"),
    "gitlab-ci": _places(
        "*/script", "*/before_script", "*/after_script", "script", "before_script", "after_script",
        "*/hooks/pre_get_sources_script",
    ),
    "circleci": _places(
        "jobs/*/steps/**/run", "jobs/*/steps/**/run/command", "commands/*/steps/**/run",
        "commands/*/steps/**/run/command", "orbs/*/**/run", "orbs/*/**/run/command",
    ),
    "azure": _places(
        "**/steps/[]/script", "**/steps/[]/bash", "powershell: **/steps/[]/powershell",
        "powershell: **/steps/[]/pwsh",
    ),
    "bitbucket": _places("**/step/script", "**/step/after-script"),
    "travis": _places(*_TRAVIS, *(f"jobs/include/[]/{key}" for key in _TRAVIS),
                      *(f"matrix/include/[]/{key}" for key in _TRAVIS)),
    "drone": _places("steps/[]/commands", "pipeline/*/commands", "steps/*/commands"),
    "buildkite": _places("steps/**/command", "steps/**/commands"),
    "codebuild": _places("phases/*/commands", "phases/*/finally"),
    "cirrus": _places("**/*_script", "**/script"),
    "packer": _places("provisioners/[]/inline"),
    "snapcraft": _places("parts/*/override-build", "parts/*/override-pull",
                         "parts/*/override-prime", "parts/*/override-stage"),
    "flatpak": _places("**/build-commands", "**/post-install"),
    "tekton": _places("**/steps/[]/script", "**/sidecars/[]/script"),
}  # fmt: skip

AZURE_TASKS: Final[dict[str, tuple[str, str]]] = {
    "bash": ("script", "shell"),
    "cmdline": ("script", "shell"),
    "shellscript": ("script", "shell"),
    "azurecli": ("inlineScript", "shell"),
    "ssh": ("inline", "shell"),
    "powershell": ("script", "powershell"),
    "azurepowershell": ("inline", "powershell"),
    "pythonscript": ("script", "python"),
}
"""Tasks of Azure Pipelines whose input is a script: the input's name and its language."""

SHELL_KINDS: Final = {
    "bash": "shell", "sh": "shell", "dash": "shell", "zsh": "shell", "pwsh": "powershell",
    "powershell": "powershell", "cmd": "batch", "python": "python", "python3": "python",
    "node": "javascript", "perl": "perl", "ruby": "ruby",
}  # fmt: skip
"""Languages of scripts by the program that runs them."""
