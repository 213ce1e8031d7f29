package io.liferaft.support;

import io.liferaft.LiferaftApplication;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.context.TypeExcludeFilter;
import org.springframework.core.type.classreading.MetadataReader;
import org.springframework.core.type.classreading.MetadataReaderFactory;

/** The classes of the tests are on the class path, too, and some of them configure beans. */
public final class ProgramOnly extends TypeExcludeFilter {

  private static final String TESTS =
      String.valueOf(ProgramOnly.class.getProtectionDomain().getCodeSource().getLocation());

  private ProgramOnly() {}

  /** The application as it is shipped. */
  public static SpringApplication application() {
    SpringApplication application = new SpringApplication(LiferaftApplication.class);
    application.addInitializers(context ->
        context.getBeanFactory().registerSingleton(ProgramOnly.class.getName(), new ProgramOnly()));
    return application;
  }

  @Override
  public boolean match(MetadataReader found, MetadataReaderFactory factory) throws IOException {
    return String.valueOf(found.getResource().getURL()).startsWith(TESTS);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof ProgramOnly;
  }

  @Override
  public int hashCode() {
    return ProgramOnly.class.hashCode();
  }
}
