// The lobby's responses about race names.
import { z } from 'zod';
import { page } from './responses.ts';

export const heldNameSchema = z.object({
  race_name_id: z.string(),
  kind: z.string(),
  race_name: z.string(),
  user_id: z.string(),
  game_id: z.string(),
  held_since: z.string(),
  register_until: z.string().nullable(),
});
export type HeldName = z.infer<typeof heldNameSchema>;

export const heldNamesSchema = page(heldNameSchema);

export const withheldNameSchema = z.object({
  withheld_name_id: z.string(),
  race_name: z.string(),
  reason: z.string(),
  withheld_by: z.string().nullable(),
  withheld_at: z.string(),
});
export type WithheldName = z.infer<typeof withheldNameSchema>;

export const withheldNamesSchema = page(withheldNameSchema);

export const lookupSchema = z.object({
  race_name: z.string(),
  message: z.string().nullable(),
  held: z.array(heldNameSchema),
  withheld: z.array(withheldNameSchema),
});
export type Lookup = z.infer<typeof lookupSchema>;
