import { join } from 'node:path';
import type { Writable } from 'node:stream';
import type { Clock } from '../src/cloud/clock.ts';
import type { Notification, Notifier } from '../src/cloud/notifier.ts';
import { makeDirectory } from './store/durable.ts';
import { createWholeFile } from './whole-file.ts';

/**
 * A file inbox in `<home>/inbox`: for each message one JSON file and one text for reading, under names that sort by
 * time. The JSON appears last and whole, so a message that is listed is complete.
 */
export function createFileInbox(home: string, clock: Pick<Clock, 'now'>): Notifier {
  const inbox = join(home, 'inbox');
  return {
    publish: async (message) => {
      await makeDirectory(inbox);
      const at = clock.now().toISOString();
      const stem = join(inbox, `${at.replaceAll(/[-:]/g, '')}-${message.event.replaceAll(/[^a-z0-9.-]/gi, '_')}`);
      for (let copy = 1; ; copy += 1) {
        const path = copy === 1 ? stem : `${stem}-${copy}`;
        const told = await createWholeFile(`${path}.txt`, readable(message, at));
        if (told && (await createWholeFile(`${path}.json`, `${JSON.stringify({ at, ...message }, null, 2)}\n`))) return;
      }
    },
  };
}

/** Prints each message. Control characters are taken out, because names in a message come from the database. */
export function createTerminalNotifier(stream: Writable): Notifier {
  return {
    publish: async ({ subject, text, severity }) => {
      const mark = { good: '✔', warning: '!', bad: '✘' }[severity];
      await write(stream, `${mark} ${plain(subject).replaceAll('\n', ' ')}\n${indent(plain(text))}\n`);
    },
  };
}

/** Tells all of them, even when one fails; then the first failure fails the caller. */
export function notifyAll(notifiers: readonly Notifier[]): Notifier {
  return {
    publish: async (message) => {
      const told = await Promise.allSettled(notifiers.map((notifier) => notifier.publish(message)));
      const failed = told.find((each) => each.status === 'rejected');
      if (failed) throw failed.reason;
    },
  };
}

function readable({ subject, text, severity, database, event, facts }: Notification, at: string): string {
  const lines = Object.entries(facts).map(([name, value]) => `${name}: ${value}`);
  const head = [`Subject: ${subject}`, `Date: ${at}`, `Database: ${database}`, `Event: ${event} (${severity})`];
  return `${[...head, '', text, '', ...lines].join('\n').trimEnd()}\n`;
}

function write(stream: Writable, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(text, (error) => (error ? reject(error) : resolve()));
  });
}

function plain(text: string): string {
  return text.replaceAll(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '\u{FFFD}');
}

function indent(text: string): string {
  return text.replaceAll(/^(?=.)/gm, '  ');
}
