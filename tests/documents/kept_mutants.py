"""Mutants that were once taken wrongly, as recipes. ``benchmarks/fuzz_archives.py`` appends to it."""

# ruff: noqa: E501, Q000, COM819 (a recipe a line, as repr writes it)
# fmt: off

from __future__ import annotations

from typing import Final

from .mutation import Damage

KEPT: Final[tuple[tuple[str, tuple[Damage, ...]], ...]] = (
    ('ar', (Damage('write', 530, b'emxldiksztqcpq kvke/fcsl/kj_ xsn'),)),  # text in the numbers of a header
    ('ar', (Damage('write', 504, b'z_own.xssqc-g_;/wvbz;xc/ifa-hiz '),)),  # across a content and a name
    ('cpio, newc', (Damage('write', 882, b'84e23424bcd74e0371c4667bd7fd6f0a'),)),  # in the padding
    ('cpio, newc', (Damage('insert', 1499, b'nj.;g\n\nn.;sldvo\nwo_oc=hgmfs_s/be'),)),  # behind the trailer
    ('cpio, odc', (Damage('insert', 649, b'tdqdqbhky.s.irfokwjpu./szm . z_n'),)),  # behind the trailer
    ('deb', (Damage('cut', 72, b''),)),  # no control archive
    ('deb', (Damage('cut', 252, b''),)),  # no data archive
    ('rpm', (Damage('cut', 788, b''),)),  # a part of the payload's checksum
    ('rpm', (Damage('insert', 794, b'4597663546642cf923da5bf49625f5bc'),)),  # behind the payload
    ('rpm', (Damage('write', 18, b'v.dzfsfkx\n/ha/li=gu\nn_cnfk./ppm\n'),)),  # in the lead
    ('rpm, plain', (Damage('write', 152, b'75727313160734147331166776646'),)),  # in a header's index
    ('tar, GNU', (Damage('write', 684, b"\x10\xf4+\xddb\x03b'\xbd\x0e7\xb8}\xa9?\x7fzrj\xf0\xeew\xc1oY\xc8%M\x93\xaey\xf3"),)),  # in the padding
    ('tar, pax', (Damage('write', 2930, b'a17d9816582d49d9f22cf5e77691785a'),)),  # in the padding
    ('tar, ustar', (Damage('write', 1399, b'lpl aeo\nx.hdsslpgw-bh=juiykpic__'), Damage('sums', 0, b''),)),  # an owner with a line feed
    ('tar, ustar', (Damage('write', 2512, b'eas\nx\n;wpinq=\nuyamkuxwa.vvs.hwe_'), Damage('sums', 0, b''),)),  # in a prefix that is none
    ('tar, pax', (Damage('write', 4818, b'b_eq.wtowqvs/wa_t;yup\n\nwj mrvjbe'), Damage('sums', 0, b''),)),  # behind an empty link's target
    ('tar, GNU', (Damage('write', 4946, b'dfg_n\nxso   kl\na_r/i kpqadpyk-v.'), Damage('sums', 0, b''),)),  # in device numbers and times
    ('tar, GNU', (Damage('write', 2058, b'idmnymmkbahzmzo_eewpvbvspalvvaju'), Damage('sums', 0, b''),)),  # a short name that is not the long one's start
    ('tar, pax', (Damage('write', 2083, b'kvp swz-_fwnrax_s=strl.qnws-gy n'), Damage('sums', 0, b''),)),  # a short name that is not the long one's start
    ('tar, pax', (Damage('write', 1038, b'\ntirmuep/ng\nsysiubfeq b\nncsobpbf'), Damage('sums', 0, b''),)),  # the name of an extended header
    ('zip, bzip2', (Damage('flip', 734, b'\x04'),)),  # OverflowError escaped
    ('zip, bzip2', (Damage('repeat', 632, b'\x00\x00\x00\x00\x00\x00'),)),  # OverflowError escaped
)
