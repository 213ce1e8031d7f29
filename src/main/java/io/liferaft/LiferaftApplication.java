package io.liferaft;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.context.properties.ConfigurationPropertiesScan;

/** Starts one node. */
@SpringBootApplication
@ConfigurationPropertiesScan
public class LiferaftApplication {

  LiferaftApplication() {}

  public static void main(String[] args) {
    SpringApplication.run(LiferaftApplication.class, args);
  }
}
