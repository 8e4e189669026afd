/**
 * The name of a service's error, as it is in the API's documentation: without the `Fault` or `Exception` that the SDK's
 * classes carry for some shapes and not for others.
 */
export function nameOf(error: unknown): string {
  return error instanceof Error ? error.name.replace(/(Fault|Exception)$/, '') : 'Unknown';
}

/** HTTP status of the service's answer; undefined when there was none. */
export function statusOf(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } } | undefined)?.$metadata?.httpStatusCode;
}
