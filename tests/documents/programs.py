"""Builds small programs with a true structure: ELF, PE and Mach-O, with parts that tests vary."""

from __future__ import annotations

import struct

TEXT = b"\x90\xc3" * 32


def elf(*, wide: bool = True, order: str = "<", tail: bytes = b"\0.text\0.bss\0") -> bytes:
    """Return an ELF program: header, one segment, text, names, a table of four sections."""
    head, program, section = (64, 56, "2I4Q2I2Q") if wide else (52, 32, "10I")
    text = head + program
    names = text + len(TEXT)
    table = names + len(tail) + 4
    word = "Q" if wide else "I"
    ident = b"\x7fELF" + bytes((2 if wide else 1, 1 if order == "<" else 2, 1)) + bytes(9)
    step = struct.calcsize(order + section)
    data = ident + struct.pack(order + "2HI", 2, 62, 1)
    data += struct.pack(order + word * 3, 0x401000, head, table)
    data += struct.pack(order + "I6H", 0, head, program, 1, step, 4, 3)
    if wide:
        data += struct.pack(order + "2I6Q", 1, 5, text, 0x401000, 0, len(TEXT), len(TEXT), 16)
    else:
        data += struct.pack(order + "8I", 1, text, 0x401000, 0, len(TEXT), len(TEXT), 5, 16)
    data += TEXT + tail + bytes(4)
    for kind, start, size in ((0, 0, 0), (1, text, 64), (8, names, 1 << 30), (3, names, len(tail))):
        data += struct.pack(order + section, 1, kind, 0, 0, start, size, 0, 0, 1, 0)
    return data


def pe(*, symbols: bytes = b"", debug: bytes = b"", wide: bool = True) -> bytes:
    """Return a PE program of one section, with a symbol table and debug data behind it."""
    at, optional = 0x80, 240 if wide else 224
    data = bytearray(b"MZ" + bytes(at - 2))
    data[60:64] = struct.pack("<I", at)
    behind = 0x200 + 0x200
    place = behind if symbols else 0
    data += b"PE\0\0" + struct.pack("<2H3I2H", 0x8664, 1, 0, place, len(symbols) // 18, optional, 2)
    header = bytearray(optional)
    header[:2] = struct.pack("<H", 0x20B if wide else 0x10B)
    header[60:64] = struct.pack("<I", 0x200)
    directories = 112 if wide else 96
    if debug:
        header[directories + 48 : directories + 56] = struct.pack("<2I", 0x1000, 28)
    data += header + b".text\0\0\0" + struct.pack("<4I16x", 0x200, 0x1000, 0x200, 0x200)
    data += bytes(0x200 - len(data))
    text = bytearray(TEXT * 8)
    table = symbols + struct.pack("<I", 4) if symbols else b""
    if debug:
        text[:28] = struct.pack("<7I", 0, 0, 0, 2, len(debug), 0, behind + len(table))
    return bytes(data + text + table + debug)


def signed(program: bytes, appended: bytes = b"") -> bytes:
    """Return a PE program with a certificate table behind what was appended to it."""
    padded = program + appended
    padded += bytes(-len(padded) % 8)
    certificate = struct.pack("<I2H", 264, 0x200, 2) + bytes([0x30, 0x82]) + b"\xaa" * 254
    at = struct.unpack_from("<I", program, 60)[0] + 24
    directory = at + (112 if program[at + 1] == 2 else 96) + 32
    data = bytearray(padded + certificate)
    data[directory : directory + 8] = struct.pack("<2I", len(padded), len(certificate))
    return bytes(data)


def macho(*, wide: bool = True, order: str = "<") -> bytes:
    """Return a Mach-O program with one segment of link data."""
    magic = 0xFEEDFACF if wide else 0xFEEDFACE
    head, size = (32, 72) if wide else (28, 56)
    start = head + size + 24
    data = struct.pack(order + "7I", magic, 7, 3, 2, 2, size + 24, 0) + bytes(4 if wide else 0)
    shape = "2I16s4Q4I" if wide else "2I16s4I4I"
    kind = 0x19 if wide else 1
    data += struct.pack(order + shape, kind, size, b"__LINKEDIT", 0, 0, start, 64, 1, 1, 0, 0)
    data += struct.pack(order + "6I", 2, 24, start, 2, start + 32, 32)
    return data + TEXT


def fat(*programs: bytes) -> bytes:
    """Return programs for several machines in one file."""
    head = struct.pack(">2I", 0xCAFEBABE, len(programs))
    body, at = b"", 0x1000
    for program in programs:
        head += struct.pack(">5I", 7, 3, at + len(body), len(program), 12)
        body += program
    return head + bytes(at - len(head)) + body
