"""Programs that hand SQL to a database, and what is stated of them."""

from __future__ import annotations

PYTHON = '''import psycopg

ADD = """
    ALTER TABLE orders
      ADD COLUMN state text
"""
STEPS = [
    "CREATE INDEX orders_state ON orders (state)",
    "DROP TABLE old_orders",
]


def upgrade(db, tables):
    db.autocommit = True
    db.execute(ADD)
    for step in STEPS:
        db.execute(step)
    for table in tables:
        db.execute(f"ALTER TABLE {table} ADD COLUMN a int")
        db.execute("TRUNCATE %s" % table)
    db.execute(text("ALTER TABLE b "
                    "DROP COLUMN c"))
    run(db, "ALTER TABLE d DROP COLUMN e -- why")


def run(db, statement):
    db.execute(statement)
'''
PHP = """<?php
// $db->query("DROP TABLE comment");
$steps = array("ALTER TABLE a ADD b int", 'DROP TABLE c');
foreach ($steps as $sql) {
    $db->exec($sql);
}
$wpdb->query("ALTER TABLE {$wpdb->prefix}posts ADD x int");
$db->query(<<<SQL
  CREATE INDEX i
    ON t (a)
SQL
);
mysqli_query($link, "TRUNCATE TABLE `x`");
function q($s) { global $db; return $db->query(trim($s)); }
q("DROP TABLE z" . " CASCADE");
error_log("ALTER TABLE failed");
"""
SCRIPT = """async function up(client) {
  await client.query(`ALTER TABLE users
     ADD COLUMN ${name} text`);
  await client.query({ text: 'UPDATE users SET a = $1', values: [1] });
  for (const s of ["DROP TABLE a", "DROP TABLE b"]) await client.query(s);
  ["DROP TABLE c"].forEach(async (q) => { await client.query(q) });
  console.log("DROP TABLE a");
}
"""
RUBY = """def upgrade(conn)
  conn.exec("ALTER TABLE a ADD b int")
  conn.exec <<~SQL
    CREATE INDEX x
      ON y (#{col})
  SQL
  puts "DROP TABLE z"
end
"""
JAVA = '''class T {
  static final String SQL = "ALTER TABLE a " +
     "ADD b int";
  void up(Connection c) throws Exception {
    Statement s = c.createStatement();
    s.executeUpdate(SQL);
    s.execute("""
      CREATE INDEX i
        ON t (a)
      """);
    for (String q : new String[] {"DROP TABLE x", "DROP TABLE y"}) { s.execute(q); }
    log.info("DROP TABLE x");
  }
}
'''
GO = """package main

const ddl = `
CREATE INDEX a ON b (c);
ALTER TABLE b ADD d int`

func up(ctx context.Context, db *sql.DB) error {
	if _, err := db.Exec(ddl); err != nil {
		return err
	}
	for _, q := range []string{"DROP TABLE a", "DROP TABLE b"} {
		db.ExecContext(ctx, q)
	}
	return fmt.Errorf("ALTER TABLE x failed")
}
"""
CSHARP = """class X {
  void Up(SqlConnection conn) {
    using (var cmd = new SqlCommand("ALTER TABLE a ADD b int", conn)) { cmd.ExecuteNonQuery(); }
    var c = conn.CreateCommand();
    c.CommandText = @"DROP TABLE x;
      TRUNCATE TABLE y";
    db.Database.ExecuteSqlRaw($"ALTER TABLE {t} ADD c int");
  }
}
"""
PERL = """my $dbh = DBI->connect("dbi:Pg:dbname=x");
$dbh->do("ALTER TABLE a ADD b int");
$dbh->do(q{DROP TABLE z});
my $sth = $dbh->prepare(<<EOS);
CREATE INDEX i
 ON t (a)
EOS
for my $s ("DROP TABLE q", "DROP TABLE r") { $dbh->do($s); }
die "DROP TABLE failed";
"""
LANGUAGES: list[tuple[str, str, list[tuple[int, str]]]] = [
    ("python", PYTHON, [
        (4, "ALTER TABLE orders"), (5, "ADD COLUMN state text;"),
        (8, "CREATE INDEX orders_state ON orders (state);"), (9, "DROP TABLE old_orders;"),
        (19, "ALTER TABLE ${table} ADD COLUMN a int;"), (20, "TRUNCATE ${table};"),
        (21, "ALTER TABLE b DROP COLUMN c;"),
        (23, "ALTER TABLE d DROP COLUMN e -- why"), (23, ";"),
    ]),
    ("php", PHP, [
        (3, "ALTER TABLE a ADD b int;"), (3, "DROP TABLE c;"),
        (7, "ALTER TABLE ${prefix}posts ADD x int;"), (9, "CREATE INDEX i"), (10, "ON t (a);"),
        (13, "TRUNCATE TABLE `x`;"), (15, "DROP TABLE z CASCADE;"),
    ]),
    ("javascript", SCRIPT, [
        (2, "ALTER TABLE users"), (3, "ADD COLUMN ${name} text;"), (4, "UPDATE users SET a = $1;"),
        (5, "DROP TABLE a;"), (5, "DROP TABLE b;"), (6, "DROP TABLE c;"),
    ]),
    ("ruby", RUBY, [(2, "ALTER TABLE a ADD b int;"), (4, "CREATE INDEX x"), (5, "ON y (${col});")]),
    ("java", JAVA, [
        (2, "ALTER TABLE a ADD b int;"), (8, "CREATE INDEX i"), (9, "ON t (a);"),
        (11, "DROP TABLE x;"), (11, "DROP TABLE y;"),
    ]),
    ("go", GO, [
        (4, "CREATE INDEX a ON b (c);"), (5, "ALTER TABLE b ADD d int;"), (11, "DROP TABLE a;"),
        (11, "DROP TABLE b;"),
    ]),
    ("csharp", CSHARP, [
        (3, "ALTER TABLE a ADD b int;"), (5, "DROP TABLE x;"), (6, "TRUNCATE TABLE y;"),
        (7, "ALTER TABLE ${t} ADD c int;"),
    ]),
    ("perl", PERL, [
        (2, "ALTER TABLE a ADD b int;"), (3, "DROP TABLE z;"), (5, "CREATE INDEX i"),
        (6, "ON t (a);"), (8, "DROP TABLE q;"), (8, "DROP TABLE r;"),
    ]),
]  # fmt: skip
"""Each line of SQL with its line in the program; statements without a semicolon get one."""

