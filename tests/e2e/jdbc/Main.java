import java.io.PrintStream;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.Properties;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/**
 * Main CLASS METHOD URL [KEY=VALUE...]: runs one static method that takes a connection, and prints what it saw. The test
 * compares what is printed with what is printed at the server itself. User and password come from the environment.
 */
public final class Main {
  static final PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
  private static String url;
  private static final Properties properties = new Properties();

  public static void main(String[] args) throws Exception {
    url = args[2];
    properties.setProperty("user", System.getenv("PGUSER"));
    properties.setProperty("password", System.getenv("PGPASSWORD"));
    for (String more : Arrays.asList(args).subList(3, args.length)) {
      String[] pair = more.split("=", 2);
      properties.setProperty(pair[0], pair[1]);
    }
    Method method = Class.forName(args[0]).getDeclaredMethod(args[1], Connection.class);
    try (Connection connection = connect()) {
      method.invoke(null, connection);
      if (!connection.getAutoCommit()) {
        connection.rollback();
        connection.setAutoCommit(true);
      }
      print("still", value(connection, "SELECT 'here'"));
    }
  }

  static Connection connect() throws SQLException {
    return DriverManager.getConnection(url, properties);
  }

  /** Another connection, with one property more. */
  static Connection connect(String key, String value) throws SQLException {
    Properties more = new Properties();
    more.putAll(properties);
    more.setProperty(key, value);
    return DriverManager.getConnection(url, more);
  }

  static void print(String name, Object value) {
    out.println(name + ": " + escaped(value));
  }

  static String escaped(Object value) {
    if (value == null) return "NULL";
    if (value instanceof byte[]) return "bytes " + Arrays.toString((byte[]) value);
    if (value instanceof java.sql.Array) {
      try {
        return "array " + Arrays.deepToString((Object[]) ((java.sql.Array) value).getArray());
      } catch (SQLException error) {
        return "array of " + value;
      }
    }
    if (value instanceof int[]) return Arrays.toString((int[]) value);
    if (value instanceof long[]) return Arrays.toString((long[]) value);
    return value.toString().replace("\n", "\\n");
  }

  /** Every row with its columns' names and the drivers' types for them. */
  static void table(String name, ResultSet rows) throws SQLException {
    ResultSetMetaData about = rows.getMetaData();
    StringBuilder head = new StringBuilder();
    for (int i = 1; i <= about.getColumnCount(); i++) head.append(about.getColumnLabel(i)).append(' ').append(about.getColumnTypeName(i)).append(", ");
    print(name, head);
    int count = 0;
    while (rows.next()) {
      StringBuilder line = new StringBuilder();
      for (int i = 1; i <= about.getColumnCount(); i++) line.append(escaped(rows.getObject(i))).append(" | ");
      print(name, line);
      count++;
    }
    print(name + " rows", count);
    rows.close();
  }

  static String value(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement(); ResultSet rows = statement.executeQuery(sql)) {
      return rows.next() ? rows.getString(1) : "no row";
    }
  }

  static void run(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  interface Doing {
    void run() throws Exception;
  }

  /** Runs what must fail, and prints every field of the failure. */
  static void fails(String name, Doing doing) throws Exception {
    try {
      doing.run();
      print(name, "did not fail");
    } catch (SQLException error) {
      for (SQLException one = error; one != null; one = one.getNextException()) print(name, one.getSQLState() + " " + one.getMessage());
      ServerErrorMessage server = error instanceof PSQLException ? ((PSQLException) error).getServerErrorMessage() : null;
      if (server != null) {
        print(name, server.getSeverity() + " " + server.getDetail() + " " + server.getHint() + " " + server.getPosition() + " "
            + server.getWhere() + " " + server.getSchema() + " " + server.getTable() + " " + server.getColumn() + " "
            + server.getDatatype() + " " + server.getConstraint());
      }
    }
  }
}
