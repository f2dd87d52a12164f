/** Brings alerts to their channels: each has a queue of its own, of bounded length, and tries again. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { NotifyModel } from '#model/api.ts';
import type { Alert } from './alerts.ts';
import { sendHttp } from './channel/http.ts';
import { sendMail } from './channel/smtp.ts';

const MOST_WAITING = 64;
const PAUSES_MS = [1000, 5000, 30_000];

export interface ChannelState {
  readonly channel: string;
  /** Host of its address: the rest is a secret. */
  readonly host: string;
  readonly sent: number;
  readonly lost: number;
  /** Of the last try; undefined: it went well, or there was none. */
  readonly fault: string | undefined;
}

class Channel {
  readonly #model: NotifyModel;
  readonly #tell: (message: string) => void;
  readonly #pausesMs: readonly number[];
  #waiting: Alert[] = [];
  #isBusy = false;
  #sent = 0;
  #lost = 0;
  #fault: string | undefined;

  constructor(model: NotifyModel, tell: (message: string) => void, pausesMs: readonly number[]) {
    this.#model = model;
    this.#tell = tell;
    this.#pausesMs = pausesMs;
  }

  get state(): ChannelState {
    const { channel, url } = this.#model;
    return { channel, host: new URL(url).host, sent: this.#sent, lost: this.#lost, fault: this.#fault };
  }

  put(alert: Alert): void {
    if (this.#waiting.length >= MOST_WAITING) {
      this.#waiting.shift();
      this.#lost++;
    }
    this.#waiting.push(alert);
    if (!this.#isBusy) void this.#work();
  }

  async #work(): Promise<void> {
    this.#isBusy = true;
    for (let alert = this.#waiting.shift(); alert; alert = this.#waiting.shift()) await this.#bring(alert);
    this.#isBusy = false;
  }

  async #bring(alert: Alert): Promise<void> {
    for (let at = 0; ; at++) {
      try {
        await this.#send(alert);
        this.#sent++;
        this.#fault = undefined;
        return;
      } catch (fault) {
        this.#fault = (fault as Error).message;
      }
      const pauseMs = this.#pausesMs[at];
      if (pauseMs === undefined) break;
      await sleep(pauseMs, undefined, { ref: false });
    }
    this.#lost++;
    this.#tell(`the alert ${alert.rule} could not be told by ${this.#model.channel}: ${this.#fault}`);
  }

  #send(alert: Alert): Promise<void> {
    const { channel } = this.#model;
    return channel === 'smtp'
      ? sendMail(this.#model, alert)
      : sendHttp({ ...this.#model, channel }, alert, Date.now());
  }
}

export class Notifier {
  readonly #channels: readonly Channel[];

  /** @param tell takes what is to be logged */
  constructor(models: readonly NotifyModel[], tell: (message: string) => void, pausesMs = PAUSES_MS) {
    this.#channels = models.map(model => new Channel(model, tell, pausesMs));
  }

  get states(): ChannelState[] {
    return this.#channels.map(({ state }) => state);
  }

  readonly put = (alert: Alert): void => {
    for (const channel of this.#channels) channel.put(alert);
  };
}
