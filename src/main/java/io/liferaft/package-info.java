/** The application: one class that starts the modules below it. */
@org.jspecify.annotations.NullMarked
package io.liferaft;
