package io.liferaft.raft;

import java.io.IOException;
import java.sql.SQLException;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/** A node ends before every step of every operation. */
@Tag("soak")
class CrashPointIT extends CrashPoints {

  @TestFactory
  Stream<DynamicTest> aNodeThatEndsInFoundingFoundsAgain() {
    return founding(_ -> true);
  }

  @TestFactory
  Stream<DynamicTest> aNodeThatEndsInACheckpointHasEveryWriteOnce() {
    return checkpoint(_ -> true);
  }

  @TestFactory
  Stream<DynamicTest> aNodeThatEndsInALoadHasTheOldDatabaseOrTheNewOne()
      throws SQLException, IOException {
    return load(_ -> true);
  }

  @TestFactory
  Stream<DynamicTest> aNodeThatEndsInItsAdmissionIsAdmitted() {
    return admission(_ -> true);
  }

  @TestFactory
  Stream<DynamicTest> aNodeThatEndsInAnInstallTakesTheCopyAgain() {
    return install(_ -> true);
  }
}