DRIVERS: list[tuple[str, str, dict[str, str]]] = [
    ("python", "import psycopg2\nc.execute('DROP TABLE a')\n", {"client": "psycopg2"}),
    ("python", "import sqlite3, MySQLdb\nc.execute('DROP TABLE a')\n", {}),
    ("python", "c.execute('DROP TABLE a')\n", {}),
    ("php", "<?php $d = new PDO('mysql:host=a'); $d->exec('DROP TABLE a');", {"client": "mysql"}),
    ("php", "<?php pg_query($c, 'DROP TABLE a');", {"client": "pgsql"}),
    ("javascript", "const p = require('pg');\nc.query('DROP TABLE a')\n", {"client": "postgres"}),
    ("java", 'x("jdbc:oracle:thin:a"); s.execute("DROP TABLE a");', {"client": "oracle"}),
    ("csharp", 'new SqlCommand("DROP TABLE a", c);', {"client": "sqlserver"}),
    ("perl", 'DBI->connect("dbi:SQLite:a"); $d->do("DROP TABLE a");', {"client": "sqlite"}),
]
_ALTER = "ALTER TABLE a ADD COLUMN b int"
SESSIONS: list[tuple[str, list[str]]] = [
    (  # psycopg2 opens a transaction by itself
        (
            f"import psycopg2\ndef f(c):\n    cur = c.cursor()\n    cur.execute('{_ALTER}')\n"
            "    cur.execute('DROP TABLE x')\n    c.commit()\n    cur.execute('DROP TABLE y')\n"
        ),
        [f"BEGIN; {_ALTER}; DROP TABLE x; COMMIT; BEGIN; DROP TABLE y; COMMIT;"],
    ),
    (
        f"import psycopg2\ndef f(c):\n    c.autocommit = True\n    c.execute('{_ALTER}')\n",
        [f"{_ALTER};"],
    ),
    (  # two connections are two sessions
        f"def f(a, b):\n    a.execute('SET lock_timeout = 1')\n    b.execute('{_ALTER}')\n",
        ["SET lock_timeout = 1;", f"{_ALTER};"],
    ),
    (  # what a branch sets does not hold behind it
        (
            "def f(c, fast):\n    c.execute('SELECT pg_advisory_lock(1)')\n    if fast:\n"
            "        c.execute('SET lock_timeout = 1')\n        c.execute('DROP TABLE x')\n"
            f"    c.execute('{_ALTER}')\n"
        ),
        [
            f"SELECT pg_advisory_lock(1); {_ALTER};",
            "SELECT pg_advisory_lock(1); SET lock_timeout = 1; DROP TABLE x;",
        ],
    ),
    (  # each branch sets the text that is run behind them
        (
            "def f(c, new):\n    if new:\n        sql = 'DROP TABLE x'\n    else:\n"
            "        sql = 'DROP TABLE y'\n    c.execute(sql)\n    sql = 'DROP TABLE z'\n"
            "    c.execute(sql)\n"
        ),
        ["DROP TABLE y; DROP TABLE x; DROP TABLE z;"],
    ),
    (  # a text that grows is known by its beginning
        (
            "def f(c, more):\n    sql = 'ALTER TABLE x ADD COLUMN '\n    for m in more:\n"
            "        sql += m\n    c.execute(sql)\n"
        ),
        ["ALTER TABLE x ADD COLUMN  ${rest};"],
    ),
    (  # options of the connection
        (
            "import psycopg\n# options='-c lock_timeout=9s'\n"
            "c = psycopg.connect(autocommit=True, options='-c lock_timeout=5s')\n"
            "c.execute('DROP TABLE x')\n"
        ),
        ["SET lock_timeout = '5s'; DROP TABLE x;"],
    ),
]
BRANCHES: list[tuple[str, str, list[tuple[str, str]]]] = [
    (
        "python",
        (
            "def f(cur, engine):\n    if isinstance(engine, PostgresEngine):\n"
            f"        cur.execute('{_ALTER}')\n    else:\n        # SQLite\n"
            "        cur.execute('DROP TABLE x')\n"
        ),
        [("postgres", f"{_ALTER};"), ("sqlite", "DROP TABLE x;")],
    ),
    (
        "python",
        (
            "def f(cur, engine):\n    if not isinstance(engine, Sqlite3Engine):\n        return\n"
            "    cur.execute('DROP TABLE x')\n"
        ),
        [("sqlite", "DROP TABLE x;")],
    ),
    (
        "php",
        (
            "<?php\nfunction f($db) {\n    switch ($db->type) {\n        case 'mysql':\n"
            "            $db->query('DROP TABLE x');\n            break;\n        case 'pgsql':\n"
            "            $db->query('DROP TABLE y');\n    }\n}\n"
        ),
        [("mysql", "DROP TABLE x;"), ("postgres", "DROP TABLE y;")],
    ),
    (
        "php",
        "<?php\nfunction upgrade_5_mysql() {\n    db_query('DROP TABLE x');\n}\n",
        [("mysql", "DROP TABLE x;")],
    ),
]
SQL = [
    "select 1", "WITH x AS (SELECT 1) SELECT * FROM x", "INSERT INTO a VALUES (1)",
    "  -- why\n  UPDATE a SET b = 1", "/* x */ delete from a", "CREATE UNIQUE INDEX a ON b (c)",
    "create or replace function f() returns int", "CREATE ${unique} INDEX a ON b (c)",
    "ALTER TABLE ${t} ADD a int", "alter session set ddl_lock_timeout = 5", "DROP VIEW a",
    "truncate ${t}", "SET lock_timeout = '5s'", "SET LOCAL statement_timeout TO 0", "BEGIN",
    "begin immediate", "COMMIT;", "ROLLBACK TO SAVEPOINT a", "VACUUM FULL a", "PRAGMA foreign_keys",
    "LOCK TABLE a IN SHARE MODE", "EXEC sp_rename 'a', 'b'", "GRANT SELECT ON a TO b",
    "call refresh(1)", "REINDEX TABLE a", "USE `app`", "DO $$ BEGIN END $$",
    "IF NOT EXISTS (SELECT 1) CREATE TABLE a (b int)",
]  # fmt: skip
NO_SQL = [
    "", "select", "Update the settings", "update", "Create a new table", "create",
    "Drop files here", "delete", "Delete this entry?", "insert coin", "begin of file", "commit abc",
    "set the table", "alter ego", "show", "lock the door", "do it", "use it wisely", "with love",
    "truncate", "Rename a table", "vacuum the room", "call me", "execute the plan", "grant access",
    "analyze this now please", "table of contents here", "end of story", "copy that", "explain",
    "vacuum the house", "start the transaction", "create-react-app", "rollback failed: x",
]  # fmt: skip
