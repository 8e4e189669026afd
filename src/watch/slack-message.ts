import * as z from 'zod';
import { parseJson } from '../json.ts';

/** What a Slack incoming webhook takes: https://docs.slack.dev, "Incoming webhooks" and "Block Kit". */
export interface SlackMessage {
  /** Shown where blocks are not: in notifications. */
  readonly text: string;
  readonly blocks: readonly SlackBlock[];
}

export type SlackBlock =
  | { readonly type: 'section'; readonly text: SlackText }
  | { readonly type: 'context'; readonly elements: readonly SlackText[] };

export interface SlackText {
  readonly type: 'mrkdwn';
  readonly text: string;
}

/** What Slack takes at most of one text; longer ones fail the whole message. */
const SECTION = 3000;
const CONTEXT = 2000;

/** The custom notification that src/cloud/aws/sns-notifier.ts sends. Its texts are markdown already, its facts are not. */
const Notification = z.object({
  source: z.literal('custom'),
  content: z.object({ title: z.string().default('pgproof'), description: z.string() }),
  metadata: z.object({ additionalContext: z.record(z.string(), z.string()).default({}) }).default({ additionalContext: {} }),
});

/** What CloudWatch sends when an alarm changes. */
const Alarm = z.object({
  AlarmName: z.string(),
  AlarmDescription: z.string().nullish(),
  NewStateValue: z.enum(['OK', 'ALARM', 'INSUFFICIENT_DATA']),
  OldStateValue: z.string().nullish(),
  NewStateReason: z.string().default(''),
  StateChangeTime: z.string().default(''),
  Region: z.string().default(''),
});

/** Any message of the chat topic as Slack shows it; one of an unknown form is shown as it is rather than dropped. */
export function slackMessage(message: string, subject?: string): SlackMessage {
  const json = parseJson(message);
  const notification = Notification.safeParse(json).data;
  if (notification) {
    const { content, metadata } = notification;
    return compose(content.title, content.description, Object.entries(metadata.additionalContext));
  }
  const alarm = Alarm.safeParse(json).data;
  if (alarm) return alarmMessage(alarm);
  return compose(escapeMarkdown(subject ?? 'pgproof'), escapeMarkdown(message), []);
}

function alarmMessage(alarm: z.infer<typeof Alarm>): SlackMessage {
  const mark = { OK: ':white_check_mark:', ALARM: ':rotating_light:', INSUFFICIENT_DATA: ':grey_question:' }[alarm.NewStateValue];
  const title = `${mark} ${alarm.NewStateValue}: ${escapeMarkdown(alarm.AlarmName)}`;
  const text = [alarm.AlarmDescription ?? '', alarm.NewStateReason].filter((line) => line !== '').map(escapeMarkdown).join('\n');
  const facts = Object.entries({ was: alarm.OldStateValue ?? '', at: alarm.StateChangeTime, region: alarm.Region });
  return compose(title, text, facts.filter(([, value]) => value !== ''));
}

function compose(title: string, text: string, facts: readonly (readonly [string, string])[]): SlackMessage {
  const context = facts.map(([name, value]) => `${escapeMarkdown(name)}: ${escapeMarkdown(value)}`).join(' · ');
  return {
    text: cut(title, SECTION),
    blocks: [
      { type: 'section', text: { type: 'mrkdwn', text: cut(`*${title}*\n${text}`, SECTION) } },
      ...(context === '' ? [] : [{ type: 'context', elements: [{ type: 'mrkdwn', text: cut(context, CONTEXT) }] } as const]),
    ],
  };
}

/** The three characters with a meaning in Slack: a name out of a database must not mention a channel or forge a link. */
function escapeMarkdown(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
