/** `health_check ping`: an ICMP echo. */
import type { Probe, QuestionOf } from './probe.ts';

export const pingProbe: Probe<QuestionOf<'ping'>> = async (_, { address, from }, { pinger, signal }) => {
  await pinger.ask(address, from, signal);
  return {};
};
