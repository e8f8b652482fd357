import { z } from 'zod';

/** Rules that hold for a tenant whichever way it comes in: by manifest or by mutation. */
export const tenantFields = {
  slug: z
    .string()
    .regex(
      /^[a-z][a-z0-9-]{1,30}$/,
      'must be 2 to 31 small letters, digits or dashes, and begin with a letter',
    ),
  name: z.string().min(1).max(200),
  plan: z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, 'must be the name of a plan'),
  region: z.string().min(1).max(63),
  labels: z.record(
    z.string().regex(/^[a-z][a-z0-9._/-]{0,62}$/, 'must be small letters, digits, dots, dashes or slashes'),
    z.string().max(63),
  ),
  placement: z.enum(['SHARED', 'DEDICATED']),
  kit: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be the name of a folder in kits/'),
};
