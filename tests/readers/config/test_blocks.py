"""Directives in blocks: nginx with its templates, httpd with conditions on its version."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from dten_audit.documents.text import LineIndex
from dten_audit.readers.config.block_keys import scan_apache, scan_nginx
from dten_audit.readers.config.keys import Broken, Setting

NGINX = """{# by ansible: do not edit #}
{% if dten_upstreams %}
upstream dten { server {{ dten_host }}:{{ dten_port }}; }
{% endif %}
server {
    listen {{ dten_listen }} ssl http2; # {{ why }}
    server_name ${HOST} a.${DOMAIN}.example;
{% for path in paths %}
    location {{ path }} { proxy_pass http://${upstream}:80; }
{% endfor %}
    ssl on;
}
"""
HTTPD = """<IfVersion < 2.4>
  RewriteLog /x
</IfVersion>
<ifmodule !mod_authz_core.c>
  <Directory "/srv/a b">
    Order allow,deny
  </Directory>
</IfModule>
<IfVersion >= 2.4>
  Require all granted
</IfVersion>
KeepAlive On
"""


def test_templates_of_nginx_are_read() -> None:
    found = list(scan_nginx(NGINX, LineIndex(NGINX)))
    assert [tuple(item)[:5] for item in found if isinstance(item, Setting)] == [
        (3, 17, "upstream", "server", "{{ dten_host }}:{{ dten_port }}"),
        (6, 5, "server", "listen", "{{ dten_listen }} ssl http2"),
        (7, 5, "server", "server_name", "${HOST} a.${DOMAIN}.example"),
        (9, 27, "server.location", "proxy_pass", "http://${upstream}:80"),
        (11, 5, "server", "ssl", "on"),
    ]
    assert not [item for item in found if isinstance(item, Broken)]


def test_conditions_of_httpd_are_sections() -> None:
    found = [item for item in scan_apache(HTTPD) if isinstance(item, Setting)]
    assert [(item.line, item.section, item.key) for item in found] == [
        (2, "IfVersion < 2.4", "RewriteLog"),
        (6, "ifmodule !mod_authz_core.c.Directory", "Order"),
        (10, "IfVersion >= 2.4", "Require"),
        (12, "", "KeepAlive"),
    ]


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="{}%#$;<>!/ \n\"'aIfModule", max_size=200))
def test_any_text_is_read(text: str) -> None:
    for item in (*scan_nginx(text, LineIndex(text)), *scan_apache(text)):
        assert item.line >= 1


def test_long_texts_take_linear_time() -> None:
    for part in ("{", "${", "{{ ", "{% ", "{# ", "<IfModule ", "a ", "${a}", "'"):
        text = part * (200_000 // len(part))
        assert len(list(scan_nginx(text, LineIndex(text)))) <= len(text)
        assert len(list(scan_apache(text))) <= len(text)
