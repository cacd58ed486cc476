import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;

/** What tools ask about a database before they show it. */
final class Catalogue {
  static void tables(Connection connection) throws Exception {
    DatabaseMetaData about = connection.getMetaData();
    Main.print("product", about.getDatabaseProductName() + " " + about.getDatabaseProductVersion() + " " + about.getMaxColumnNameLength());
    Main.print("driver", about.getDriverVersion() + " " + about.getSQLKeywords() + " " + about.getUserName().isEmpty());
    Main.table("catalogs", about.getCatalogs());
    Main.table("schemas", about.getSchemas());
    Main.table("kinds", about.getTableTypes());
    Main.table("tables", about.getTables(null, "public", "%", new String[] {"TABLE", "VIEW", "SEQUENCE", "TYPE", "INDEX"}));
    Main.table("columns", about.getColumns(null, "public", "%", "%"));
    for (String table : new String[] {"customers", "twin", "items"}) {
      Main.table("primary", about.getPrimaryKeys(null, "public", table));
      Main.table("indexes", about.getIndexInfo(null, "public", table, false, true));
      Main.table("imported", about.getImportedKeys(null, "public", table));
      Main.table("exported", about.getExportedKeys(null, "public", table));
      Main.table("best row", about.getBestRowIdentifier(null, "public", table, DatabaseMetaData.bestRowSession, true));
      Main.table("version columns", about.getVersionColumns(null, "public", table));
      Main.table("privileges", about.getTablePrivileges(null, "public", table));
      Main.table("column privileges", about.getColumnPrivileges(null, "public", table, "%"));
    }
    Main.table("cross", about.getCrossReference(null, "public", "customers", null, "public", "twin"));
  }

  static void types(Connection connection) throws Exception {
    DatabaseMetaData about = connection.getMetaData();
    Main.table("types", about.getTypeInfo());
    Main.table("made", about.getUDTs(null, "public", "%", null));
    Main.table("functions", about.getFunctions(null, "pg_catalog", "lower%"));
    Main.table("function columns", about.getFunctionColumns(null, "pg_catalog", "lower", "%"));
    Main.table("procedures", about.getProcedures(null, "public", "%"));
    Main.table("client", about.getClientInfoProperties());
    Main.print("names", about.getNumericFunctions() + about.getStringFunctions() + about.getSystemFunctions() + about.getTimeDateFunctions());
    try (PreparedStatement statement = connection.prepareStatement("SELECT c.*, t.mood FROM customers c, twin t WHERE c.id = ?")) {
      statement.setInt(1, 1);
      for (int i = 0; i < 8; i++) statement.executeQuery().close();
      try (ResultSet rows = statement.executeQuery()) {
        ResultSetMetaData columns = rows.getMetaData();
        for (int i = 1; i <= columns.getColumnCount(); i++) {
          Main.print("column", columns.getColumnName(i) + " " + columns.getTableName(i) + " " + columns.getSchemaName(i) + " "
              + columns.getColumnTypeName(i) + " " + columns.getColumnClassName(i) + " " + columns.isNullable(i) + " "
              + columns.isAutoIncrement(i) + " " + columns.getPrecision(i));
        }
      }
      Main.print("parameter", statement.getParameterMetaData().getParameterTypeName(1));
    }
    connection.setSchema("pg_catalog");
    Main.print("schema", connection.getSchema());
    connection.setSchema("public");
    connection.setClientInfo("ApplicationName", "twins");
    Main.print("name", Main.value(connection, "SHOW application_name"));
    Main.print("valid", connection.isValid(60));
  }
}
