import { SNSClient } from '@aws-sdk/client-sns';
import type { Notifier } from '../../notifier.ts';
import type { Environment } from '../environment.ts';
import { SnsNotifier } from '../sns-notifier.ts';
import { patient } from './patience.ts';

export function openNotifier(settings: Environment): Notifier {
  return new SnsNotifier({
    client: new SNSClient(patient(settings)),
    peopleTopicArn: settings.PGPROOF_PEOPLE_TOPIC_ARN,
    chatTopicArn: settings.PGPROOF_CHAT_TOPIC_ARN,
  });
}
