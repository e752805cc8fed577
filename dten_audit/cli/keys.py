"""``dten-audit keys``: the config matrices as one list to grep."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from dten_audit.cli.main import OK

if TYPE_CHECKING:
    from dten_audit.site.matrix import Matrix


@click.command(name="keys")
@click.argument("product", required=False)
@click.option("--from", "after", default="", metavar="VERSION", help="Only what came after it.")
@click.option("--to", "until", default="", metavar="VERSION", help="Only what came up to it.")
@click.option("-f", "--format", "form", type=click.Choice(("text", "json", "markdown")),
              default="text", help="Form of the list.")  # fmt: skip
@click.option("--matrix", "own", type=click.Path(path_type=Path), multiple=True,
              help="A matrix of your own, beside those that came with the tool.")  # fmt: skip
@click.option("--products", is_flag=True, help="Name the products instead, and their files.")
def command(
    product: str | None, after: str, until: str, form: str, own: tuple[Path, ...], *, products: bool
) -> int:
    """List config keys that versions renamed, removed or read differently: the one grep.

    One line a change: product, first version, what changed, key, what to use instead. With --from
    and --to, what an upgrade between the two passes. PRODUCT is a name of --products.
    """
    from dten_audit.report import as_keys
    from dten_audit.site.matrix_rows import rows

    matrices = _chosen(product, _matrices(own))
    if products:
        click.echo(as_keys.products(matrices), nl=False)
        return OK
    _check(after, until, product)
    write = {"text": as_keys.as_lines, "json": as_keys.as_json, "markdown": as_keys.as_markdown}
    click.echo(write[form](rows(matrices, after, until)), nl=False)
    return OK


def _matrices(own: tuple[Path, ...]) -> list[Matrix]:
    from dten_audit.site.matrix import shipped_matrices
    from dten_audit.site.matrix_file import load_matrix
    from dten_audit.site.schema import SiteFileError

    try:
        return [*map(load_matrix, own), *shipped_matrices()]
    except SiteFileError as error:
        raise click.UsageError(str(error)) from None


def _chosen(product: str | None, matrices: list[Matrix]) -> list[Matrix]:
    """Return the matrices of a product, named by its name, its matrix or its purl."""
    if product is None:
        return matrices
    from dten_audit.model.suggestion import suggestion

    found = [matrix for matrix in matrices if product.lower() in matrix.names]
    if not found:
        known = [matrix.product for matrix in matrices]
        raise click.UsageError(f"no matrix speaks of {product}{suggestion(product, known)}")
    return found


def _check(after: str, until: str, product: str | None) -> None:
    """Refuse versions that are none, or that bound products which count in their own ways."""
    if (after or until) and product is None:
        raise click.UsageError("--from and --to are versions of one product: name it")
    for version in filter(None, (after, until)):
        if not any(char.isdigit() for char in version):
            raise click.UsageError(f"{version} is no version: it holds no number")
