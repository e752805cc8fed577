"""Builders of binary rule examples: archives, folders and signed trees, made by code."""

from __future__ import annotations

BUILDERS: dict[str, str] = {
    "zip": "dten_audit.examples.archives:zip_package",
    "tar": "dten_audit.examples.archives:tar_package",
    "cpio": "dten_audit.examples.archives:cpio_package",
    "ar": "dten_audit.examples.archives:ar_package",
    "rpm": "dten_audit.examples.archives:rpm_package",
    "sevenzip": "dten_audit.examples.archives:sevenzip_package",
    "stream": "dten_audit.examples.archives:stream_package",
    "selfextract": "dten_audit.examples.archives:selfextract_package",
    "folder": "dten_audit.examples.archives:folder_package",
    "signed-tree": "dten_audit.examples.signed_tree:signed_tree",
    "signed-program": "dten_audit.examples.signed_code:signed_program",
    "signed-archive": "dten_audit.examples.signed_code:signed_archive",
    "signed-nuget": "dten_audit.examples.signed_nuget:signed_nuget",
    "signed-apk": "dten_audit.examples.signed_apk:signed_apk",
    "signed-appx": "dten_audit.examples.signed_appx:signed_appx",
    "signed-installer": "dten_audit.examples.installers:signed_installer",
    "key-signed": "dten_audit.examples.key_signed:key_signed_tree",
    "signed-tuf": "dten_audit.examples.signed_tuf:signed_tuf",
}
"""Name in a rule file → ``module:function``; the function takes the example's ``with:`` mapping."""
