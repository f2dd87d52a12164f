/** Channels that take JSON by HTTP, a row each. Not 2xx, or a chat's own word for it, is a failure. */
import { createHmac } from 'node:crypto';
import { hostname } from 'node:os';
import type { NotifyModel } from '#model/api.ts';
import type { Alert } from '../alerts.ts';
import { textOf, unicode } from '../text.ts';

const PATIENCE_MS = 10_000;
const MOST_ANSWER = 64 << 10;

type HttpChannel = Exclude<NotifyModel['channel'], 'smtp'>;

interface Form {
  readonly body: (alert: Alert, secret: string | undefined, nowMs: number) => object;
  /** What is added to the address. */
  readonly query?: (secret: string, nowMs: number) => Record<string, string>;
  /** The field of the answer that is 0 when it was taken. */
  readonly code?: string;
}

const FORMS: { readonly [C in HttpChannel]: Form } = {
  webhook: {
    body: alert => ({
      status: alert.resolvedMs === undefined ? 'raised' : 'resolved',
      host: hostname(),
      ...alert,
      metric: unicode(alert.metric),
    }),
  },
  slack: { body: alert => ({ text: textOf(alert) }) },
  wecom: { body: alert => ({ msgtype: 'text', text: { content: textOf(alert) } }), code: 'errcode' },
  feishu: {
    body: (alert, secret, nowMs) => ({
      ...(secret !== undefined && signedFeishu(secret, nowMs)),
      ...{ msg_type: 'text', content: { text: textOf(alert) } },
    }),
    code: 'code',
  },
  dingtalk: {
    body: alert => ({ msgtype: 'text', text: { content: textOf(alert) } }),
    query: (secret, nowMs) => ({ timestamp: `${nowMs}`, sign: hmac(secret, `${nowMs}\n${secret}`) }),
    code: 'errcode',
  },
};

const hmac = (key: string, text: string): string => createHmac('sha256', key).update(text).digest('base64');

/** Its robots take time and secret as the key, and sign nothing. */
function signedFeishu(secret: string, nowMs: number) {
  const timestamp = `${Math.floor(nowMs / 1000)}`;
  return { timestamp, sign: hmac(`${timestamp}\n${secret}`, '') };
}

/** @throws {Error} with what went wrong; no part of the address is in it */
export async function sendHttp(
  { channel, url, secret }: NotifyModel & { readonly channel: HttpChannel },
  alert: Alert,
  nowMs: number,
): Promise<void> {
  const form = FORMS[channel];
  const target = new URL(url);
  if (secret !== undefined)
    for (const [name, value] of Object.entries(form.query?.(secret, nowMs) ?? {}))
      target.searchParams.set(name, value);
  const response = await fetch(target, {
    ...{ method: 'POST', redirect: 'error', signal: AbortSignal.timeout(PATIENCE_MS) },
    headers: { 'Content-Type': 'application/json; charset=utf-8', 'User-Agent': 'moat' },
    body: JSON.stringify(form.body(alert, secret, nowMs)),
  }).catch((fault: Error) => {
    throw new Error(reasonOf(fault));
  });
  const text = await bounded(response);
  if (!response.ok) throw new Error(`it answers ${response.status}`);
  if (form.code === undefined) return;
  const code = codeIn(text, form.code);
  if (code !== 0) throw new Error(`it answers ${form.code} ${code}`);
}

/** fetch() hides why in the cause. */
const reasonOf = ({ cause, message }: Error): string => {
  const { code, message: why } = (cause ?? {}) as Partial<NodeJS.ErrnoException>;
  return code ?? (why ?? message).replace(/https?:\S+/g, 'the address');
};

async function bounded(response: Response): Promise<string> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const piece of response.body ?? []) {
    text += decoder.decode(piece, { stream: true });
    if (text.length > MOST_ANSWER) break;
  }
  return text;
}

function codeIn(text: string, name: string): unknown {
  try {
    return (JSON.parse(text) as Record<string, unknown>)[name];
  } catch {
    return 'nothing';
  }
}
