"""Says what SQL Alembic and Django themselves make of migrations. Runs in the venv that holds them.

``python migration_truth.py alembic FOLDER``: each file with ``upgrade()`` below the folder, run
offline for PostgreSQL by Alembic's own operations; modules that are missing are stood in for.
``python migration_truth.py django APP …``: the migrations of apps, applied in order by Django's
own schema editor for PostgreSQL, which collects its SQL. Prints JSON: file → section → SQL; a file
that needs a database, or its own application, has an error in place of SQL.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import io
import json
import signal
import sys
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import MagicMock

# ruff: noqa: BLE001 (migrations of other people may fail in any way)

SECONDS = 10


class _Stub(ModuleType):
    """A module that is not installed: all its names are mocks."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return MagicMock(name=name)


class _Stubs(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(
        self, fullname: str, path: object = None, target: object = None
    ) -> importlib.machinery.ModuleSpec:
        del path, target
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        return _Stub(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        del module


def _late(_number: int, _frame: object) -> None:
    raise TimeoutError


def alembic(folder: Path) -> dict[str, dict[str, str]]:
    """Return what Alembic sends for each migration below a folder."""
    from alembic.operations import Operations
    from alembic.runtime.migration import MigrationContext

    sys.meta_path.append(_Stubs())
    found: dict[str, dict[str, str]] = {}
    for path in sorted(folder.rglob("*.py")):
        text = path.read_text(encoding="utf-8", errors="replace")
        if "def upgrade" not in text or "revision" not in text:
            continue
        told = found[str(path.relative_to(folder))] = {}
        for section, name in (("up", "upgrade"), ("down", "downgrade")):
            buffer = io.StringIO()
            options = {"as_sql": True, "output_buffer": buffer}
            context = MigrationContext.configure(dialect_name="postgresql", opts=options)
            signal.alarm(SECONDS)
            try:
                module = _module(path)
                _refuse_stubs(module)
                with Operations.context(context):
                    getattr(module, name)()
                told[section] = buffer.getvalue()
            except (Exception, SystemExit) as error:
                told["error " + section] = f"{type(error).__name__}: {error}"[:200]
            finally:
                signal.alarm(0)
    return found


def _refuse_stubs(module: Any) -> None:
    """Raise where a migration stands on what is not there: what it then sends is no truth."""
    for name, value in vars(module).items():
        if isinstance(value, (MagicMock, _Stub)) and not name.startswith("__"):
            raise ImportError(f"stands on {name}")


def _module(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location("migration_under_test", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def django(apps: list[str]) -> dict[str, dict[str, str]]:
    """Return what Django sends for each migration of some apps."""
    import django as framework
    from django.conf import settings

    settings.configure(
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", *apps],
        DATABASES={"default": {"ENGINE": "django.db.backends.postgresql", "NAME": "none"}},
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        SECRET_KEY="x",
        USE_TZ=True,
        MIDDLEWARE=["allauth.account.middleware.AccountMiddleware"],
        STATIC_URL="/static/",
        MEDIA_URL="/media/",
        HAYSTACK_CONNECTIONS={
            "default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}
        },
    )
    framework.setup()
    from django.db import connection
    from django.db.migrations.loader import MigrationLoader

    connection.__dict__["pg_version"] = 150000
    connection.ensure_connection = lambda: None
    connection.cursor = _no_rows
    loader = MigrationLoader(None, replace_migrations=False)
    found: dict[str, dict[str, str]] = {}
    plan = []
    for target in sorted(loader.graph.leaf_nodes()):
        plan += [key for key in loader.graph.forwards_plan(target) if key not in plan]
    state = loader.project_state((), at_end=False)
    for key in plan:
        migration = loader.graph.nodes[key]
        path = str(Path(sys.modules[type(migration).__module__].__file__ or "").resolve())
        told = found[path] = {}
        signal.alarm(SECONDS)
        try:
            with connection.schema_editor(collect_sql=True, atomic=False) as editor:
                state = migration.apply(state, editor, collect_sql=True)
            told["up"] = "\n".join(editor.collected_sql)
        except (Exception, SystemExit) as error:
            told["error up"] = f"{type(error).__name__}: {error}"[:200]
            state = migration.mutate_state(loader.project_state(key, at_end=False))
        finally:
            signal.alarm(0)
    return found


def _no_rows(*_: object) -> MagicMock:
    """Return a cursor over an empty database."""
    cursor = MagicMock()
    cursor.__enter__.return_value = cursor
    cursor.fetchall.return_value = []
    cursor.fetchmany.return_value = []
    cursor.fetchone.return_value = None
    cursor.__iter__.return_value = iter(())
    cursor.rowcount = 0
    cursor.mogrify.side_effect = _written
    return cursor


def _written(sql: str, parameters: Any) -> bytes:
    """Return a statement with its parameters, as a driver would write it."""
    if not parameters:
        return sql.encode()
    texts = ["'" + str(getattr(each, "adapted", each)) + "'" for each in parameters]
    return (sql % tuple(texts)).encode()


def main() -> None:
    """Print the truth."""
    signal.signal(signal.SIGALRM, _late)
    real, sys.stdout = sys.stdout, io.StringIO()
    which, *rest = sys.argv[1:]
    found = alembic(Path(rest[0])) if which == "alembic" else django(rest)
    sys.stdout = real
    print(json.dumps(found))


if __name__ == "__main__":
    main()
