import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;

/** What holds at a masked target whatever the mask makes of a value. */
final class Masked {
  static void rows(Connection connection) throws Exception {
    connection.setAutoCommit(false);
    int decoded = 0;
    try (PreparedStatement statement = connection.prepareStatement("SELECT id, name, email, balance FROM customers ORDER BY id")) {
      statement.setFetchSize(30);
      for (int i = 0; i < 8; i++) {
        try (ResultSet rows = statement.executeQuery()) {
          while (rows.next()) {
            rows.getInt(1);
            rows.getInt(4);
            String mail = rows.getString(3);
            if (mail != null && mail.contains("person")) Main.print("leak", mail);
            decoded++;
          }
        }
      }
    }
    Main.print("decoded", decoded);
    for (String value : Queries.VALUES) {
      try (PreparedStatement statement = connection.prepareStatement("SELECT " + value)) {
        for (int i = 0; i < 7; i++) {
          try (ResultSet rows = statement.executeQuery()) {
            rows.next();
            Main.escaped(rows.getObject(1));
          }
        }
      }
    }
    connection.commit();
    Main.table("columns", connection.getMetaData().getColumns(null, "public", "customers", "%"));
    connection.setAutoCommit(true);
    try (PreparedStatement statement = connection.prepareStatement("INSERT INTO twin(word, amount) VALUES (?, ?)", new String[] {"id"})) {
      for (int i = 0; i < 300; i++) {
        statement.setString(1, "word");
        statement.setInt(2, i);
        statement.addBatch();
      }
      Main.print("batch", statement.executeBatch().length);
      ResultSet keys = statement.getGeneratedKeys();
      int sum = 0;
      while (keys.next()) sum += keys.getInt(1);
      Main.print("keys", sum);
    }
  }

  static void denied(Connection connection) throws Exception {
    for (int i = 0; i < 7; i++) {
      Main.fails("denied", () -> Main.run(connection, "DELETE FROM effects"));
      Main.fails("prepared", () -> {
        try (PreparedStatement statement = connection.prepareStatement("DELETE FROM effects WHERE id = ?")) {
          statement.setInt(1, 1);
          statement.executeUpdate();
        }
      });
    }
    Main.fails("batch", () -> {
      try (PreparedStatement statement = connection.prepareStatement("DELETE FROM effects WHERE id = ?")) {
        for (int i = 0; i < 500; i++) {
          statement.setInt(1, i);
          statement.addBatch();
        }
        statement.executeBatch();
      }
    });
  }
}
