import { useState } from 'react';
import { useClient } from 'urql';
import { saveFile } from '../../components/save-file.js';
import { notifyDone, notifyProblem } from '../../components/toasts.js';
import { describeError } from '../../graphql/describe-error.js';
import { exportFlagsQuery } from './files.query.js';
import { counted } from '../../components/format.js';

/** Hands flags over as a file of manifests, which `tierdeck apply` takes back without a difference. */
export function useExport() {
  const client = useClient();
  const [busy, setBusy] = useState(false);
  /** @param keys only these flags; absent: all, with what they refer to. */
  const run = async (keys?: string[]) => {
    setBusy(true);
    try {
      const { data, error } = await client
        .query(exportFlagsQuery, { keys: keys ?? null }, { requestPolicy: 'network-only' })
        .toPromise();
      if (!data) throw error ?? new Error('The control plane gave nothing.');
      const { manifests } = data.exportFlags;
      const { stringify } = await import('yaml');
      const text = manifests.map((manifest) => stringify(manifest)).join('---\n');
      const name = keys?.length === 1 ? `${keys[0]}.yaml` : 'flags.yaml';
      saveFile(name, new Blob([text], { type: 'application/yaml' }));
      notifyDone(`${name} has ${counted(manifests.length, 'manifest')}`);
    } catch (error) {
      notifyProblem(describeError(error));
    } finally {
      setBusy(false);
    }
  };
  return { run, busy };
}
