import { type NameKeys, nameKeys } from './keys.ts';
import { isDigit, isLetter, isMark } from './unicode.ts';

/** Names that would pass for the platform, for its people, or for the absence of a player. */
const reservedNames = `
  admin, administration, administrator, admins, root, superuser, sysadmin, sysop, webmaster
  moderation, moderator, moderators, mod, mods, operator, owner, gm, game master, referee
  galaxy, galaxy team, galaxy support, lobby, gateway, server, service, system
  official, staff, team, support, help, help desk, security, developer, developers, dev
  null, none, nan, undefined, true, false, void
  neutral, unowned, unclaimed, unknown, anonymous, deleted, deleted user, removed, blocked
  everyone, everybody, anyone, anybody, nobody, somebody, player, user, guest, you
  bot, computer, npc
`
  .trim()
  .split(/,\s*|\n\s*/);

const reservedKeys = reservedNames.map((name) => bare(nameKeys(name)));
const reservedFolded = new Set(reservedKeys.map((keys) => keys.folded));
const reservedSkeletons = new Set(reservedKeys.map((keys) => keys.skeleton));

/** Whether a name with these keys says or looks like a reserved name. */
export function isReserved(keys: NameKeys): boolean {
  const { folded, skeleton } = bare(keys);
  return reservedFolded.has(folded) || reservedSkeletons.has(skeleton);
}

/**
 * Stricter than between players: only letters, marks and digits count, `rn` is `m` as in `Adrnin`, and `i` is `l`, since
 * a Greek or Cyrillic capital that looks like the `I` of `ADMIN` has the skeleton `l`.
 */
function bare({ folded, skeleton }: NameKeys): NameKeys {
  const looks = counted(skeleton).replaceAll('rn', 'm').replaceAll('i', 'l');
  return { folded: counted(folded), skeleton: looks };
}

function counted(text: string): string {
  return [...text].filter((one) => isLetter(one) || isMark(one) || isDigit(one)).join('');
}
