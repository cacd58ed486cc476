import java.math.BigDecimal;
import java.sql.Array;
import java.sql.BatchUpdateException;
import java.sql.CallableStatement;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.sql.Types;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.util.UUID;
import org.postgresql.PGStatement;
import org.postgresql.util.PGobject;

/** Statements of every kind. */
final class Queries {
  static final String[] VALUES = {
    "true", "7::int2", "-7::int4", "7000000000::int8", "1.5::float4", "'-infinity'::float8", "123456.789000::numeric", "'NaN'::numeric",
    "'häß'::text", "'bpchar'::char(9)", "'var'::varchar(9)", "'n'::name", "'c'::\"char\"", "'\\x00ff10'::bytea", "'2024-02-29'::date",
    "'infinity'::date", "'12:34:56.789'::time", "'12:34:56+02'::timetz", "'2024-02-29 12:00:00.123456'::timestamp",
    "'2024-02-29 12:00+03'::timestamptz", "'1 year 2 mons 3 days 04:05:06.7'::interval", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid",
    "'{\"a\": [1, \"b\"]}'::json", "'{\"a\": [1, \"b\"]}'::jsonb", "'192.168.0.1'::inet", "'192.168.0.0/16'::cidr",
    "'08:00:2b:01:02:03'::macaddr", "B'1011'::bit(4)", "'(1,2)'::point", "'((0,0),(1,1),(1,0))'::polygon", "'$12.34'::money",
    "16384::oid", "'{1,NULL,3}'::int[]", "'{{1,2},{3,4}}'::int[]", "'{a,\"b,c\",NULL}'::text[]", "'{1.5,2}'::numeric[]", "'{}'::text[]",
    "'{2024-02-29}'::date[]", "'[1,5)'::int4range", "'a b:1 c'::tsvector", "'happy'::twin_mood", "(1,'x')::twin_pair",
    "'{sad,happy}'::twin_mood[]", "ROW(1,'x')", "NULL::int", "NULL::text", "5::twin_small", "(SELECT c FROM customers c WHERE id = 7)",
  };

  /** Each value by a statement executed often enough that the driver prepares it and asks for binary. */
  static void types(Connection connection) throws Exception {
    for (String value : VALUES) {
      try (PreparedStatement statement = connection.prepareStatement("SELECT " + value + " AS v")) {
        String last = "";
        for (int i = 0; i < 7; i++) {
          try (ResultSet rows = statement.executeQuery()) {
            rows.next();
            String got = rows.getMetaData().getColumnTypeName(1) + " " + Main.escaped(rows.getObject(1));
            if (!value.endsWith("bytea")) got += " " + rows.getString(1);
            if (!got.equals(last)) Main.print(value, i + " " + got);
            last = got;
          }
        }
      }
    }
  }

