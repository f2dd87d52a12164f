/** The compiled programs: loaded, they share one set of maps. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { closeObject, type LoadedObject, loadObject, type MapWish, runProgram } from '#native/bpf.ts';
import { dupFd } from '#native/socket.ts';
import { bucketsFor } from './flow-table.ts';
import { L4Maps, MAP_NAMES, type MapName } from './maps.ts';
import { NO_TIMER } from './no-timer.ts';

const BUILD_DIR = join(import.meta.dirname, 'build');
/** The two builds of the director. */
export type DirectorBuild = 'tc' | 'xdp';

/** @returns where an object lies @throws {Error} that names the remedy when it is not built */
export function objectPath(name: string): string {
  const path = join(BUILD_DIR, `${name}.o`);
  if (!existsSync(path))
    throw new Error(
      `Cannot load ${path}: it is not built: run scripts/build-bpf (apt-get install clang libbpf-dev)`,
    );
  return path;
}

/**
 * Makes the maps, and loads the program that sweeps the flow table.
 *
 * @param connections that the flow table is made for
 */
export function makeMaps(connections: number): { maps: L4Maps; sweep: number } {
  const made = takeMaps({ flows: { maxEntries: bucketsFor(connections) } });
  made.maps.seedFlowTable(connections);
  return made;
}

/** The same over maps that stand. @param standing their descriptors, which stay the caller's */
export const adoptMaps = (standing: Readonly<Record<string, number>>): { maps: L4Maps; sweep: number } =>
  takeMaps(wishesFor(standing));

function takeMaps(wishes: Readonly<Record<string, MapWish>>): { maps: L4Maps; sweep: number } {
  const object = loadObject(objectPath('sweep'), wishes);
  try {
    const fds = Object.fromEntries(MAP_NAMES.map(name => [name, dupFd(object.maps[name]!)]));
    return {
      maps: new L4Maps(fds as Record<MapName, number>),
      sweep: dupFd(object.programs['start_sweep']!),
    };
  } finally {
    closeObject(object);
  }
}

const wishesFor = (standing: Readonly<Record<string, number>>): Record<string, MapWish> =>
  Object.fromEntries(Object.entries(standing).map(([name, fd]) => [name, { fd }]));

function loadOver(maps: L4Maps, name: string): LoadedObject {
  const standing = Object.fromEntries(MAP_NAMES.map(map => [map, maps.fd(map)]));
  return loadObject(objectPath(name), wishesFor(standing));
}

/** Loads one build of the director over these maps. @returns its descriptor, which the caller closes */
export function loadDirector(maps: L4Maps, build: DirectorBuild): number {
  const object = loadOver(maps, `director-${build}`);
  try {
    return dupFd(object.programs['director']!);
  } finally {
    closeObject(object);
  }
}

/** Loads the programs that steer health checks. The caller closes them (`closeObject`). */
export const loadSteer = (maps: L4Maps): LoadedObject => loadOver(maps, 'steer');

/** Loads the programs that walk through the flow table and put flows in. The caller closes them (`closeObject`). */
export const loadSync = (maps: L4Maps): LoadedObject => loadOver(maps, 'sync');

/** Since Linux 6.18 memory for a timer comes without waiting for a lock, or not at all: what fails now may do in a moment. */
const PATIENCE_MS = 1000;
const PAUSE_MS = 2;

/** Starts the timer that ends old flows, or hands the running one over to this program. */
export function startSweep(sweep: number): void {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  let step = 0;
  for (let waitedMs = 0; waitedMs <= PATIENCE_MS; waitedMs += PAUSE_MS) {
    step = runProgram(sweep, { data: new Uint8Array(64) }).verdict;
    if (step === 0) return;
    Atomics.wait(pause, 0, 0, PAUSE_MS);
  }
  throw new Error(`${NO_TIMER}: step ${step} failed`);
}
