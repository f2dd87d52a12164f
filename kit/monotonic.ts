/** The clock of this machine, for times that one process tells another. */

/** ms of CLOCK_MONOTONIC: never set, and the same in all processes of a host. */
export function monotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}
