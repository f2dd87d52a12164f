/** What the service manager that started this process is told: sd_notify(3) of systemd, without its library. */
import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { closeFd, connectDatagram } from '#native/socket.ts';

/** systemd reads quickly, and READY must not be lost because many services start at once. */
const TRIES = 40;
const PAUSE_MS = 50;

/** How this process was started. */
export type ManagerEnvironment = Readonly<
  Partial<Record<'NOTIFY_SOCKET' | 'WATCHDOG_USEC' | 'WATCHDOG_PID', string>>
>;

/** One line, for `systemctl status`. */
const oneLine = (text: string) => text.replace(/\s+/g, ' ').trim();

export class ServiceManager {
  readonly #socket: string | undefined;
  /** 0: it does not watch. */
  readonly #watchdogMs: number;
  readonly #isHeard: () => boolean;
  #watchdog: NodeJS.Timeout | undefined;
  #last: Promise<void> = Promise.resolve();

  /**
   * @param environment names the socket; without it nothing is ever said
   * @param isHeard whether this is the process that the manager listens to: a successor is not, while its predecessor lives
   */
  constructor(environment: ManagerEnvironment, isHeard: () => boolean = () => true) {
    const { NOTIFY_SOCKET: socket = '', WATCHDOG_USEC: usec, WATCHDOG_PID: pid } = environment;
    this.#socket = /^[/@]./.test(socket) ? socket : undefined;
    const isOurs = pid === undefined || Number(pid) === process.pid;
    this.#watchdogMs = usec !== undefined && /^\d+$/.test(usec) && isOurs ? Number(usec) / 1000 : 0;
    this.#isHeard = isHeard;
  }

  /** Started, or a reload is over, however it ended: `status` tells. From the first time on the watchdog is fed. */
  ready(status: string): void {
    this.#say(`READY=1\nSTATUS=${oneLine(status)}`);
    if (this.#watchdog || this.#watchdogMs === 0 || this.#socket === undefined) return;
    this.#watchdog = setInterval(() => this.#say('WATCHDOG=1'), this.#watchdogMs / 2);
    this.#watchdog.unref();
  }

  /** A reload begins; `ready()` ends it. */
  reloading(): void {
    const usec = process.hrtime.bigint() / 1000n; // CLOCK_MONOTONIC, as systemd wants it
    this.#say(`RELOADING=1\nMONOTONIC_USEC=${usec}\nSTATUS=reloading`);
  }

  stopping(): void {
    this.#say('STOPPING=1\nSTATUS=finishing what is being served');
  }

  /** A successor goes on in the place of this process. */
  isReplacedBy(pid: number): void {
    this.#say(`MAINPID=${pid}`);
  }

  /** Resolves when all that was said has been taken, or cannot be. */
  said(): Promise<void> {
    return this.#last;
  }

  #say(text: string): void {
    if (this.#socket === undefined || !this.#isHeard()) return;
    const socket = this.#socket;
    this.#last = this.#last.then(() => send(socket, text));
  }
}

/** A manager that is gone is no fault of ours; one that is busy is waited for. */
async function send(socket: string, text: string): Promise<void> {
  for (let tries = 1; tries <= TRIES; tries++) {
    if (sent(socket, text)) return;
    await sleep(PAUSE_MS);
  }
}

function sent(socket: string, text: string): boolean {
  let fd = -1;
  try {
    fd = connectDatagram(socket.startsWith('@') ? { abstractName: socket.slice(1) } : { path: socket });
    writeSync(fd, text, null, 'latin1');
    return true;
  } catch (fault) {
    return (fault as NodeJS.ErrnoException).code !== 'EAGAIN';
  } finally {
    if (fd !== -1) closeFd(fd);
  }
}
