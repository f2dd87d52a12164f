/** Who is told what happens. */
export interface Log {
  error(message: string): void;
  warn(message: string): void;
  notice(message: string): void;
}
