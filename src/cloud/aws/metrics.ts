import type { Logger } from '@aws-lambda-powertools/logger';
import { Metrics } from '@aws-lambda-powertools/metrics';
import type { Metric } from '../metric.ts';

/**
 * Prints each metric as one line in CloudWatch's embedded format, from which CloudWatch makes it. Alarms name the exact set
 * of dimensions, so nothing is added to those that a metric has; one without any gets the name of the service, because
 * the format wants at least one.
 */
export function publishMetrics(metrics: readonly Metric[], logger: Logger): void {
  for (const { name, unit, value, dimensions = {} } of metrics) {
    const single = new Metrics({ namespace: 'pgproof', serviceName: 'pgproof', singleMetric: true, logger });
    if (Object.keys(dimensions).length > 0) {
      single.clearDefaultDimensions();
      single.addDimensions({ ...dimensions });
    }
    single.addMetric(name, unit, value);
  }
}
