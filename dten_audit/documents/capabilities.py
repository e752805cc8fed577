"""Reads the capabilities of a file: rights that a program has without being setuid."""

from __future__ import annotations

from typing import Final

_NAMES: Final = (
    "chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable"
    " net_bind_service net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio"
    " sys_chroot sys_ptrace sys_pacct sys_admin sys_boot sys_nice sys_resource sys_time"
    " sys_tty_config mknod lease audit_write audit_control setfcap mac_override mac_admin syslog"
    " wake_alarm block_suspend audit_read perfmon bpf checkpoint_restore"
).split()
"""By number (linux/capability.h)."""


def capability_names(value: bytes) -> str:
    """Return the names in an extended attribute ``security.capability``.

    Its layout is that of linux/capability.h, versions 2 and 3: a word of flags, then permitted and
    inheritable ones, low words first. What does not have it is shown as it stands.
    """
    if len(value) not in (20, 24) or value[3] not in (2, 3):
        return f"not of a known layout: {value[:40].hex()}"
    words = [int.from_bytes(value[at : at + 4], "little") for at in range(4, 20, 4)]
    bits = words[0] | words[1] | (words[2] | words[3]) << 32
    found = [name for number, name in enumerate(_NAMES) if bits >> number & 1]
    if bits >> len(_NAMES):
        found.append("others")
    return ", ".join(f"cap_{name}" for name in found) or "none"
