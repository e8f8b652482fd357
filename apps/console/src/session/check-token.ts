export interface Viewer {
  name: string;
  role: string;
  permissions: string[];
}

interface Answer {
  data?: { viewer: Viewer } | null;
  errors?: { message: string; extensions?: { hint?: string } }[];
}

/** Asks the control plane who bears a token. @throws Error with a message for the person if nobody does. */
export async function checkToken(token: string): Promise<Viewer> {
  const response = await fetch('/graphql', {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ query: '{ viewer { name role permissions } }' }),
  }).catch(() => undefined);
  if (!response) throw new Error('The control plane does not answer. Is it running?');
  const answer = (await response.json().catch(() => ({}))) as Answer;
  if (answer.data?.viewer) return answer.data.viewer;
  throw new Error(
    answer.errors?.[0]?.message ?? `The control plane answered with status ${response.status}.`,
  );
}
