/** How bad a line of the error log is. */

/** Severities as syslog numbers them (RFC 5424 §6.2.1): the smaller, the worse. */
export const SEVERITY = {
  emerg: 0,
  alert: 1,
  crit: 2,
  error: 3,
  warn: 4,
  notice: 5,
  info: 6,
  debug: 7,
} as const;

export type LogLevel = keyof typeof SEVERITY;
