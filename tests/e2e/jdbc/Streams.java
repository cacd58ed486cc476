import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.HexFormat;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import org.postgresql.copy.CopyIn;
import org.postgresql.copy.CopyManager;
import org.postgresql.copy.CopyOut;

/** What is more than a request and its answer: COPY, cancel, notifications, large values. */
final class Streams {
  static String digest(byte[] data) throws Exception {
    return data.length + " " + HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(data));
  }

  static void copies(Connection connection) throws Exception {
    CopyManager copies = connection.unwrap(PGConnection.class).getCopyAPI();
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < 20000; i++) lines.append(i).append("\tword ").append(i).append("\\t\t").append(i % 3 == 0 ? "\\N" : i).append('\n');
    Main.print("in", copies.copyIn("COPY twin FROM STDIN", new StringReader(lines.toString())));
    for (String format : new String[] {"text", "csv, header", "csv, force_quote *", "binary"}) {
      ByteArrayOutputStream sink = new ByteArrayOutputStream();
      Main.print(format, copies.copyOut("COPY (SELECT * FROM twin ORDER BY id) TO STDOUT (FORMAT " + format + ")", sink));
      Main.print(format, digest(sink.toByteArray()));
      Main.run(connection, "TRUNCATE twin");
      String options = format.startsWith("csv, force") ? "csv" : format;
      Main.print(format, copies.copyIn("COPY twin FROM STDIN (FORMAT " + options + ")", new ByteArrayInputStream(sink.toByteArray())));
    }
    Main.print("sum", Main.value(connection, "SELECT count(*) || ' ' || sum(amount) FROM twin"));
    CopyIn in = copies.copyIn("COPY twin FROM STDIN");
    byte[] line = "-1\tnew\t1\n".getBytes(StandardCharsets.UTF_8);
    in.writeToCopy(line, 0, 4);
    in.flushCopy();
    in.writeToCopy(line, 4, line.length - 4);
    Main.print("ended", in.endCopy());
    CopyIn given = copies.copyIn("COPY twin FROM STDIN");
    given.writeToCopy(line, 0, line.length);
    given.cancelCopy();
    Main.fails("bad", () -> copies.copyIn("COPY twin FROM STDIN", new StringReader("x\ty\n")));
    Main.fails("no table", () -> copies.copyIn("COPY nothing FROM STDIN", new StringReader("x\ty\n")));
    CopyOut out = copies.copyOut("COPY (SELECT i, repeat('x', 1000) FROM generate_series(1, 1000000) i) TO STDOUT");
    for (int i = 0; i < 10; i++) Main.print("line", out.readFromCopy().length);
    // Not cancelCopy(): it leaves what is on its way to the next statement.
    connection.unwrap(PGConnection.class).cancelQuery();
    Main.fails("out", () -> {
      while (out.readFromCopy() != null) {
      }
    });
    Main.print("rows", Main.value(connection, "SELECT count(*) FROM twin"));
  }

  static void cancels(Connection connection) throws Exception {
    try (Statement statement = connection.createStatement()) {
      Thread canceller = new Thread(() -> {
        try (Connection other = Main.connect()) {
          String running = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%pg_sleep(601)%' AND pid <> pg_backend_pid()";
          while (Main.value(other, running).equals("0")) Thread.sleep(20);
          statement.cancel();
        } catch (Exception error) {
          Main.print("canceller", error);
        }
      });
      canceller.start();
      Main.fails("cancelled", () -> statement.executeQuery("SELECT pg_sleep(601)"));
      canceller.join();
      statement.setQueryTimeout(1);
      Main.fails("timed out", () -> statement.executeQuery("SELECT pg_sleep(602)"));
    }
    try (PreparedStatement statement = connection.prepareStatement("SELECT pg_sleep(?)")) {
      statement.setQueryTimeout(1);
      statement.setDouble(1, 603);
      Main.fails("prepared", () -> statement.executeQuery());
    }
    try (Statement statement = connection.createStatement()) {
      ResultSet rows = statement.executeQuery("SELECT 'good'");
      rows.next();
      Main.print("after", rows.getString(1));
    }
  }

  static void notifications(Connection connection) throws Exception {
    Main.run(connection, "LISTEN twins");
    Main.run(connection, "NOTIFY twins, 'to oneself'");
    try (Connection other = Main.connect()) {
      Main.run(other, "NOTIFY twins, 'from another'");
    }
    PGConnection listening = connection.unwrap(PGConnection.class);
    int heard = 0;
    while (heard < 2) {
      PGNotification[] got = listening.getNotifications(60000);
      if (got == null) break;
      for (PGNotification one : got) {
        Main.print("heard", one.getName() + " " + one.getParameter());
        heard++;
      }
    }
    Main.run(connection, "UNLISTEN *");
  }

  static void big(Connection connection) throws Exception {
    byte[] value = new byte[900_000];
    for (int i = 0; i < value.length; i++) value[i] = (byte) (i * 7);
    try (PreparedStatement statement = connection.prepareStatement("SELECT ?::bytea, repeat('sallyport ', 800000)")) {
      for (int i = 0; i < 7; i++) {
        statement.setBytes(1, value);
        try (ResultSet rows = statement.executeQuery()) {
          rows.next();
          Main.print("big " + i, digest(rows.getBytes(1)) + " " + digest(rows.getString(2).getBytes(StandardCharsets.UTF_8)));
        }
      }
    }
  }

  /** The driver's large objects are FunctionCalls. */
  static void objects(Connection connection) throws Exception {
    connection.setAutoCommit(false);
    Main.fails("object", () -> connection.unwrap(PGConnection.class).getLargeObjectAPI().createLO());
    connection.rollback();
  }
}
