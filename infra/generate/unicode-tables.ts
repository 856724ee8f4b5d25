/*
 * Writes the Unicode tables of names, lib/names/generated/unicode-tables.ts.
 *
 *   node infra/generate/unicode-tables.ts FOLDER
 *
 * FOLDER holds the data files named in `files` below, as Unicode publishes them; docs/race-names.md says where to
 * get them. All must be of the pinned version. The tables are restricted to the characters that a name may have and
 * to those that the rules map them to. Nothing is written unless canonicalising converges for each of them.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const pinnedVersion = '15.0.0';

const files = {
  categories: 'DerivedGeneralCategory.txt',
  properties: 'DerivedCoreProperties.txt',
  directions: 'DerivedBidiClass.txt',
  folding: 'CaseFolding.txt',
  confusables: 'confusables.txt',
};

const punctuation = [...` -'.`].map(codePoint);
const output = join(import.meta.dirname, '../../lib/names/generated/unicode-tables.ts');

type Table = Map<number, number[]>;

/** The data lines of a file as trimmed fields, without comments; throws when the file is of another version. */
function readFields(folder: string, file: string): string[][] {
  const text = readFileSync(join(folder, file), 'utf8').replace(/^\uFEFF/, '');
  const version = /^# (?:\w+-|Version: )(\d+\.\d+\.\d+)/m.exec(text)?.[1];
  if (version !== pinnedVersion) {
    throw new Error(
      `${join(folder, file)} is of Unicode ${version ?? '(no version line)'}, not ${pinnedVersion}`,
    );
  }
  return text
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '')
    .map((line) => line.split(';').map((field) => field.trim()));
}

/** The value of every code point that a file of `first..last ; value` lines lists. */
function readProperty(folder: string, file: string, wanted: (value: string) => boolean): Map<number, string> {
  const values = new Map<number, string>();
  for (const [range = '', value = ''] of readFields(folder, file)) {
    if (!wanted(value)) continue;
    const [first = Number.NaN, last = first] = range.split('..').map((hex) => Number.parseInt(hex, 16));
    for (let code = first; code <= last; code++) values.set(code, value);
  }
  return values;
}

function readFolding(folder: string): Table {
  const table: Table = new Map();
  for (const [source = '', status = '', target = ''] of readFields(folder, files.folding)) {
    // Common and full mappings; simple ones and those for Turkic languages only are left out.
    if (status === 'C' || status === 'F') table.set(Number.parseInt(source, 16), hexCodes(target));
  }
  return table;
}

/**
 * The confusables, without the mappings of one ASCII letter to several (`m` to `rn`): they would make two names
 * of ordinary words equal. What was mapped to the several by way of that letter is mapped to the letter instead.
 */
function readConfusables(folder: string): Table {
  const table: Table = new Map();
  for (const [source = '', target = ''] of readFields(folder, files.confusables)) {
    table.set(Number.parseInt(source, 16), hexCodes(target));
  }
  for (const [source, target] of [...table]) {
    const several = text(target);
    if (!/^[a-z]$/i.test(text([source])) || !/^[a-z]{2,}$/i.test(several)) continue;
    table.delete(source);
    for (const [other, otherTarget] of table) {
      table.set(other, [...text(otherTarget).replaceAll(several, text([source]))].map(codePoint));
    }
  }
  return table;
}

/** The given characters and all that normalising, folding and replacing look-alikes can make of them. */
function closure(start: Iterable<number>, tables: Table[]): Set<number> {
  const reached = new Set(start);
  for (const code of reached) {
    const character = text([code]);
    const next = [...character.normalize('NFD'), ...character.normalize('NFKD')].map(codePoint);
    for (const made of [...next, ...tables.flatMap((table) => table.get(code) ?? [])]) reached.add(made);
  }
  return reached;
}

/** Throws unless repeated replacing of look-alikes and folding soon converges. */
function checkThatItSettles(code: number, confusables: Table, folding: Table): void {
  let current = text([code]);
  for (let round = 0; round < 10; round++) {
    const before = current;
    current = replace(replace(current.normalize('NFD'), confusables), folding).normalize('NFKD');
    if (current === before) return;
  }
  throw new Error(
    `U+${code.toString(16)} never settles: the mappings of Unicode ${pinnedVersion} go in a circle`,
  );
}

function replace(characters: string, table: Table): string {
  return [...characters]
    .map((character) => text(table.get(codePoint(character)) ?? [codePoint(character)]))
    .join('');
}

