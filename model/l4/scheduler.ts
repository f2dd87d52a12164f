/** How a virtual server picks a real server for a new flow: LVS's schedulers by LVS's names. */

export const SCHEDULERS = [
  'rr',
  'wrr',
  'lc',
  'wlc',
  'sh',
  'dh',
  'sed',
  'nq',
  'mh',
  'twos',
  'lblc',
  'lblcr',
] as const;
export type SchedulerName = (typeof SCHEDULERS)[number];

export interface SchedulerModel {
  readonly name: SchedulerName;
  /** Of `sh` and `mh`: the client's port is a part of the key, so that its flows spread. */
  readonly port: boolean;
}
