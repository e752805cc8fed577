"""Builds signed NuGet packages for rule examples, and such as were changed later."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from hashlib import new as hashed
from typing import Final, cast

from dten_audit.examples.pki import sign_detached
from dten_audit.examples.signed_code import Vendor, store
from dten_audit.examples.signing import DIGEST_OID
from dten_audit.examples.zip_writer import ZipMember, write_zip

PATH: Final = ".signature.p7s"
_ENTRIES: Final = {
    "Acme.Dten.nuspec": "<package><metadata><id>Acme.Dten</id></metadata></package>\n",
    "lib/net8.0/Acme.Dten.xml": "<doc><assembly><name>Acme.Dten</name></assembly></doc>\n",
}


def sign_package(
    entries: Mapping[str, bytes], vendor: Vendor, digest: str = "sha256"
) -> list[ZipMember]:
    """Return the members of a signed package: the signature is the last one, and not packed."""
    members = [ZipMember(path, data) for path, data in entries.items()]
    value = b64encode(hashed(digest, write_zip(members)).digest()).decode()
    text = f"Version:1\r\n\r\n{DIGEST_OID[digest]}-Hash:{value}\r\n\r\n".encode()
    chain = [own.certificate for own in vendor.chain]
    message = sign_detached(text, vendor.signer, chain, attached=True)
    return [*members, ZipMember(PATH, message, stored=True)]


def signed_nuget(params: Mapping[str, object]) -> dict[str, bytes]:
    """Return package members and trust store by path: a signed NuGet package at ``path``.

    ``after`` {path: text} changes entries once it was signed, or adds some before the signature;
    ``behind`` {path: text} adds some behind it. ``gap`` is text between
    signature and directory. ``root`` and ``store`` as for programs.
    """
    vendor = Vendor(str(params.get("root", "Acme Root CA 2014")))
    digest = str(params.get("digest", "sha256"))
    *members, seal = sign_package(
        {path: text.encode() for path, text in _ENTRIES.items()}, vendor, digest
    )
    after = {own.path: own for own in members}
    for path, text in cast("Mapping[str, str]", params.get("after", {})).items():
        after[path] = ZipMember(path, text.encode())
    behind = cast("Mapping[str, str]", params.get("behind", {}))
    made = [*after.values(), seal, *(ZipMember(path, own.encode()) for path, own in behind.items())]
    gap = str(params.get("gap", "")).encode()
    path = str(params.get("path", "packages/Acme.Dten.9.4.0.nupkg"))
    return {path: write_zip(made, before_directory=gap)} | store(
        vendor, str(params.get("store", "none"))
    )
