package io.liferaft.sqlite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.SQLException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class StatementCacheTests {

  private static final String ECHO = "SELECT ?";

  private final StatementCache cache = new StatementCache(2);
  private NativeConnection connection;

  @BeforeEach
  void open() throws SQLException {
    connection = NativeConnection.memory();
  }

  @AfterEach
  void close() throws SQLException {
    connection.close();
  }

  @Test
  void givesBackWhatItWasGivenOnce() throws SQLException {
    PreparedSql statement = connection.prepare(ECHO);
    cache.keep(ECHO, statement);

    assertThat(cache.take(ECHO)).isSameAs(statement);
    assertThat(cache.take(ECHO)).isNull();
  }

  @Test
  void nothingIsLeftOfTheRunBefore() throws SQLException {
    PreparedSql statement = connection.prepare(ECHO);
    assertThat(statement.run(new @Nullable Object[] {"large"})).isTrue();
    cache.keep(ECHO, statement);

    assertThat(statement.step()).isTrue();
    assertThat(statement.valueAt(0)).isNull();
  }

  @Test
  void closesWhatWasUsedLeastLately() throws SQLException {
    PreparedSql first = kept("SELECT 1");
    PreparedSql second = kept("SELECT 2");
    assertThat(cache.take("SELECT 1")).isSameAs(first);
    cache.keep("SELECT 1", first);
    PreparedSql third = kept("SELECT 3");

    assertThat(cache.take("SELECT 1")).isSameAs(first);
    assertThat(cache.take("SELECT 2")).isNull();
    assertThat(cache.take("SELECT 3")).isSameAs(third);
    assertThatThrownBy(second::step).isInstanceOf(SQLException.class);
    assertThat(first.step()).isTrue();
  }

  @Test
  void ofOneTextKeepsOne() throws SQLException {
    PreparedSql first = kept(ECHO);
    PreparedSql second = kept(ECHO);

    assertThat(cache.take(ECHO)).isSameAs(second);
    assertThat(cache.take(ECHO)).isNull();
    assertThatThrownBy(first::step).isInstanceOf(SQLException.class);
  }

  private PreparedSql kept(String sql) throws SQLException {
    PreparedSql statement = connection.prepare(sql);
    cache.keep(sql, statement);
    return statement;
  }
}
