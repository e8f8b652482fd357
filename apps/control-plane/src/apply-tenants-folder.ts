import { existsSync } from 'node:fs';
import { relative } from 'node:path';
import type { Commands } from '#audit';
import type { ManifestsService } from '#tenancy';
import { readManifestFiles } from '#tenancy/manifest-files';

/**
 * Applies the manifests of a folder, as `tierdeck apply -f` would. Unchanged ones change nothing.
 * @throws ManifestInvalidError MANIFEST_INVALID; then nothing was applied.
 */
export async function applyTenantsFolder(
  manifests: ManifestsService,
  commands: Commands,
  folder: string,
): Promise<void> {
  if (!existsSync(folder)) return;
  const files = await readManifestFiles(folder);
  const named = files.map(({ file, content }) => ({ file: relative(process.cwd(), file), content }));
  await commands.asSystem('manifests', (command) => manifests.apply(command, named));
}
