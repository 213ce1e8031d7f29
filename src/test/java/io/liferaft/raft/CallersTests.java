package io.liferaft.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.liferaft.security.AccessControl;
import io.liferaft.security.Caller;
import io.liferaft.security.Credentials;
import io.liferaft.security.NotAuthorizedException;
import io.liferaft.security.Permission;
import io.liferaft.sqlite.SqlResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.springframework.boot.test.util.TestPropertyValues;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;

/** A request that another node forwards is checked once more, by the leader's users. */
@Execution(ExecutionMode.CONCURRENT)
class CallersTests {

  private static final Duration TIMEOUT = Duration.ofSeconds(20);
  private static final Credentials BOB = new Credentials("bob", "secret1");

  @TempDir Path folder;

  private AccessControl users() throws IOException {
    Path file = folder.resolve("users.json");
    Files.writeString(
        file,
        "[{\"username\":\"bob\",\"password\":\"secret1\",\"perms\":[\"execute\",\"backup\"]}]");
    try (var context = new AnnotationConfigApplicationContext()) {
      TestPropertyValues.of("liferaft.security.auth-file=" + file).applyTo(context);
      context.scan("io.liferaft.security");
      context.refresh();
      return context.getBean(AccessControl.class);
    }
  }

  private TestCluster serving(AccessControl users) {
    TestCluster cluster = TestCluster.of(folder, 3);
    cluster.nodes().forEach(node -> node.withAccess(users));
    return cluster.startAll();
  }

  @Test
  void theLeaderChecksWhomAFollowerLetIn() throws IOException {
    AccessControl users = users();
    try (TestCluster cluster = serving(users)) {
      TestCluster.Node leader = cluster.awaitLeader();
      RatisNode follower = cluster.follower().raft();
      SqlRequest create = TestCluster.request(ReadLevel.WEAK, false, "CREATE TABLE t(x)");
      SqlRequest select = TestCluster.request(ReadLevel.WEAK, false, "SELECT count(*) FROM t");
      Path load = Files.writeString(folder.resolve("load.sql"), "CREATE TABLE loaded(x)");

      long asked = users.allowedCount();
      new Caller(BOB, Set.of(Permission.EXECUTE))
          .run(() -> assertThat(follower.execute(create).error()).isNull());
      assertThat(users.allowedCount()).isEqualTo(asked + 1);
      new Caller(BOB, Set.of(Permission.BACKUP))
          .run(() -> {
            try (ClusterCopy copy = follower.copy(false, TIMEOUT)) {
              assertThat(copy.file().sizeBytes()).isPositive();
            }
          });
      long index = leader.raft().state().changeIndex();

      for (Caller refused :
          new Caller[] {
            new Caller(BOB, Set.of(Permission.QUERY, Permission.EXECUTE)),
            new Caller(new Credentials("bob", "wrong"), Set.of(Permission.EXECUTE)),
            new Caller(Credentials.ANONYMOUS, Set.of(Permission.EXECUTE))
          }) {
        refused.run(() -> {
          assertRefused(() -> follower.execute(create));
          assertRefused(() -> follower.query(select));
          assertRefused(() -> follower.copy(false, TIMEOUT));
          assertRefused(() -> follower.loadText(load, TIMEOUT));
          assertRefused(() -> follower.transferLeadership(null, TIMEOUT));
        });
      }
      assertThat(leader.raft().state().changeIndex()).as("nothing was done").isEqualTo(index);
      assertThat(cluster.awaitLeader()).isSameAs(leader);
      // What a node does of its own accord has no caller.
      assertThat(follower.query(select).error()).isNull();
    }
  }

  /** What travels together is not let in together. */
  @Test
  void eachOfManyIsChecked() throws IOException {
    AccessControl users = users();
    try (TestCluster cluster = serving(users)) {
      RatisNode follower = cluster.follower().raft();
      follower.execute(TestCluster.request(ReadLevel.WEAK, false, "CREATE TABLE t(x)"));
      Caller allowed = new Caller(BOB, Set.of(Permission.EXECUTE));
      Caller refused = new Caller(BOB, Set.of(Permission.QUERY));

      List<CompletableFuture<Boolean>> done = new ArrayList<>();
      try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
        for (int i = 0; i < 200; i++) {
          Caller caller = i % 2 == 0 ? allowed : refused;
          SqlRequest insert =
              TestCluster.request(ReadLevel.WEAK, false, "INSERT INTO t VALUES(%d)".formatted(i));
          done.add(CompletableFuture.supplyAsync(() -> runs(caller, follower, insert), threads));
        }
      }

      for (int i = 0; i < done.size(); i++) {
        assertThat(done.get(i)).isCompletedWithValue(i % 2 == 0);
      }
      SqlRequest odd =
          TestCluster.request(ReadLevel.WEAK, false, "SELECT count(*), total(x % 2 = 1) FROM t");
      assertThat(follower.query(odd).results())
          .first()
          .isInstanceOfSatisfying(
              SqlResult.Rows.class,
              rows -> assertThat(rows.values().getFirst()).containsExactly(100L, 0.0));
    }
  }

  private static boolean runs(Caller caller, RatisNode node, SqlRequest request) {
    boolean[] ran = new boolean[1];
    try {
      caller.run(() -> ran[0] = node.execute(request).error() == null);
      return ran[0];
    } catch (NotAuthorizedException e) {
      return false;
    }
  }

  private static void assertRefused(Runnable call) {
    assertThatThrownBy(call::run).isInstanceOf(NotAuthorizedException.class);
  }
}
