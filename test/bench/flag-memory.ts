import type { ControlPlaneProcess } from './control-plane-process.js';
import { StreamClient } from './flag-stream-client.js';
import { applyFlags, residentMb, sdkToken, setRule, until } from './flag-world.js';
import type { Measurement } from './report.js';

const writes = [100, 10_000] as const;
const writesAtOnce = 8;

/** Resident memory after 10,000 writes against that after 100, with SDKs reading all the while. */
export async function benchFlagMemory(controlPlane: ControlPlaneProcess): Promise<Measurement[]> {
  await applyFlags(controlPlane);
  const secret = await sdkToken(controlPlane, 'CLIENT');
  const readers = Array.from(
    { length: 20 },
    (_, index) => new StreamClient(controlPlane.url, secret, `reader-${index}`),
  );
  await until(() => readers.every(({ connected }) => connected));
  const memory: number[] = [];
  let done = 0;
  for (const goal of writes) {
    const worker = async (): Promise<void> => {
      while (done < goal) {
        done += 1;
        await setRule(controlPlane, `bench.flag-${String(done % 200).padStart(3, '0')}`, done % 400 < 200);
      }
    };
    await Promise.all(Array.from({ length: writesAtOnce }, worker));
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    memory.push(await residentMb(controlPlane.pid));
  }
  for (const reader of readers) reader.close();
  const [few = Number.NaN, many = Number.NaN] = memory;
  return [
    {
      name: `memory after ${writes[1]} writes`,
      ours: `${many.toFixed(0)} MB`,
      reference: `after ${writes[0]}: ${few.toFixed(0)} MB`,
      ratio: many / few,
      goal: '≤ 1.1',
      reached: many / few <= 1.1,
    },
  ];
}
