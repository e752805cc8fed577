"""Says what to do about each gap that one can close: the tool or plugin, the option of a limit."""

from __future__ import annotations

from typing import Final

_UNPACK: Final = "Unpack it with {tool} on a host that does not matter, and audit the folder."
_TOOLS: Final[dict[str, str]] = {
    "7z": "`7z x`",
    "rar": "`unrar x` or `7z x`",
    "cab": "`cabextract` or `7z x`",
    "installshield-cab": "`unshield x`",
    "msi": "`msiextract` or `7z x`",
    "iso": "`bsdtar -xf` or `7z x`",
    "dmg": "`7z x`",
    "xar": "`bsdtar -xf` or `xar -xf`",
    "squashfs": "`unsquashfs`",
    "arj": "`arj x` or `7z x`",
    "lzh": "`lha x` or `bsdtar -xf`",
    "ace": "`unace x`",
    "wim": "`wimapply` or `7z x`",
    "vhd": "`guestfish --ro -a` or `7z x`",
    "vhdx": "`guestfish --ro -a` or `7z x`",
    "vmdk": "`guestfish --ro -a` or `7z x`",
    "vdi": "`guestfish --ro -a` or `7z x`",
    "qcow2": "`guestfish --ro -a` or `7z x`",
    "disk": "`guestfish --ro -a` or `7z x`",
    "ext": "`debugfs -R 'rdump / DIR'` or `7z x`",
    "xfs": "`guestfish --ro -a`",
    "btrfs": "`btrfs restore`",
    "erofs": "`fsck.erofs --extract=DIR`",
    "cramfs": "`7z x`",
    "romfs": "`guestfish --ro -a`",
    "ubi": "`ubireader_extract_files`",
    "uimage": "`dumpimage`",
    "android-image": "`unpack_bootimg` or `simg2img`",
    "flatpak": "`ostree` (after `flatpak build-import-bundle`)",
    "asar": "`asar extract`",
    "stuffit": "`unar`",
    "compress": "`uncompress`",
    "lz4": "`lz4 -d`",
    "lzop": "`lzop -d`",
    "lzip": "`lzip -d`",
    "lrzip": "`lrzip -d`",
    "bzip3": "`bzip3 -d`",
    "zpaq": "`zpaq x`",
    "nsis": "`7z x`",
    "inno-setup": "`innoextract`",
    "installshield": "`unshield` or its own silent administrative installation",
    "pyinstaller": "`pyi-archive_viewer`",
}
_PROGRAM_DATA: Final = (
    "Ask the vendor what is appended to the program, and for its content in an open format."
)
_BY_KIND: Final = {
    "overlay": _PROGRAM_DATA,
    "payload": "Ask the vendor what follows the script, and for its content in an open format.",
    "deno-compile": _PROGRAM_DATA,
    "bun-compile": _PROGRAM_DATA,
    "autoit": _PROGRAM_DATA,
}
_ELSE: Final = (
    "Unpack it by hand on a host that does not matter, and audit the folder; ask the vendor for a"
    " ZIP or tar archive; or write a plugin (docs/plugins.md)."
)


_OPTIONS: Final = {
    "limit-total": "--max-total",
    "limit-member": "--max-member",
    "limit-ratio": "--max-ratio",
    "limit-entries": "--max-entries",
    "limit-depth": "--max-depth",
    "limit-time": "--max-seconds",
    "limit-memory": "--limit memory= or --limit dictionary=",
    "limit-directory": "--limit directory=",
    "limit-names": "--limit names=",
    "limit-header": "--limit extended_header=",
}
"""What raises each limit."""


def remedy(reason: str, kind: str) -> str:
    """Return what to do so that a document of this kind is covered; empty where only asking helps.

    ``reason`` is that of the coverage gap.
    """
    if reason in _OPTIONS:
        return f"Raise {_OPTIONS[reason]} and audit the package again."
    if reason == "limit-disk":
        return "Make room in the temporary folder (TMPDIR), and audit the package again."
    if reason == "plugin-failed":
        return "Tell whoever provides the plugin, and read the document by other means meanwhile."
    if reason not in ("unsupported-format", "unsupported-method"):
        return ""
    if kind in _BY_KIND:
        return _BY_KIND[kind]
    tool = _TOOLS.get(kind)
    return _UNPACK.format(tool=tool) if tool else _ELSE
