@org.jspecify.annotations.NullMarked
package io.liferaft.support;
