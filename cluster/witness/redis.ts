/** A lock in Redis or Valkey: a key with a time to live that names the node that has it, and which of its questions has got it. */
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { encodeCommand, RedisError, RespReader, textOf } from '#kit/resp.ts';
import type { WitnessModel } from '#model/cluster/heartbeat.ts';
import { Refusal, type Witness, type WitnessOptions } from './witness.ts';

type Model = Extract<WitnessModel, { type: 'redis' }>;
const PORT = 6379;
const ANSWER_MOST = 65_536;

/** Takes or renews it, in one: gives nothing, or who has it, and for how long yet. */
const TAKE = `local held = redis.call('GET', KEYS[1])
if held and string.match(held, '^%S+') ~= ARGV[1] then return held .. ' ' .. redis.call('PTTL', KEYS[1]) end
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. ARGV[2], 'PX', ARGV[3])
return ''`;
/** What a later question has got is not given back by an answer to an earlier one, however late it comes there. */
const GIVE_BACK = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`;
const TOKEN_BYTES = 6;

/** Texts of the configuration are UTF-8. */
const encode = (words: readonly string[]): Buffer => encodeCommand(words.map(word => Buffer.from(word)));

export class RedisWitness implements Witness {
  readonly name: string;
  readonly #model: Model;
  readonly #options: WitnessOptions;
  /** Of this life of the node. */
  readonly #token = randomBytes(TOKEN_BYTES).toString('hex');
  #asked = 0;

  constructor(model: Model, options: WitnessOptions) {
    this.#model = model;
    this.#options = options;
    this.name = `redis ${new URL(model.url).host}`;
  }

  async ask(mostMs = Number.POSITIVE_INFINITY): Promise<number> {
    const { nowMs, node } = this.#options;
    const { key } = this.#model;
    const ttlMs = Math.ceil(Math.min(this.#model.ttlMs, mostMs));
    this.#asked++;
    const sentMs = nowMs();
    const held = await this.#call(['EVAL', TAKE, '1', key, node, this.#question, `${ttlMs}`]);
    if (held === '') return sentMs + ttlMs;
    const words = held.split(' ');
    const leftMs = Number(words.at(-1));
    throw new Refusal(`${this.name} has granted it to ${words[0]}`, leftMs >= 0 ? leftMs : undefined);
  }

  get #question(): string {
    return `${this.#token}.${this.#asked}`;
  }

  async giveBack(): Promise<void> {
    await this.#drop(`${this.#options.node} ${this.#question}`);
  }

  async forfeit(signal: AbortSignal): Promise<void> {
    const left = await this.#call(['GET', this.#model.key]).catch(() => '');
    if (left.split(' ')[0] === this.#options.node && !signal.aborted) await this.#drop(left);
  }

  async #drop(value: string): Promise<void> {
    await this.#call(['EVAL', GIVE_BACK, '1', this.#model.key, value]).catch(() => {}); // it ends by itself
  }

  /** A connection for each question: there are few, and none is held open through a partition. */
  #call(words: readonly string[]): Promise<string> {
    const { hostname, port, username, password } = new URL(this.#model.url);
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const auth = [...(username ? [decodeURIComponent(username)] : []), decodeURIComponent(password)];
    const questions = [...(password ? [['AUTH', ...auth]] : []), words];
    const socket = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || PORT) });
    const fail = (why: string) => {
      socket.destroy();
      reject(new Error(`${this.name} does not answer: ${why}`));
    };
    const { patienceMs } = this.#options;
    const timer = setTimeout(() => fail(`nothing for ${patienceMs} ms`), patienceMs);
    let missing = questions.length;
    let bytes = 0;
    const reader = new RespReader(reply => {
      missing--;
      if (reply instanceof RedisError) fail(reply.message);
      else if (missing === 0) {
        resolve(textOf(reply) ?? `${reply}`);
        socket.end();
      }
    });
    socket.on('connect', () => socket.write(Buffer.concat(questions.map(encode))));
    socket.on('error', ({ message }) => fail(message));
    socket.on('close', () => {
      clearTimeout(timer);
      fail('it closed the connection');
    });
    socket.on('data', (piece: Buffer) => {
      bytes += piece.length;
      if (bytes > ANSWER_MOST) return fail('too long an answer');
      try {
        reader.push(piece);
      } catch (fault) {
        fail((fault as Error).message);
      }
    });
    return promise;
  }
}