  static void parameters(Connection connection) throws Exception {
    String sql = "SELECT ?::int, ?::bigint, ?::text, ?::numeric, ?::bool, ?::bytea, ?::date, ?::timestamp, ?::timestamptz, ?::uuid, "
        + "?::jsonb, ?::int[], ?::text[], ?::float8, ?::text";
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      for (int i = 0; i < 8; i++) {
        int at = 1;
        statement.setInt(at++, i);
        statement.setLong(at++, 1L << (i * 8));
        statement.setString(at++, "häß '\\ " + i);
        statement.setBigDecimal(at++, new BigDecimal("12345.67890").scaleByPowerOfTen(i));
        statement.setBoolean(at++, i % 2 == 0);
        statement.setBytes(at++, new byte[] {0, -1, (byte) i});
        statement.setObject(at++, LocalDate.of(2024, 2, 29));
        statement.setObject(at++, LocalDateTime.of(2024, 2, 29, 1, 2, 3, 4000));
        statement.setObject(at++, OffsetDateTime.parse("2024-02-29T01:02:03+04:00"));
        statement.setObject(at++, UUID.fromString("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"));
        PGobject json = new PGobject();
        json.setType("jsonb");
        json.setValue("{\"i\": " + i + "}");
        statement.setObject(at++, json);
        statement.setArray(at++, connection.createArrayOf("int4", new Object[] {1, null, i}));
        statement.setArray(at++, connection.createArrayOf("text", new Object[] {"a,b", null, "\"" + i}));
        statement.setDouble(at++, 1.0 / 3);
        statement.setNull(at, Types.VARCHAR);
        Main.table("parameters " + i, statement.executeQuery());
      }
      Main.print("prepared", statement.unwrap(PGStatement.class).isUseServerPrepare());
      Main.print("parameter types", statement.getParameterMetaData().getParameterTypeName(11));
      Main.print("columns", statement.getMetaData().getColumnCount());
    }
  }

  static void batches(Connection connection) throws Exception {
    for (boolean auto : new boolean[] {true, false}) {
      connection.setAutoCommit(auto);
      try (PreparedStatement statement = connection.prepareStatement("INSERT INTO twin(word, amount) VALUES (?, ?)")) {
        for (int i = 0; i < 3000; i++) {
          statement.setString(1, "word " + i);
          statement.setInt(2, i);
          statement.addBatch();
        }
        int sum = 0;
        for (int count : statement.executeBatch()) sum += count;
        Main.print("inserted", sum);
        for (String word : new String[] {"good", null, "after"}) {
          statement.setString(1, word);
          statement.setInt(2, word == null ? -1 : 1);
          statement.addBatch();
        }
        Main.fails("batch", () -> {
          try {
            statement.executeBatch();
          } catch (BatchUpdateException error) {
            Main.print("counts", error.getUpdateCounts());
            throw error;
          }
        });
      }
      if (!auto) connection.rollback();
      try (Statement statement = connection.createStatement()) {
        statement.addBatch("UPDATE twin SET amount = amount + 1 WHERE amount < 10 AND amount >= 0");
        statement.addBatch("INSERT INTO twin(word) VALUES ('one'), ('two')");
        statement.addBatch("DELETE FROM twin WHERE word = 'two'");
        Main.print("batch", statement.executeBatch());
      }
      if (!auto) connection.commit();
    }
    connection.setAutoCommit(true);
    Main.print("sum", Main.value(connection, "SELECT count(*) || ' ' || sum(amount) FROM twin"));
  }

  static void fetching(Connection connection) throws Exception {
    connection.setAutoCommit(false);
    for (int size : new int[] {1, 7, 1000, 0}) {
      try (Statement statement = connection.createStatement();
          PreparedStatement other = connection.prepareStatement("SELECT email FROM customers WHERE id <= ? ORDER BY id")) {
        statement.setFetchSize(size);
        other.setFetchSize(size);
        other.setInt(1, 20);
        long sum = 0;
        int count = 0;
        try (ResultSet rows = statement.executeQuery("SELECT i, repeat('x', i % 100) FROM generate_series(1, 3000) i");
            ResultSet mails = other.executeQuery()) {
          while (rows.next()) {
            sum += rows.getInt(1) + rows.getString(2).length();
            if (mails.next()) sum += mails.getString(1).length();
            if (++count == 5 && size == 1) break;
          }
        }
        Main.print("fetched by " + size, count + " " + sum);
      }
    }
    try (Statement statement = connection.createStatement(ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_READ_ONLY)) {
      statement.setMaxRows(30);
      ResultSet rows = statement.executeQuery("SELECT id FROM customers ORDER BY id");
      rows.last();
      Main.print("last", rows.getInt(1));
      rows.absolute(3);
      Main.print("third", rows.getInt(1));
    }
    Main.run(connection, "DECLARE c CURSOR FOR SELECT id FROM customers ORDER BY id");
    Main.print("cursor", Main.value(connection, "FETCH 1 FROM c") + Main.value(connection, "FETCH 2 FROM c"));
    connection.commit();
  }

  static void keys(Connection connection) throws Exception {
    String sql = "INSERT INTO twin(word, amount) VALUES (?, 1)";
    try (PreparedStatement statement = connection.prepareStatement(sql, Statement.RETURN_GENERATED_KEYS)) {
      statement.setString(1, "a");
      statement.executeUpdate();
      Main.table("all columns", statement.getGeneratedKeys());
      for (int i = 0; i < 300; i++) {
        statement.setString(1, "b" + i);
        statement.addBatch();
      }
      statement.executeBatch();
      Main.table("batch", statement.getGeneratedKeys());
    }
    try (PreparedStatement statement = connection.prepareStatement(sql, new String[] {"id"})) {
      statement.setString(1, "c");
      statement.executeUpdate();
      Main.table("by name", statement.getGeneratedKeys());
    }
    try (Statement statement = connection.createStatement(ResultSet.TYPE_SCROLL_SENSITIVE, ResultSet.CONCUR_UPDATABLE)) {
      ResultSet rows = statement.executeQuery("SELECT id, word FROM twin WHERE id < 4 ORDER BY id");
      rows.next();
      rows.updateString(2, "updated");
      rows.updateRow();
      rows.moveToInsertRow();
      rows.updateInt(1, 9999);
      rows.updateString(2, "inserted");
      rows.insertRow();
    }
    Main.table("updated", connection.createStatement().executeQuery("SELECT * FROM twin WHERE id < 3 OR id = 9999 ORDER BY id"));
  }

  static void transactions(Connection connection) throws Exception {
    connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
    connection.setAutoCommit(false);
    Main.run(connection, "INSERT INTO twin(word) VALUES ('kept')");
    Savepoint point = connection.setSavepoint("here");
    Main.fails("error", () -> Main.run(connection, "SELECT 1/0"));
    Main.fails("aborted", () -> Main.run(connection, "SELECT 1"));
    connection.rollback(point);
    connection.commit();
    Main.run(connection, "INSERT INTO twin(word) VALUES ('undone')");
    connection.rollback();
    connection.setReadOnly(true);
    Main.fails("read only", () -> Main.run(connection, "INSERT INTO twin(word) VALUES ('no')"));
    connection.rollback();
    connection.setReadOnly(false);
    connection.setAutoCommit(true);
    Main.print("words", Main.value(connection, "SELECT string_agg(word, ',') FROM twin"));
    Main.print("isolation", connection.getTransactionIsolation());
    try (Connection saving = Main.connect("autosave", "always")) {
      saving.setAutoCommit(false);
      Main.run(saving, "INSERT INTO twin(word) VALUES ('saved')");
      Main.fails("saved", () -> Main.run(saving, "SELECT nothing"));
      Main.print("goes on", Main.value(saving, "SELECT count(*) FROM twin"));
      saving.commit();
    }
  }

  static void unreadable(Connection connection) throws Exception {
    Main.fails("syntax", () -> Main.run(connection, "SELEC 1"));
    Main.fails("prepared", () -> connection.prepareStatement("SELECT FROM WHERE ?").getParameterMetaData());
  }

  static void errors(Connection connection) throws Exception {
    Main.fails("no column", () -> Main.run(connection, "SELECT nothing"));
    Main.fails("unique", () -> Main.run(connection, "INSERT INTO customers(id) VALUES (1)"));
    Main.fails("domain", () -> Main.run(connection, "SELECT 50::twin_small"));
    Main.fails("null", () -> Main.run(connection, "INSERT INTO twin(amount) VALUES (-1)"));
    Main.fails("bad parameter", () -> {
      try (PreparedStatement statement = connection.prepareStatement("SELECT ?::int")) {
        statement.setString(1, "x");
        statement.executeQuery();
      }
    });
    try (Statement statement = connection.createStatement()) {
      statement.execute("DO $$ BEGIN RAISE WARNING 'one' USING HINT = 'h'; RAISE NOTICE 'two'; END $$");
      for (SQLException warning = statement.getWarnings(); warning != null; warning = warning.getNextException()) {
        Main.print("warning", warning.getSQLState() + " " + warning.getMessage());
      }
      boolean isRows = statement.execute("SELECT 1; UPDATE twin SET amount = 2; SELECT 'three', 3");
      while (isRows || statement.getUpdateCount() >= 0) {
        if (isRows) Main.table("several", statement.getResultSet()); else Main.print("several", statement.getUpdateCount());
        isRows = statement.getMoreResults();
      }
    }
    Main.fails("call", () -> {  // in simple mode the driver itself makes of it what the server refuses
      try (CallableStatement call = connection.prepareCall("{? = call upper(?)}")) {
        call.registerOutParameter(1, Types.VARCHAR);
        call.setString(2, "called");
        call.execute();
        Main.print("call", call.getString(1));
      }
    });
    // A plan whose result has changed fails once; the driver prepares it again where no block is open.
    try (PreparedStatement statement = connection.prepareStatement("SELECT * FROM twin WHERE id < ?")) {
      for (int i = 0; i < 8; i++) {
        statement.setInt(1, i);
        statement.executeQuery().close();
      }
      Main.run(connection, "ALTER TABLE twin ADD COLUMN more int");
      Main.table("changed", statement.executeQuery());
    }
    Main.run(connection, "DEALLOCATE ALL");
    Array array = connection.createArrayOf("text", new Object[] {"still", "good"});
    try (PreparedStatement statement = connection.prepareStatement("SELECT array_length(?::text[], 1)")) {
      statement.setArray(1, array);
      Main.table("after", statement.executeQuery());
    }
  }
}
