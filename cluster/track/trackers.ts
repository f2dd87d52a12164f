/** All trackers of a node: one for each thing that is watched, however many instances watch it. */

import { addressBytes } from '#kit/address-bytes.ts';
import type { TrackModel, TrackQuestion, TrackScriptModel } from '#model/cluster/track.ts';
import type { Interfaces } from '../interfaces.ts';
import { trackFile } from './file.ts';
import { l4Status, type PlaneHealth } from './health.ts';
import { NodeHealth } from './node-health.ts';
import { trackProcess } from './process.ts';
import { trackScript } from './script.ts';
import type { Report, Tracker, TrackStatus } from './tracker.ts';

interface Watched {
  readonly question: TrackQuestion;
  readonly tracker: Tracker | undefined;
  /** Of `health`. */
  readonly node: NodeHealth | undefined;
  status: TrackStatus | undefined;
}

interface Scripts {
  readonly scripts: readonly TrackScriptModel[];
  readonly scriptUser: string;
}

export class Trackers {
  readonly #interfaces: Interfaces;
  readonly #onChange: () => void;
  #watched = new Map<string, Watched>();
  #health: PlaneHealth | undefined;

  /** @param onChange called when something is found to be otherwise than before */
  constructor(interfaces: Interfaces, onChange: () => void) {
    this.#interfaces = interfaces;
    this.#onChange = onChange;
  }

  /** Watches these from now on; what was watched before goes on. */
  watch(tracks: readonly TrackModel[], scripts: Scripts): void {
    const before = this.#watched;
    this.#watched = new Map();
    for (const { question } of tracks) {
      const key = keyOf(question, scripts);
      if (!this.#watched.has(key))
        this.#watched.set(key, before.get(key) ?? this.#begin(question, key, scripts));
    }
    for (const [key, { tracker }] of before) if (!this.#watched.has(key)) tracker?.stop();
    this.#scripts = scripts;
    this.surroundingsChanged();
  }

  #scripts: Scripts = { scripts: [], scriptUser: '' };

  #begin(question: TrackQuestion, key: string, scripts: Scripts): Watched {
    const report: Report = status => {
      const watched = this.#watched.get(key);
      if (!watched) return;
      const isNew = watched.status?.ok !== status.ok || watched.status.value !== status.value;
      watched.status = status;
      if (isNew) this.#onChange();
    };
    const node = question.type === 'health' ? new NodeHealth(question) : undefined;
    return { question, tracker: begin(question, scripts, report), node, status: undefined };
  }

  /** Undefined: nothing is known yet. */
  statusOf({ question }: TrackModel): TrackStatus | undefined {
    return this.#watched.get(keyOf(question, this.#scripts))?.status;
  }

  /** Interfaces or routes are other ones, or may be. */
  surroundingsChanged(): void {
    for (const watched of this.#watched.values())
      watched.status = this.#found(watched.question) ?? watched.status;
    this.#onChange();
  }

  /** Control has looked after the other planes. */
  heard(health: PlaneHealth, nowMs: number): void {
    this.#health = health;
    for (const watched of this.#watched.values())
      watched.status = watched.node?.next(health.node, nowMs) ?? watched.status;
    this.surroundingsChanged();
  }

  /** Of what needs no tracker. */
  #found(question: TrackQuestion): TrackStatus | undefined {
    switch (question.type) {
      case 'interface': {
        const ok = this.#interfaces.isUsable(question.interface);
        return {
          ok,
          says: ok
            ? 'it is up'
            : this.#interfaces.find(question.interface)
              ? 'it is down'
              : 'it is not there',
        };
      }
      case 'route': {
        const ok = this.#interfaces.hasRoute(addressBytes(question.destination), question.prefixBits);
        return { ok, says: ok ? 'it is there' : 'it is not there' };
      }
      case 'l4':
        return this.#health && l4Status(this.#health, question);
      case 'l7':
        return this.#health?.l7;
      default:
        return undefined;
    }
  }

  stop(): void {
    for (const { tracker } of this.#watched.values()) tracker?.stop();
    this.#watched.clear();
  }
}

/** A script that is defined anew is another one. */
const keyOf = (question: TrackQuestion, scripts: Scripts): string =>
  JSON.stringify(
    question.type === 'script'
      ? [question, scriptOf(question.script, scripts), scripts.scriptUser]
      : question,
  );

const scriptOf = (name: string, { scripts }: Scripts): TrackScriptModel | undefined =>
  scripts.find(script => script.name === name);

/** Undefined: it is found by other means. */
function begin(question: TrackQuestion, scripts: Scripts, report: Report): Tracker | undefined {
  switch (question.type) {
    case 'script': {
      const script = scriptOf(question.script, scripts);
      return script && trackScript(script, scripts.scriptUser, report);
    }
    case 'file':
      return trackFile(question.path, report);
    case 'process':
      return trackProcess(question.process, report);
    default:
      return undefined;
  }
}
