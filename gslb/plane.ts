/** The door of the GSLB plane: control opens its sockets here, and a process without root answers on them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { AskedChild, type ChildLog, FIRST_DESCRIPTOR } from '#kit/asked-child.ts';
import { RestartPauses } from '#kit/restart-pauses.ts';
import { Turns } from '#kit/turns.ts';
import { within } from '#kit/within.ts';
import type { GslbListen, GslbModel } from '#model/gslb.ts';
import type { ProcessModel } from '#model/main.ts';
import { bindTcp, bindUdp, closeFd } from '#native/socket.ts';
import { wantsPing } from './checks.ts';
import type { GslbFigures, Sockets, ToGslb } from './messages.ts';
import type { Teller } from './watched.ts';

export type { GslbFigures, RecordFigures, SiteFigures } from './figures.ts';

const ENTRY = fileURLToPath(new URL('./process.ts', import.meta.url));
/** Whatever strangers send, it does not eat the machine; a database of cities has room. */
const FLAGS = ['--max-old-space-size=512', '--max-semi-space-size=4'];
/** A process that died is started anew after a growing pause. */
const PAUSE_MS = { first: 50, most: 5000 };

/** Of a busy machine, that reads a database of cities. */
const PATIENCE_MS = 30_000;
const LEAVE_PATIENCE_MS = 2000;

type Child = AskedChild<ToGslb, ChildLog>;

interface Wanted {
  readonly model: GslbModel;
  readonly user: ProcessModel['user'];
  readonly sockets: readonly Sockets[];
}

export class GslbPlane {
  /** Tells of deaths, and of what the process has to say. */
  log: Teller = { error() {}, warn() {}, notice() {} };
  readonly #env: NodeJS.ProcessEnv;
  readonly #turns = new Turns();
  readonly #pauses = new RestartPauses(PAUSE_MS);
  #inForce: Wanted | undefined;
  #prepared: (Wanted & { readonly opened: readonly Sockets[] }) | undefined;
  #child: Child | undefined;

  constructor(env: NodeJS.ProcessEnv) {
    this.#env = env;
  }

  /** What it answers by; undefined: there is no gslb block. */
  get inForce(): Pick<Wanted, 'model' | 'user'> | undefined {
    return this.#inForce;
  }

  /** Opens what is not open. @throws {Error} that names the address that cannot be had; then nothing has changed */
  prepare(model: GslbModel | undefined, user: ProcessModel['user']): void {
    if (!model) return;
    const opened: Sockets[] = [];
    try {
      const have = this.#inForce?.sockets ?? [];
      const sockets = model.listens.map(listen => {
        const same = have.find(one => one.address === listen.address && one.port === listen.port);
        if (same) return same;
        const made = open(listen);
        opened.push(made);
        return made;
      });
      this.#prepared = { model, user, sockets, opened };
    } catch (fault) {
      closeAll(opened);
      throw new Error(`gslb: ${(fault as Error).message}`, { cause: fault });
    }
  }

  /** Undoes a prepare() that nothing follows. */
  abandon(): void {
    closeAll(this.#prepared?.opened ?? []);
    this.#prepared = undefined;
  }

  /** Answers by what was prepared from now on; without it, nobody is answered any more. */
  commit(): Promise<void> {
    return this.#turns.take(async () => {
      const now = this.#prepared;
      const before = this.#inForce;
      this.#prepared = undefined;
      this.#inForce = now;
      const isSameLife = isDeepStrictEqual(lifeOf(now), lifeOf(before));
      if (now && isSameLife && this.#child) return this.#tell(this.#child, now.model);
      const old = this.#child;
      this.#child = undefined;
      const started = now && this.#start();
      if (old) await started; // queries wait for nobody
      await end(old);
      closeAll(before?.sockets.filter(one => !now?.sockets.includes(one)) ?? []);
    });
  }

  /** One that hangs is ended: its next life has the new configuration. */
  async #tell(child: Child, model: GslbModel): Promise<void> {
    const told = child.ask({ kind: 'configure', model }).then(() => true);
    if (await within(PATIENCE_MS, told)) return;
    this.log.error(`the GSLB process ${child.pid} does not answer: it is ended`);
    child.kill();
  }

  /** Ends it with moat. */
  close(): Promise<void> {
    this.#prepared = undefined;
    return this.commit();
  }

  /** Undefined while nothing is in force, or the process is down. */
  async figures(): Promise<GslbFigures | undefined> {
    return this.#child?.ask<GslbFigures>({ kind: 'figures' }).catch(() => undefined);
  }

  /** A process that does not come up is told of, and tried again. */
  async #start(): Promise<void> {
    const wanted = this.#inForce;
    if (!wanted) return;
    const { model, user, sockets } = wanted;
    const child: Child = new AskedChild({
      ...{ name: 'the GSLB process', entry: ENTRY, env: this.#env, flags: FLAGS },
      descriptors: sockets.flatMap(({ udpFd, tcpFd }) => [udpFd, tcpFd]),
      hear: ({ level, message }) => this.log[level](message),
    });
    this.#child = child;
    void child.ended.then(how => this.#bury(child, how));
    const theirs = sockets.map((one, at) => ({
      ...one,
      udpFd: FIRST_DESCRIPTOR + 2 * at,
      tcpFd: FIRST_DESCRIPTOR + 2 * at + 1,
    }));
    try {
      await child.ask({ kind: 'serve', model, sockets: theirs, user });
    } catch (fault) {
      if (this.#child === child) this.log.error(`gslb: ${(fault as Error).message}`);
      child.kill();
    }
  }

  async #bury(child: Child, how: string): Promise<void> {
    if (this.#child !== child) return; // it was told to end
    this.#child = undefined;
    this.log.error(`the GSLB process ${child.pid} ${how}`);
    this.#pauses.died(performance.now() - child.startedAtMs);
    await sleep(this.#pauses.next(), undefined, { ref: false });
    await this.#turns.take(async () => {
      if (!this.#inForce || this.#child) return;
      await this.#start();
      if (this.#child) this.log.notice(`the GSLB process is started anew as ${this.pid}`);
    });
  }

  /** Undefined while no process lives. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }
}

/** What a process has from its start on. */
const lifeOf = (wanted: Wanted | undefined) =>
  wanted && [wanted.sockets, wanted.user, wantsPing(wanted.model)];

async function end(child: Child | undefined): Promise<void> {
  child?.disconnect();
  const killer = setTimeout(() => child?.kill(), LEAVE_PATIENCE_MS);
  await child?.ended;
  clearTimeout(killer);
}

function open({ address, port }: GslbListen): Sockets {
  const at = { host: address, port, family: address.includes(':') ? 6 : 4, freeBind: true } as const;
  const udpFd = bindUdp(at);
  try {
    return { address, port, udpFd, tcpFd: bindTcp(at) };
  } catch (fault) {
    closeFd(udpFd);
    throw fault;
  }
}

function closeAll(sockets: readonly Sockets[]): void {
  for (const { udpFd, tcpFd } of sockets) {
    closeFd(udpFd);
    closeFd(tcpFd);
  }
}
