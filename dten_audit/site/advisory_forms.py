"""What advisories say, by their form: CSAF, OSV, OpenVEX, dten-advisory/1.

CSAF and OpenVEX have no field for a certificate. It is found by the SHA-256 of its DER form, as the
hash of a file, in a URI or in a note.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from dten_audit.model.location import Location
from dten_audit.model.suggestion import suggestion
from dten_audit.readers.config.yaml_nodes import Node
from dten_audit.readers.signing.fingerprints import fingerprints
from dten_audit.site.advisory import AdvisoryError, Form, NamedRoot, NamedVersion, Says, Told
from dten_audit.site.schema import Table
from dten_audit.site.trust_records import bare_fingerprint
from dten_audit.site.vers import check_vers

SCHEMA: Final = "dten-advisory/1"
KINDS: Final = (
    "key-rotation", "withdrawal", "blocked-upgrade", "vulnerability", "eol", "config-removal",
    "correction",
)  # fmt: skip
WARNING: Final = ("withdrawal", "blocked-upgrade", "vulnerability", "eol")
"""Kinds that say something against the versions that they apply to."""
_KEYS: Final = ("schema", "id", "title", "kind", "source", "applies", "keys", "message", "note")
_SOURCE: Final = ("url", "seen", "sha256", "note")
_FORMS: Final = "CSAF, OSV and OpenVEX (JSON), dten-advisory/1 (YAML)"


class View:
    """A way through foreign data: what is absent, or of another shape, is empty."""

    def __init__(self, path: str, node: Node) -> None:
        self.path, self.node = path, node

    def __getitem__(self, key: str) -> View:
        for name, value in reversed(self.node.pairs):
            if name.text == key:
                return View(self.path, value)
        return View(self.path, Node("scalar", "", self.node.line, self.node.column))

    def __iter__(self) -> Iterator[View]:
        return (View(self.path, item) for item in self.node.items)

    def __contains__(self, key: str) -> bool:
        return any(name.text == key for name, _ in self.node.pairs)

    @property
    def text(self) -> str:
        """The text of a scalar; empty for null."""
        plain_null = self.node.plain and self.node.text in ("null", "~")
        return "" if plain_null else self.node.text

    @property
    def at(self) -> Location:
        """Where it stands."""
        return Location(self.path, self.node.line)

    def roots(self, where: str, says: Says = "named") -> Iterator[NamedRoot]:
        """Yield the fingerprints in its text."""
        for sha256, _ in fingerprints(self.text):
            yield NamedRoot(sha256, says, where, self.at)


def told(path: str, node: Node) -> Told:
    """Return what an advisory says. Raises ``AdvisoryError`` for what is none."""
    view = View(path, node)
    if view["schema"].text.startswith("dten-advisory/"):
        return _ours(path, node)
    if "csaf_version" in view["document"]:
        return _csaf(view)
    if "openvex" in view["@context"].text:
        return _openvex(view)
    if "id" in view and "modified" in view:
        return _osv(view)
    raise AdvisoryError(path, node.line, f"no advisory of a form that is read here: {_FORMS}")


def _told(view: View, form: Form, ident: str, title: str, kind: str) -> Told:
    if not ident:
        raise AdvisoryError(view.path, view.node.line, f"the {form} advisory has no id")
    return Told(ident, form, title or ident, kind)


# --- CSAF 2.0, 2.1 -----------------------------------------------------------------------------


class _Product(NamedTuple):
    """A product of a CSAF product tree."""

    id: str
    name: str
    versions: tuple[str, ...]
    ranges: tuple[str, ...]
    view: View


_GOOD: Final = ("fixed", "first_fixed", "recommended")
_BAD: Final = ("known_affected", "first_affected", "last_affected")


def _csaf(view: View) -> Told:
    document = view["document"]
    tracking, publisher = document["tracking"], document["publisher"]
    category = document["category"].text
    made = _told(view, "CSAF", tracking["id"].text, document["title"].text, category)
    doubt = ""
    if tracking["status"].text != "final":
        doubt = f"its status is {tracking['status'].text or 'not given'}, not final"
    elif publisher["category"].text != "vendor":
        doubt = f"its publisher is a {publisher['category'].text or 'nobody'}, not the vendor"
    products = list(_products(view["product_tree"]))
    states = _states(view)
    roots = [found for product in products for found in _csaf_roots(product, states)]
    for holder in (view, document, *view["vulnerabilities"]):
        roots += [own for note in holder["notes"] for own in note["text"].roots("notes")]
    versions = tuple(_csaf_versions(view, products))
    return made._replace(doubt=doubt, roots=tuple(roots), versions=versions)


def _products(tree: View) -> Iterator[_Product]:
    for product in tree["full_product_names"]:
        yield _Product(product["product_id"].text, _name_of(product), (), (), product)
    waiting = [(branch, "", (), ()) for branch in tree["branches"]]
    found: list[tuple[View, str, tuple[str, ...], tuple[str, ...]]] = list(waiting)
    while found:
        branch, name, versions, ranges = found.pop()
        category, own = branch["category"].text, branch["name"].text
        if category == "product_name":
            name = own
        elif category == "product_version":
            versions = (own,)
        elif category == "product_version_range":
            ranges = (own,)
        product = branch["product"]
        if product["product_id"].text:
            purl = product["product_identification_helper"]["purl"].text
            known = _unversioned(purl) or name or product["name"].text
            yield _Product(product["product_id"].text, known, versions, ranges, product)
        found += [(below, name, versions, ranges) for below in branch["branches"]]


def _name_of(product: View) -> str:
    purl = product["product_identification_helper"]["purl"].text
    return _unversioned(purl) or product["name"].text


def _unversioned(purl: str) -> str:
    return purl.partition("?")[0].partition("#")[0].rpartition("@")[0] or purl


def _version_in(purl: str) -> tuple[str, ...]:
    bare = purl.partition("?")[0].partition("#")[0]
    return (bare.rpartition("@")[2],) if "@" in bare.rpartition("/")[2] else ()


def _states(view: View) -> dict[str, Says]:
    """Return what the vulnerabilities say of each product id."""
    found: dict[str, Says] = {}
    for vulnerability in view["vulnerabilities"]:
        for key in (*_GOOD, *_BAD):
            for product in vulnerability["product_status"][key]:
                found[product.text] = "retired" if key in _BAD else "new"
    return found


def _csaf_roots(product: _Product, states: dict[str, Says]) -> Iterator[NamedRoot]:
    helper = product.view["product_identification_helper"]
    says = states.get(product.id, "named")
    for entry in helper["hashes"]:
        for digest in entry["file_hashes"]:
            yield from digest["value"].roots("product_identification_helper.hashes", says)
    for entry in helper["x_generic_uris"]:
        yield from entry["uri"].roots("product_identification_helper.x_generic_uris", says)


def _csaf_versions(view: View, products: list[_Product]) -> Iterator[NamedVersion]:
    by_id = {product.id: product for product in products}
    for vulnerability in view["vulnerabilities"]:
        ids = [own["text"].text for own in vulnerability["ids"]]
        problem = " ".join(
            text for text in (vulnerability["cve"].text, *ids[:1], vulnerability["title"].text)
            if text
        )  # fmt: skip
        for key in _BAD:
            for entry in vulnerability["product_status"][key]:
                product = by_id.get(entry.text)
                if product is None:
                    continue
                helper = product.view["product_identification_helper"]
                versions = product.versions or _version_in(helper["purl"].text)
                ranges = _readable(product.ranges)
                if versions or ranges:
                    yield NamedVersion(
                        product.name, versions, ranges, problem or "known affected", entry.at
                    )


def _readable(ranges: tuple[str, ...]) -> tuple[str, ...]:
    """Return the ranges that are written as vers; CSAF allows free text, which means nothing."""
    return tuple(text for text in ranges if text.startswith("vers:") and not check_vers(text))


# --- OSV ---------------------------------------------------------------------------------------


def _osv(view: View) -> Told:
    made = _told(view, "OSV", view["id"].text, view["summary"].text, "vulnerability")
    roots = tuple(
        own for key in ("summary", "details") for own in view[key].roots(key)
    )  # fmt: skip
    if view["withdrawn"].text:
        return made._replace(doubt="it was withdrawn", roots=roots)
    versions = tuple(
        found
        for affected in view["affected"]
        for found in _osv_versions(affected, f"{made.id} {view['summary'].text}".strip())
    )
    return made._replace(roots=roots, versions=versions)


def _osv_versions(affected: View, problem: str) -> Iterator[NamedVersion]:
    package = affected["package"]
    product = _unversioned(package["purl"].text) or package["name"].text
    versions = tuple(own.text for own in affected["versions"])
    ranges = []
    for entry in affected["ranges"]:
        kind = {"SEMVER": "semver", "ECOSYSTEM": "generic"}.get(entry["type"].text)
        if kind is not None:
            ranges += list(_osv_ranges(entry["events"], kind))
    if product and (versions or ranges):
        yield NamedVersion(product, versions, tuple(ranges), problem, affected.at)


def _osv_ranges(events: View, scheme: str) -> Iterator[str]:
    """Yield the spans between what introduced a flaw and what fixed it, in the order given."""
    start = ""
    for event in events:
        if "introduced" in event:
            start = event["introduced"].text
            continue
        for key, sign in (("fixed", "<"), ("last_affected", "<=")):
            if key in event and start:
                low = "" if start == "0" else f">={start}|"
                yield f"vers:{scheme}/{low}{sign}{event[key].text}"
                start = ""
    if start:
        yield f"vers:{scheme}/{'*' if start == '0' else f'>={start}'}"


# --- OpenVEX -----------------------------------------------------------------------------------


def _openvex(view: View) -> Told:
    made = _told(view, "OpenVEX", view["@id"].text, "", "vulnerability")
    roots: list[NamedRoot] = []
    versions: list[NamedVersion] = []
    for statement in view["statements"]:
        status = statement["status"].text
        flaw = statement["vulnerability"]
        problem = flaw["name"].text or flaw["@id"].text or flaw.text
        bad = status == "affected"
        says: Says = "retired" if bad else "new" if status == "fixed" else "named"
        for product in statement["products"]:
            for name in ("sha-256", "sha256"):
                roots += product["hashes"][name].roots("products.hashes", says)
            purl = product["identifiers"]["purl"].text or product["@id"].text or product.text
            if bad and purl.startswith("pkg:") and _version_in(purl):
                versions.append(
                    NamedVersion(_unversioned(purl), _version_in(purl), (), problem, product.at)
                )
        for key in ("status_notes", "impact_statement", "action_statement"):
            roots += statement[key].roots(key)
    return made._replace(roots=tuple(roots), versions=tuple(versions))


# --- dten-advisory/1 ---------------------------------------------------------------------------


def _ours(path: str, node: Node) -> Told:
    table = Table(path, node, _KEYS, "an advisory")
    if table.text("schema") != SCHEMA:
        raise AdvisoryError(path, table.nodes["schema"].line, f"the schema is {SCHEMA}")
    kind = table.text("kind")
    if kind not in KINDS:
        line = table.nodes["kind"].line if "kind" in table.nodes else table.line
        reason = f"kind is one of {', '.join(KINDS)}{suggestion(kind, KINDS)}"
        raise AdvisoryError(path, line, reason)
    table.table("source", _SOURCE)
    title = table.text("title") or table.text("message")
    made = _told(View(path, node), "dten-advisory", table.text("id"), title, kind)
    keys = table.table("keys", ("retired", "new_roots", "confirmed_out_of_band"))
    roots = tuple(_our_roots(keys)) if keys else ()
    confirmed = _confirmed(keys) if keys else ""
    versions = tuple(_our_versions(table, kind, title)) if kind in WARNING else ()
    return made._replace(roots=roots, confirmed=confirmed, versions=versions)


def _our_roots(keys: Table) -> Iterator[NamedRoot]:
    for key, says in (("new_roots", "new"), ("retired", "retired")):
        for item in keys.items(key):
            own = Table(keys.path, item, ("sha256", "fingerprint", "file", "valid_until"), key)
            name = "sha256" if "sha256" in own.nodes else "fingerprint"
            sha256 = bare_fingerprint(own.text(name))
            if not sha256:
                raise AdvisoryError(keys.path, own.line, f"{key}: sha256 has 64 hexadecimal digits")
            place = Location(keys.path, own.nodes[name].line)
            yield NamedRoot(sha256, "new" if says == "new" else "retired", f"keys.{key}", place)


def _confirmed(keys: Table) -> str:
    """Return who of your own people confirmed it, in words."""
    own = keys.table("confirmed_out_of_band", ("by", "how", "on"))
    if own is None or not own.text("by"):
        return ""
    return " ".join(
        f"{word} {own.text(key)}"
        for key, word in (("by", "confirmed by"), ("how", "by"), ("on", "on"))
        if own.text(key)
    )


def _our_versions(table: Table, kind: str, title: str) -> Iterator[NamedVersion]:
    node = table.nodes.get("applies")
    items = node.items if node is not None and node.kind == "sequence" else (node,)
    for item in items:
        if item is None:
            continue
        own = Table(table.path, item, ("purl", "vers"), "applies")
        purl, vers = own.text("purl"), own.text("vers")
        if not purl.startswith("pkg:"):
            raise AdvisoryError(table.path, own.line, "applies names a purl: pkg:TYPE/NAME")
        wrong = check_vers(vers) if vers else ""
        if wrong:
            raise AdvisoryError(table.path, own.nodes["vers"].line, wrong)
        single = _version_in(purl)
        ranges = (vers,) if vers else ()
        problem = title or kind
        yield NamedVersion(
            _unversioned(purl), single, ranges, problem, Location(table.path, own.line)
        )
