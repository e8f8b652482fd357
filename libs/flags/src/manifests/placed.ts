import { TierdeckError } from '#platform';
import { ManifestRefusal } from '#tenancy';

/** Runs a command for what stands at a path of a manifest; says so if it is refused. @throws ManifestRefusal */
export async function placed<T>(path: readonly (string | number)[], run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof TierdeckError) throw new ManifestRefusal(path, error);
    throw error;
  }
}
