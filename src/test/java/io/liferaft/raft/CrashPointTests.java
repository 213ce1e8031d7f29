package io.liferaft.raft;

import java.io.IOException;
import java.sql.SQLException;
import java.util.function.IntPredicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;

/**
 * Some of the steps of {@link CrashPoints}, for every build; {@link CrashPointIT} takes all. Those
 * within the store are taken one by one by sqlite's {@code CrashTests} and {@code PowerLossTests}.
 */
@Execution(ExecutionMode.CONCURRENT)
@ResourceLock("CrashPointTests")
class CrashPointTests extends CrashPoints {

  private static IntPredicate every(int nth, int from) {
    return step -> step % nth == from;
  }

  @TestFactory
  Stream<DynamicTest> aNodeThatEndsInFoundingFoundsAgain() {
    return founding(every(4, 2));
  }

  @TestFactory
  Stream<DynamicTest> aNodeThatEndsInACheckpointHasEveryWriteOnce() {
    return checkpoint(every(5, 3));
  }

  @TestFactory
  Stream<DynamicTest> aNodeThatEndsInALoadHasTheOldDatabaseOrTheNewOne()
      throws SQLException, IOException {
    return load(every(8, 4));
  }

  @TestFactory
  Stream<DynamicTest> aNodeThatEndsInItsAdmissionIsAdmitted() {
    return admission(every(9, 7));
  }

  @TestFactory
  Stream<DynamicTest> aNodeThatEndsInAnInstallTakesTheCopyAgain() {
    return install(every(9, 6));
  }
}
