/**
 * The Helm chart and the image, held against the program they run. Not null-marked: in Kubernetes'
 * model everything may be null, and a test that meets one fails anyway.
 */
package io.liferaft.chart;
