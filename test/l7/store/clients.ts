/** Clients that ask all the time while something happens. */
import { until } from '../../e2e/rig.ts';
import { request } from '../../e2e/wire.ts';

/** Clients that come one after the other until they are told to stop. @returns how many came, and how many failed */
export function keepAsking(port: number) {
  const asked = { count: 0, failed: 0 };
  let goesOn = true;
  const work = (async () => {
    while (goesOn) {
      const reply = await request(port).catch(() => undefined);
      asked.count++;
      if (reply?.status !== 200) asked.failed++;
    }
  })();
  const stop = async () => {
    goesOn = false;
    await work;
    return asked;
  };
  return {
    asked,
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
    },
  };
}

/** Waits until some more requests have been answered. */
export const someMore = async ({ asked }: ReturnType<typeof keepAsking>) => {
  const before = asked.count;
  await until(() => asked.count > before + 20, 'requests to be answered');
};
