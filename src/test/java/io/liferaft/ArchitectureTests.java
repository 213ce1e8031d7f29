package io.liferaft;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.modulith.core.ApplicationModules;
import org.springframework.stereotype.Controller;

/** The house style as rules: see the layout in docs/architecture.md. */
class ArchitectureTests {

  private static final JavaClasses MAIN =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("io.liferaft");
  private static final JavaClasses ALL = new ClassFileImporter().importPackages("io.liferaft");

  @Test
  void modulesUseOnlyWhatTheyMay() {
    ApplicationModules.of(LiferaftApplication.class).verify();
  }

  @Test
  void onlyRaftKnowsRatis() {
    livesIn("raft", "org.apache.ratis..");
  }

  @Test
  void onlySqliteKnowsJdbc() {
    livesIn("sqlite", "java.sql..", "org.sqlite..", "javax.sql..");
  }

  @Test
  void onlyObjectstoreKnowsAws() {
    livesIn("objectstore", "software.amazon..", "io.awspring..");
  }

  @Test
  void onlyApiKnowsSpringWeb() {
    livesIn("api", "org.springframework.web..", "jakarta.servlet..");
  }

  @Test
  void onlySecurityKnowsSpringSecurity() {
    livesIn("security", "org.springframework.security..");
  }

  private static void livesIn(String module, String... technology) {
    noClasses()
        .that()
        .resideOutsideOfPackage("io.liferaft." + module + "..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(technology)
        .check(MAIN);
  }

  @Test
  void everyPackageIsNullMarked() {
    classes()
        .should(
            com.tngtech.archunit.lang.ArchCondition.from(
                DescribedPredicate.describe(
                    "be in a package annotated with @NullMarked",
                    (JavaClass type) -> type.getPackage().isAnnotatedWith(NullMarked.class))))
        .check(MAIN);
  }

  @Test
  void settingsAreRecordsOfTheirPackage() {
    classes()
        .that()
        .areAnnotatedWith(ConfigurationProperties.class)
        .should()
        .beRecords()
        .andShould()
        .bePackagePrivate()
        .andShould()
        .haveSimpleNameEndingWith("Properties")
        .check(MAIN);
  }

  @Test
  void controllersAreNotPublic() {
    noClasses()
        .that()
        .areMetaAnnotatedWith(Controller.class)
        .should()
        .bePublic()
        .allowEmptyShould(true)
        .check(MAIN);
  }

  @Test
  void namesSayWhatATypeIs() {
    noClasses().should().haveNameMatching(".*(Impl|Utils?|Helper|Manager|Common|Base)").check(MAIN);
  }

  @Test
  void futuresAreChainedOnlyInRaft() {
    noClasses()
        .that()
        .resideOutsideOfPackage("io.liferaft.raft..")
        .should()
        .callMethodWhere(
            DescribedPredicate.describe(
                "chains a CompletableFuture",
                call ->
                    call.getTargetOwner().isEquivalentTo(CompletableFuture.class)
                        && call.getName()
                            .matches(
                                "(then|handle|whenComplete|exceptionally|applyTo|acceptEither).*")))
        .check(MAIN);
  }

  @Test
  void nothingSleeps() {
    noClasses().should().callMethod(Thread.class, "sleep", long.class).check(ALL);
    noClasses().should().callMethod(Thread.class, "sleep", java.time.Duration.class).check(ALL);
  }

  @Test
  void nothingIsMocked() {
    noClasses().should().dependOnClassesThat().resideInAPackage("org.mockito..").check(ALL);
  }

  @Test
  void dependenciesComeThroughConstructors() {
    fields()
        .should()
        .notBeAnnotatedWith(Autowired.class)
        .andShould()
        .notBeAnnotatedWith(Value.class)
        .check(MAIN);
  }

  @Test
  void nothingButACommandPrints() {
    noClasses()
        .that()
        .areNotAssignableTo(LiferaftApplication.class)
        .should()
        .accessField(System.class, "out")
        .orShould()
        .accessField(System.class, "err")
        .check(MAIN);
  }
}
