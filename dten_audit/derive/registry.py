"""The derivers. Their order follows from what they need and give, not from this list."""

from __future__ import annotations

from dten_audit.derive.base import Deriver

DERIVERS: tuple[Deriver, ...] = (
    Deriver(
        "library uses",
        ("library_command",),
        ("library_use",),
        "dten_audit.derive.library:derive",
    ),
    Deriver("unread parts", ("unreadable",), ("unread_part",), "dten_audit.derive.unread:derive"),
    Deriver(
        "schedules",
        ("command", "cron_job", "link_entry", "log_rotation", "scheduled_entry", "task_definition",
         "unit_file"),
        ("schedule", "unreadable"),
        "dten_audit.derive.schedules.deriving:derive",
    ),
    Deriver(
        "unit uses",
        ("command", "unit_file"),
        ("unit_use",),
        "dten_audit.derive.units.uses:derive",
    ),
    Deriver(
        "services of Windows",
        ("command",),
        ("unit_use",),
        "dten_audit.derive.units.windows:derive",
    ),
    Deriver("unit stops", ("unit_use",), ("unit_stop",), "dten_audit.derive.units.stops:derive"),
    Deriver(
        "unit files",
        ("command", "unit_file", "unit_use"),
        ("unit_install", "unit_program"),
        "dten_audit.derive.units.files:derive",
    ),
    Deriver(
        "unit dependencies",
        ("command", "unit_file", "unit_use"),
        ("unit_dependency",),
        "dten_audit.derive.units.dependencies:derive",
    ),
    Deriver(
        "signatures",
        ("signature", "certificate", "revocation_list"),
        ("signature_check", "chain_defect", "timestamp_check", "orphan_signature",
         "revocation_check"),
        "dten_audit.derive.signing.checks:derive",
    ),
    Deriver(
        "signatures by keys",
        ("key_signature", "public_key"),
        ("key_signature_check",),
        "dten_audit.derive.signing.key_signatures:derive",
    ),
    Deriver(
        "TUF repositories",
        ("tuf_metadata",),
        ("tuf_repository", "tuf_defect", "manifest_entry"),
        "dten_audit.derive.signing.tuf:derive",
    ),
    Deriver(
        "digest lists",
        ("signature_check", "key_signature_check", "checksum_entry"),
        ("manifest_entry",),
        "dten_audit.derive.signing.manifests:derive",
    ),
    Deriver(
        "signature coverage",
        ("signature_check", "key_signature_check", "manifest_entry", "unchecked_signature",
         "tuf_repository"),
        ("signature_coverage",),
        "dten_audit.derive.signing.coverage:derive",
    ),
    Deriver(
        "keys",
        ("signature_check", "key_signature_check", "private_key", "public_key",
         "unchecked_signature"),
        ("shipped_key", "orphan_key", "orphan_signature"),
        "dten_audit.derive.signing.keys:derive",
    ),
    Deriver(
        "advisories",
        ("signature_check", "certificate"),
        ("package_advisory", "root_advisory", "version_advisory"),
        "dten_audit.derive.signing.advisories:derive",
    ),
    Deriver(
        "program signatures",
        ("program_signature",),
        ("code_signature", "timestamp_check"),
        "dten_audit.derive.signing.executables:derive",
    ),
    Deriver(
        "archive signatures",
        ("signature_check", "digest_manifest"),
        ("code_signature", "signed_archive", "archive_entry", "lone_signature"),
        "dten_audit.derive.signing.jars:derive",
    ),
    Deriver(
        "Android programs",
        ("signing_block", "scheme_claim"),
        ("code_signature", "stripped_scheme"),
        "dten_audit.derive.signing.android:derive",
    ),
    Deriver(
        "sealed archives",
        ("signature", "signature_check"),
        ("sealed_archive", "manifest_entry", "unreadable"),
        "dten_audit.derive.signing.sealed_archives:derive",
    ),
    Deriver(
        "config settings",
        ("command", "sql_statement", "unit_file"),
        ("config_key", "config_include"),
        "dten_audit.derive.config.settings:derive",
    ),
    Deriver("news", ("news_entry",), ("upgrade_news",), "dten_audit.derive.news:derive"),
    Deriver(
        "config changes",
        ("config_key", "config_include", "unreadable"),
        ("config_change", "unreadable_config"),
        "dten_audit.derive.config.changes:derive",
    ),
    Deriver(
        "privilege uses",
        ("command",),
        ("privilege_use",),
        "dten_audit.derive.privilege.uses:derive",
    ),
    Deriver(
        "become",
        ("command", "become_setting"),
        ("become_use",),
        "dten_audit.derive.become:derive",
    ),
    Deriver(
        "system writes",
        ("command",),
        ("system_write", "mode_change"),
        "dten_audit.derive.privilege.writes:derive",
    ),
    Deriver(
        "rights on Windows",
        ("command",),
        ("elevation", "admin_grant"),
        "dten_audit.derive.privilege.windows:derive",
    ),
    Deriver(
        "admin grants",
        ("command", "sudoers_rule", "sudoers_default", "sudoers_include", "polkit_rule",
         "polkit_action", "unit_file"),
        ("admin_grant",),
        "dten_audit.derive.privilege.grants:derive",
    ),
    Deriver(
        "container rights",
        ("command", "container_setting"),
        ("container_right",),
        "dten_audit.derive.containers:derive",
    ),
    Deriver(
        "schema changes",
        ("command", "config_key", "sql_script", "sql_statement"),
        ("schema_change", "transaction_issue", "unchecked_sql", "migration"),
        "dten_audit.derive.schema_changes:derive",
    ),
    Deriver(
        "database clients",
        ("command", "schema_change", "sql_script", "sql_statement"),
        ("client_run",),
        "dten_audit.derive.schema.client_runs:derive",
    ),
)  # fmt: skip
