import * as z from 'zod';
import { lambda } from '../../src/cloud/aws/lambda.ts';
import { webhook } from '../../src/cloud/aws/parts.ts';
import { slackMessage } from '../../src/watch/slack-message.ts';
import { postMessage, type WebhookSetting } from '../../src/watch/webhook.ts';

/** SNS delivers one message at a time; the form allows for more. */
const SnsEvent = z.looseObject({
  Records: z
    .array(z.looseObject({ Sns: z.looseObject({ MessageId: z.string(), Message: z.string(), Subject: z.string().nullish() }) }))
    .min(1),
});

/** Posts what the chat topic is told to a webhook. Fails when it was not taken: Lambda tries again and keeps it in the end. */
export async function post(event: unknown, setting: WebhookSetting): Promise<{ attempts: number }> {
  let attempts = 0;
  for (const { Sns } of SnsEvent.parse(event).Records) {
    attempts += (await postMessage(slackMessage(Sns.Message, Sns.Subject ?? undefined), setting)).attempts;
  }
  return { attempts };
}

export const handler = lambda<unknown, { attempts: number }, Pick<WebhookSetting, 'clock' | 'webhook'>>(post, {
  needs: { webhook },
  about: (event, result) => {
    const [record] = SnsEvent.parse(event).Records;
    return { message: record?.Sns.MessageId ?? '', ...(result && { attempts: result.attempts }) };
  },
});