function hexCodes(field: string): number[] {
  return field.split(' ').map((hex) => Number.parseInt(hex, 16));
}

function text(codes: number[]): string {
  return String.fromCodePoint(...codes);
}

function codePoint(character: string): number {
  return character.codePointAt(0) ?? Number.NaN;
}

/** `gap+size` per range, base 36: how far it begins after the end of the one before, and how many it holds. */
function encodeRanges(codes: Iterable<number>): string[] {
  const ranges: { first: number; last: number }[] = [];
  for (const code of [...codes].sort((a, b) => a - b)) {
    const range = ranges.at(-1);
    if (range && range.last === code - 1) range.last = code;
    else ranges.push({ first: code, last: code });
  }
  let end = 0;
  return ranges.map(({ first, last }) => {
    const word = `${(first - end).toString(36)}+${(last - first + 1).toString(36)}`;
    end = last + 1;
    return word;
  });
}

/** `gap=target` per entry, base 36: how far after the source before, and the code points it becomes. */
function encodeTable(table: Table, sources: Set<number>): string[] {
  let before = 0;
  return [...table]
    .filter(([source]) => sources.has(source))
    .sort(([a], [b]) => a - b)
    .map(([source, target]) => {
      const word = `${(source - before).toString(36)}=${target.map((code) => code.toString(36)).join('.')}`;
      before = source;
      return word;
    });
}

function constant(name: string, comment: string, words: string[]): string {
  const lines = [''];
  for (const word of words) {
    const line = lines.at(-1) ?? '';
    if (line.length + word.length < 110) lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
    else lines.push(word);
  }
  return `/** ${comment} */\nexport const ${name} = \`\n${lines.join('\n')}\n\`;\n`;
}

function generate(folder: string): string {
  const categories = readProperty(folder, files.categories, (value) => /^(L[ultmo]|Nd|Mn|Mc)$/.test(value));
  const invisible = readProperty(
    folder,
    files.properties,
    (value) => value === 'Default_Ignorable_Code_Point',
  );
  const directions = readProperty(folder, files.directions, () => true);
  const folding = readFolding(folder);
  const confusables = readConfusables(folder);

  const visible = [...categories].filter(([code]) => !invisible.has(code));
  const ofCategory = (initial: string) =>
    visible.filter(([, value]) => value.startsWith(initial)).map(([code]) => code);
  const ofDirection = (...wanted: string[]) =>
    visible.map(([code]) => code).filter((code) => wanted.includes(directions.get(code) ?? ''));

  const reached = closure([...visible.map(([code]) => code), ...punctuation], [folding, confusables]);
  for (const code of reached) checkThatItSettles(code, confusables, folding);

  return [
    `// Generated by infra/generate/unicode-tables.ts from the data files of Unicode ${pinnedVersion}. Never edited.
// Data: Copyright (c) 1991-2022 Unicode, Inc., under the Unicode licence (LICENSE-UNICODE.txt beside this file).
`,
    `export const unicodeVersion = '${pinnedVersion}';\n`,
    constant(
      'letters',
      'Ranges: categories Lu, Ll, Lt, Lm, Lo, without invisible ones.',
      encodeRanges(ofCategory('L')),
    ),
    constant('digits', 'Ranges: category Nd.', encodeRanges(ofCategory('N'))),
    constant('marks', 'Ranges: categories Mn and Mc, without invisible ones.', encodeRanges(ofCategory('M'))),
    constant('leftToRight', 'Ranges: bidi class L.', encodeRanges(ofDirection('L'))),
    constant('rightToLeft', 'Ranges: bidi classes R, AL and AN.', encodeRanges(ofDirection('R', 'AL', 'AN'))),
    constant('folding', 'Entries of CaseFolding.txt, statuses C and F.', encodeTable(folding, reached)),
    constant(
      'confusables',
      'Entries of confusables.txt, without those of one ASCII letter to several.',
      encodeTable(confusables, reached),
    ),
  ].join('\n');
}

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  console.error(`Give the folder that holds ${Object.values(files).join(', ')} of Unicode ${pinnedVersion}.`);
  process.exitCode = 1;
} else {
  const tables = generate(folder);
  mkdirSync(join(output, '..'), { recursive: true });
  writeFileSync(output, tables);
  console.log(`${output}: ${tables.length} bytes, Unicode ${pinnedVersion}`);
}
