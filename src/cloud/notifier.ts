/** Tells people. A notifier that fails must fail its caller: silence is what pgproof exists to prevent. */
export interface Notifier {
  publish(message: Notification): Promise<void>;
}

export interface Notification {
  /** At most 100 characters, one line. */
  readonly subject: string;
  /** Plain text for people, a few lines. */
  readonly text: string;
  readonly severity: 'good' | 'warning' | 'bad';
  readonly database: string;
  /** What happened, e.g. `drill.proven`, `backup.invalid`. */
  readonly event: string;
  readonly facts: Readonly<Record<string, string>>;
}
