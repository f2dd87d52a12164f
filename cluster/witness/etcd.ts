/** A lease of etcd 3, by its JSON gateway: a key that lives as long as the lease, and names the node that has it. */
import { nodeHttp, nodeHttps } from '#kit/node-http.ts';
import type { WitnessModel } from '#model/cluster/heartbeat.ts';
import type { Witness, WitnessOptions } from './witness.ts';

type Model = Extract<WitnessModel, { type: 'etcd' }>;
/** All that is asked for fits. */
const ANSWER_MOST = 65_536;

const base64 = (text: string): string => Buffer.from(text).toString('base64');

interface KeyAnswer {
  /** Numbers of 64 bits are texts. */
  readonly kvs?: readonly { readonly value?: string; readonly lease?: string }[];
}

interface TxnAnswer {
  readonly succeeded?: boolean;
  readonly responses?: readonly {
    readonly response_range?: KeyAnswer;
  }[];
}

export class EtcdWitness implements Witness {
  readonly name: string;
  readonly #model: Model;
  readonly #options: WitnessOptions;
  #lease: string | undefined;

  constructor(model: Model, options: WitnessOptions) {
    this.#model = model;
    this.#options = options;
    const { protocol, host } = new URL(model.url);
    this.name = `etcd ${protocol}//${host}`;
  }

  async ask(): Promise<number> {
    return this.#lease === undefined ? this.#take() : this.#renew(this.#lease);
  }

  async #renew(lease: string): Promise<number> {
    const { nowMs } = this.#options;
    const sentMs = nowMs();
    const { result } = await this.#post<{ readonly result?: { readonly TTL?: string } }>('lease/keepalive', {
      ID: lease,
    });
    if (Number(result?.TTL ?? 0) > 0) return sentMs + this.#model.ttlMs;
    this.#lease = undefined; // it was over: somebody else may have it
    return this.#take();
  }

  async #take(): Promise<number> {
    const { nowMs, node } = this.#options;
    const sentMs = nowMs();
    const seconds = Math.ceil(this.#model.ttlMs / 1000);
    const { ID: lease = '' } = await this.#post<{ readonly ID?: string }>('lease/grant', { TTL: seconds });
    if (lease === '') throw new Error(`${this.name} grants no lease`);
    const holder = await this.#write(lease);
    if (holder === undefined) {
      this.#lease = lease;
      return sentMs + this.#model.ttlMs;
    }
    void this.#revoke(lease);
    throw new Error(
      `${this.name} has granted it to ${holder === node ? 'an earlier life of this node' : holder}`,
    );
  }

  /** @returns who has it; undefined: this node, from now on */
  async #write(lease: string): Promise<string | undefined> {
    const key = base64(this.#model.key);
    const value = base64(this.#options.node);
    const put = { request_put: { key, value, lease } };
    const free = await this.#post<TxnAnswer>('kv/txn', {
      compare: [{ key, target: 'CREATE', create_revision: '0', result: 'EQUAL' }],
      success: [put],
      failure: [{ request_range: { key } }],
    });
    if (free.succeeded) return undefined;
    const found = free.responses?.[0]?.response_range?.kvs?.[0]?.value ?? '';
    if (found !== value) return Buffer.from(found, 'base64').toString();
    // An earlier life of this node had it: that one is over.
    const own = await this.#post<TxnAnswer>('kv/txn', {
      compare: [{ key, target: 'VALUE', value, result: 'EQUAL' }],
      success: [put],
    });
    return own.succeeded ? undefined : this.#options.node;
  }

  async giveBack(): Promise<void> {
    const lease = this.#lease;
    this.#lease = undefined;
    if (lease !== undefined) await this.#revoke(lease);
  }

  async forfeit(signal: AbortSignal): Promise<void> {
    const found = await this.#post<KeyAnswer>('kv/range', { key: base64(this.#model.key) }).catch(
      (): KeyAnswer => ({}),
    );
    const [left] = found.kvs ?? [];
    if (left?.lease === undefined || left.value !== base64(this.#options.node) || signal.aborted) return;
    await this.#revoke(left.lease);
  }

  async #revoke(lease: string): Promise<void> {
    await this.#post('lease/revoke', { ID: lease }).catch(() => {}); // it ends by itself
  }

  #post<T>(verb: string, body: unknown): Promise<T> {
    const { url } = this.#model;
    const { patienceMs } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const fail = (why: string) => reject(new Error(`${this.name} does not answer: ${why}`));
    const { request } = url.startsWith('https:') ? nodeHttps() : nodeHttp();
    const call = request(new URL(`/v3/${verb}`, url), { method: 'POST', agent: false }, answer => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', piece => {
        text += piece;
        if (text.length > ANSWER_MOST) call.destroy(new Error('too long an answer'));
      });
      answer.on('end', () => {
        try {
          if (answer.statusCode !== 200) return fail(`status ${answer.statusCode}`);
          resolve(JSON.parse(text) as T);
        } catch (fault) {
          fail((fault as Error).message);
        }
      });
    });
    const timer = setTimeout(() => call.destroy(new Error(`nothing for ${patienceMs} ms`)), patienceMs);
    call.on('close', () => clearTimeout(timer));
    call.on('error', ({ message }) => fail(message));
    call.end(JSON.stringify(body));
    return promise;
  }
}
