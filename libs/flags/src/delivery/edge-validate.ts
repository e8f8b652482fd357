import { z } from 'zod';
import { InvalidInputError } from '#platform';
import type { SdkAccess } from './sdk-access.js';

const validateBody = z.looseObject({ tokens: z.array(z.string().max(500)).max(1_000) });

/** A valid token as Unleash Edge wants to know it. */
export interface EdgeToken {
  token: string;
  type: 'client' | 'frontend';
  projects: string[];
  environment: string;
}

/**
 * `POST /edge/validate`: which of these tokens are good for flags, and for what. Who asks must know the token, so
 * nothing is told that its holder could not find out.
 * @throws InvalidInputError INVALID_INPUT, SdkAccessError 503 for a fault that passes.
 */
export async function validateTokens(access: SdkAccess, body: unknown): Promise<EdgeToken[]> {
  const parsed = validateBody.safeParse(body);
  if (!parsed.success)
    throw new InvalidInputError('tokens must be a list of at most 1,000 tokens.', { field: 'tokens' });
  const secrets = [...new Set(parsed.data.tokens)];
  // All at once, so that they are looked up together.
  const found = await Promise.all(secrets.map((secret) => access.find(secret)));
  return secrets.flatMap((secret, index): EdgeToken[] => {
    const token = found[index];
    if (!token || token.kind === 'RUNTIME') return [];
    const type = token.kind === 'CLIENT' ? 'client' : 'frontend';
    return [{ token: secret, type, projects: [token.project], environment: token.environment }];
  });
}
