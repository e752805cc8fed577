"""Values that rows of a matrix are about: whole, switches, words of lists."""

from __future__ import annotations

import pytest

from dten_audit.derive.config.values import outside, same_value
from dten_audit.model.facts.base import Certainty
from dten_audit.model.facts.config import ConfigKey
from dten_audit.model.location import Location
from dten_audit.site.matrix import MatrixEntry


def key(value: str, certainty: Certainty = "exact") -> ConfigKey:
    return ConfigKey(Location("p.zip!/x", 1), "sshd", "x", "", "Ciphers", value, certainty)


@pytest.mark.parametrize(
    ("value", "wanted", "separator", "expected"),
    [
        ("443 ssl http2", "http2", " ", True),
        ("443\tssl\thttp2", "http2", " ", True),
        ("443 ssl", "http2", " ", False),
        ("[::]:http2x ssl", "http2", " ", False),
        ("On", "On", "", True),
        ("yes", "On", "", True),
        ("1", "On", "", True),
        ("0", "On", "", False),
        ("", "Off", "", True),
        ("none", "Off", "", True),
        ("on", "on", "", True),
        ("1", "on", "", False),
        ("2,1", "1", ",", True),
        ("2", "1", ",", False),
        ("-1", "1", ",", False),
    ],
)
def test_one_value(value: str, wanted: str, separator: str, expected: bool) -> None:
    entry = MatrixEntry("k", only_if_value=wanted, separator=separator)
    assert same_value(key(value), entry) is expected


def test_a_computed_value_may_be_the_one_but_of_a_list_only_what_stands_there_counts() -> None:
    switch = MatrixEntry("k", only_if_value="On")
    word = MatrixEntry("k", only_if_value="spdy", separator=" ")
    assert same_value(key("{{ x }}", "computed"), switch) is None
    assert same_value(key("{{ port }} ssl", "computed"), word) is False
    assert same_value(key("{{ port }} ssl spdy", "computed"), word) is True
    assert same_value(key("x"), MatrixEntry("k")) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("aes128-ctr,arcfour", True),
        ("+ARCFOUR", True),
        ("^arcfour,aes128-ctr", True),
        ("-arcfour", False),
        ("aes128-ctr, arcfour256", False),
        ("{{ ciphers }}", False),
        ("{{ ciphers }},arcfour", True),
    ],
)
def test_words_that_are_refused(value: str, expected: bool) -> None:
    entry = MatrixEntry("Ciphers", refused=("arcfour",), allowed_in="7.6", separator=",")
    found = key(value, "computed" if "{" in value else "exact")
    assert outside(found, entry) is expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [("TLSv1.2 +SSLv2", True), ("all -SSLv2", False), ("all -sslv2 -sslv3", False)],
)
def test_words_of_httpd(value: str, expected: bool) -> None:
    entry = MatrixEntry("SSLProtocol", refused=("SSLv2",), allowed_in="2.4", separator=" ")
    assert outside(key(value), entry) is expected
    assert outside(key("x"), MatrixEntry("k", allowed=("on", "off"), separator=" ")) is True


@pytest.mark.parametrize(
    ("value", "refused"),
    [
        ("{{ item.oids | d('off') }}", False),
        ('{{ item.oids | default("off", true) }}', False),
        ("{{ item.oids | default(False) }}", False),
        ("{{ item.oids | d(oids) }}", True),
        ("{{ item.oids | d('on') }}", True),
        ("{{ item.oids }}", True),
        ('{{ .Values.oids | default "off" | quote }}', False),
        ("{{ .Values.oids | default .Values.off }}", True),
        ("${OIDS:-off}", False),
        ("${OIDS-on}", True),
        ("${OIDS:-$off}", True),
        ("{{ a | d('off') }}{{ b }}", True),
    ],
)
def test_the_literal_default_of_a_template_counts(value: str, refused: bool) -> None:
    entry = MatrixEntry("k", allowed=("off", "false"))
    assert outside(key(value, "computed"), entry) is refused
