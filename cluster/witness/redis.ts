/** A lock in Redis or Valkey: a key with a time to live that names the node that has it. */
import { connect } from 'node:net';
import { encodeCommand, RedisError, RespReader, textOf } from '#kit/resp.ts';
import type { WitnessModel } from '#model/cluster/heartbeat.ts';
import type { Witness, WitnessOptions } from './witness.ts';

type Model = Extract<WitnessModel, { type: 'redis' }>;
const PORT = 6379;
const ANSWER_MOST = 65_536;

/** Takes or renews it, in one: gives who has it. */
const TAKE = `local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return holder end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return ARGV[1]`;
const GIVE_BACK = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`;

/** Texts of the configuration are UTF-8. */
const encode = (words: readonly string[]): Buffer => encodeCommand(words.map(word => Buffer.from(word)));

export class RedisWitness implements Witness {
  readonly name: string;
  readonly #model: Model;
  readonly #options: WitnessOptions;

  constructor(model: Model, options: WitnessOptions) {
    this.#model = model;
    this.#options = options;
    this.name = `redis ${new URL(model.url).host}`;
  }

  async ask(): Promise<number> {
    const { nowMs, node } = this.#options;
    const { key, ttlMs } = this.#model;
    const sentMs = nowMs();
    const holder = await this.#call(['EVAL', TAKE, '1', key, node, `${ttlMs}`]);
    if (holder === node) return sentMs + ttlMs;
    throw new Error(`${this.name} has granted it to ${holder}`);
  }

  async giveBack(): Promise<void> {
    const { key } = this.#model;
    await this.#call(['EVAL', GIVE_BACK, '1', key, this.#options.node]).catch(() => {}); // it ends by itself
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
    socket.on('data', piece => {
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
