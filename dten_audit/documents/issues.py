"""What can be wrong with a container: the names that rules use, each with its meaning."""

from __future__ import annotations

from typing import Final

ISSUES: Final[dict[str, str]] = {
    # Two programs unpack the archive differently.
    "header-mismatch": "a member's own header and the directory state different things",
    "several-directories": "more than one central directory can be the right one",
    "count-mismatch": "the stated number of members is not the number listed",
    "directory-invalid": "the central directory holds bytes that are no record",
    "directory-offset": "the central directory is not where the archive says",
    "zip64-invalid": "the 64-bit records contradict the others",
    "several-disks": "the archive claims to be a part of a set",
    "signature-in-comment": "a comment holds what looks like a record of the archive",
    "extra-duplicate": "a field that must be unique occurs twice",
    "extra-invalid": "an extra field does not parse",
    "unicode-path-mismatch": "an extra field gives the member another name",
    "descriptor-mismatch": "the sizes behind a member are not those in the directory",
    "duplicate-name": "several members with different content have the same name",
    "repeated-member": "the same member is there twice, with the same content",
    "folder-with-data": "a folder has content",
    "unknown-type": "a member is of a type that the format does not define",
    # Bytes that most programs never show.
    "hidden-data": "bytes between the members that no record accounts for",
    "overlap": "members share bytes: one packed block is unpacked several times",
    "prepended-data": "bytes before the archive, as in a self-extracting one",
    "appended-data": "bytes behind the end of the archive",
    "packed-tail": "bytes behind the end of a member's packed data",
    "padding": "zero bytes that no record accounts for",
    "signing-block": "an APK signing block",
    "stored-streamed": "an unpacked member whose end only its content tells",
    # What cannot be read.
    "encrypted-member": "a member is encrypted",
    "unsupported-method": "a member is packed by a method that cannot be read",
    "corrupt-member": "a member does not unpack to what its checksum promises",
    "truncated-member": "a member is cut off",
    "size-mismatch": "a member's size is not what the archive states",
    "member-missing": "the directory lists a member that is not there",
    "no-directory": "the archive has no central directory, as when it was cut off",
    "truncated-archive": "the archive is cut off",
    "corrupt-archive": "the archive's structure breaks off",
    "corrupt-header": "a member's header is damaged",
    "truncated-stream": "a compressed stream is cut off",
    "corrupt-stream": "a compressed stream is damaged",
    "no-end-mark": "the archive ends without its end mark",
    "unreadable-file": "a file of the folder cannot be read",
    "sparse-member": "a file with holes; only its written parts are read",
    # Names that leave the target folder or deceive.
    "path-traversal": "a path climbs out of the target folder",
    "path-dots": "a path goes up and down again inside the target folder",
    "path-absolute": "a path starts at the root, on a drive or on a network share",
    "path-control": "a path holds control characters or a NUL",
    "path-deceptive": "a path holds characters that are invisible or reverse its display",
    "path-backslash": "a path holds backslashes: a separator on Windows, a plain character else",
    "path-windows": "a path that Windows cannot create or takes for a device",
    "path-encoding": "a path is not in the encoding that it claims",
    "path-long": "a path is longer than file systems allow",
    "path-empty": "a member has no name",
    "path-option": "a path that a shell command takes for an option or a substitution",
    "path-collision": "two paths become one on file systems that ignore case or normalise",
    "path-conflict": "a path is a file and a folder at the same time",
    "path-through-link": "a member is written through a link that leaves the target folder",
    "path-through-inner-link": "a member is written through a link in the same archive",
    # Links, modes, types.
    "link-escape": "a link climbs out of the target folder",
    "link-absolute": "a link points to an absolute path",
    "special-file": "a device, pipe or socket",
    "mode-setuid": "a file runs with its owner's rights, whoever starts it",
    "mode-setgid": "a file runs with its group's rights, whoever starts it",
    "mode-world-writable": "everybody on the host may change it",
    "type-mismatch": "the content is of another family than the name says",
    "tool-suppression": "the settings of an auditing tool, which may silence it",
    # Limits.
    "limit-total": "the package unpacks to more than the audit's budget",
    "limit-member": "a document is larger than the limit",
    "limit-ratio": "unpacks to out of proportion more than it takes",
    "limit-entries": "more members than the limit",
    "limit-depth": "containers inside containers deeper than the limit",
    "limit-time": "the audit took longer than the limit",
    "limit-memory": "a decoder or a document needs more memory than the limit",
    "limit-disk": "no room for a temporary file",
    "limit-directory": "a directory larger than the limit",
    "limit-header": "an extended header larger than the limit",
    "limit-issues": "more issues of one kind than are listed",
}
"""Name of ``ContainerIssue.issue`` → what it means."""

REASONS: Final[dict[str, str]] = {
    "encrypted": "it is encrypted",
    "unsupported-format": "no reader for this format",
    "unsupported-method": "no decoder for the method it is packed with",
    "truncated": "a part of it is missing",
    "corrupt": "a part of it is damaged",
    "missing": "it is listed but not there",
    "unreadable": "the file cannot be opened",
}
"""Name of ``CoverageGap.reason`` → what it means; besides these, the names of limits."""
