/** What a configuration wants on the disk before the L7 process gives root away: log files and temporary folders. */
import type { PlaneConfig } from '#l7';
import type { LocationModel } from '#model/l7/http.ts';
import type { ErrorLog, LogSettings } from '#model/l7/log.ts';
import type { Settings } from '#model/l7/settings.ts';

export interface DiskNeeds {
  /** Paths that are known beforehand; those with variables are opened by the workers. */
  readonly logs: ReadonlySet<string>;
  readonly tempDirs: ReadonlySet<string>;
}

export function diskNeedsOf({ errorLogs, http }: PlaneConfig): DiskNeeds {
  const needs = { logs: new Set<string>(), tempDirs: new Set<string>() };
  addErrorLogs(errorLogs, needs.logs);
  const seen = new Set<object>(); // settings that nobody overrides are one object for many locations
  for (const server of http.servers) visit(server.root, needs, seen);
  return needs;
}

type Growing = { logs: Set<string>; tempDirs: Set<string> };

function visit(location: LocationModel, needs: Growing, seen: Set<object>): void {
  addSettings(location.settings, needs, seen);
  for (const inner of location.locations) visit(inner, needs, seen);
  for (const inner of location.conditional) visit(inner, needs, seen);
  if (location.limitExcept) visit(location.limitExcept.location, needs, seen);
}

function addSettings({ log, core, proxy, waf }: Settings, needs: Growing, seen: Set<object>): void {
  if (!seen.has(log)) addLogs(log, needs.logs);
  seen.add(log);
  if (waf.auditLog !== undefined) needs.logs.add(waf.auditLog);
  if (waf.auditFolder !== undefined) needs.tempDirs.add(waf.auditFolder);
  needs.tempDirs.add(core.clientBodyTempPath).add(proxy.tempPath);
}

function addLogs({ accessLogs, errorLogs }: LogSettings, logs: Set<string>): void {
  addErrorLogs(errorLogs, logs);
  for (const { target } of accessLogs)
    if (target.kind === 'file' && typeof target.path === 'string') logs.add(target.path);
}

function addErrorLogs(routes: readonly ErrorLog[], logs: Set<string>): void {
  for (const { target } of routes) if (target.kind === 'file') logs.add(target.path);
}
