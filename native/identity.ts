/** What this process may do: its limit of open files, the user it runs as, the capabilities it keeps. */
import { addon } from './addon.ts';

/** Bits of <linux/capability.h>: those a proxy can have use for after it has given root away. */
const CAPABILITY_BITS = { net_bind_service: 10, net_admin: 12, net_raw: 13 } as const;

export type Capability = keyof typeof CAPABILITY_BITS;

const maskOf = (names: readonly Capability[]): number =>
  names.reduce((mask, name) => mask | (1 << CAPABILITY_BITS[name]), 0);

export type Identity = { readonly uid: number; readonly gid: number };

/** RLIMIT_NOFILE. Node itself raises soft to hard when it starts. */
export const fdLimit = (): { soft: number; hard: number } => addon().fdLimit();

/** Sets how many files this process may open, and raises the hard limit where that is lower. @throws code EPERM without CAP_SYS_RESOURCE */
export const setFdLimit = (soft: number): void => addon().setFdLimit(soft);

/** Ids of a user by name, undefined if there is none. The name is a binary string. */
export const userIds = (name: string): Identity | undefined => addon().userIds(name);

/** Id of a group by name, undefined if there is none. */
export const groupId = (name: string): number | undefined => addon().groupId(name);

/**
 * Becomes `user` for good: its groups, its group (or `group`), its uid, in every thread of the process.
 *
 * `keepCapabilities` stay with the calling thread and with those it starts later; a thread that stands already calls
 * holdCapabilities() before and takeCapabilities() after. Root keeps all that it has. The process writes no core dump and no other process of that user can trace it, unless `dumpable`.
 *
 * @throws {TypeError} if there is no such user or group
 * @throws code EPERM when this process is not root. A failure halfway leaves a process of mixed identity: end it
 */
export function setUser(
  user: string,
  group?: string,
  options: { keepCapabilities?: readonly Capability[]; dumpable?: boolean } = {},
): void {
  const ids = userIds(user);
  if (!ids) throw new TypeError(`Cannot setUser: there is no user "${user}"`);
  const gid = group === undefined ? ids.gid : groupId(group);
  if (gid === undefined) throw new TypeError(`Cannot setUser: there is no group "${group}"`);
  const mask = ids.uid === 0 ? 0 : maskOf(options.keepCapabilities ?? []);
  addon().setIdentity(user, ids.uid, gid, mask, options.dumpable ?? false);
}

/** A setUser() in another thread of this process will leave what this thread is permitted for takeCapabilities(). */
export const holdCapabilities = (): void => addon().holdCapabilities();

/** After setUser() in another thread: the calling thread has these capabilities, and no others. Root keeps all that it has. */
export function takeCapabilities(names: readonly Capability[]): void {
  if (process.getuid?.() !== 0) addon().takeCapabilities(maskOf(names));
}
