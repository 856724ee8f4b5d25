// The engines of a platform: which games it offers, in which versions, and how each engine is started. The lobby, the
// Game Master and the Runtime Manager read the same file; docs/engine-catalogue.md describes it.
import { z } from 'zod';
import { OperatorError } from '../errors/operator-error.ts';
import { type Manifest, manifestSchema, type OrderProblem } from './api.ts';
import { engineVersionProblem } from './engine-version.ts';
import builtInFile from './engines.json' with { type: 'json' };
import { schemaChecker } from './json-schema.ts';

/** `lobby.engine.list` shows them all in one response. */
const maxEngines = 100;

const entrySchema = z
  .strictObject({
    /** As the engine itself says. */
    manifest: z.strictObject(manifestSchema.shape).superRefine(({ version }, context) => {
      const message = engineVersionProblem(version);
      if (message !== undefined) context.addIssue({ code: 'custom', path: ['version'], message });
    }),
    /** Program and arguments, for engines as processes. */
    command: z.array(z.string().min(1)).min(1).optional(),
    /** For engines as containers. */
    image: z.string().min(1).optional(),
    /** Of one container. */
    limits: z
      .strictObject({
        memory_mib: z.int().min(16).max(1_048_576).optional(),
        cpus: z.number().min(0.05).max(1_024).optional(),
        /** Processes and threads. */
        pids: z.int().min(16).max(32_768).optional(),
      })
      .default({}),
  })
  .refine(({ command, image }) => command !== undefined || image !== undefined, {
    message: 'needs a command, an image, or both',
  });

const fileSchema = z.strictObject({ engines: z.array(entrySchema).min(1).max(maxEngines) });

export type CatalogueEntry = z.output<typeof entrySchema>;

/** An engine that games can be made for. */
export type OfferedEngine = CatalogueEntry & {
  /** What is wrong with the options of a game, by the engine's schema. */
  readonly optionProblems: (options: unknown) => readonly OrderProblem[];
};

export class EngineCatalogue {
  /** In the order of the file. */
  readonly engines: readonly OfferedEngine[];

  /** @throws OperatorError with every problem of the file. */
  constructor(file: unknown) {
    const { data, error } = fileSchema.safeParse(file);
    if (error !== undefined) throw problemsOf(error.issues.map(({ path, message }) => at(path, message)));
    const problems = repeated(data.engines);
    const engines = data.engines.flatMap((entry, index) => {
      const { options_schema, orders_schema } = entry.manifest;
      const place = `engines[${index}].manifest`;
      try {
        schemaChecker(orders_schema, `${place}.orders_schema`);
        return [{ ...entry, optionProblems: schemaChecker(options_schema, `${place}.options_schema`) }];
      } catch (error) {
        if (!(error instanceof OperatorError)) throw error;
        problems.push(error.message);
        return [];
      }
    });
    if (problems.length > 0) throw problemsOf(problems);
    this.engines = engines;
  }

  find(family: string, version: string): OfferedEngine | undefined {
    return this.engines.find(({ manifest }) => manifest.family === family && manifest.version === version);
  }

  versionsOf(family: string): string[] {
    return this.engines.flatMap(({ manifest }) => (manifest.family === family ? [manifest.version] : []));
  }

  get families(): string[] {
    return [...new Set(this.engines.map(({ manifest }) => manifest.family))];
  }

  /** Of games that do not name one: the first of the file. */
  get defaultFamily(): string {
    const [first] = this.engines;
    if (first === undefined) throw new TypeError('a catalogue has at least one engine');
    return first.manifest.family;
  }
}

/** The example games, for installations without a catalogue of their own. */
export function builtInEngines(): EngineCatalogue {
  return new EngineCatalogue(builtInFile);
}

/** Whether an engine says of itself what the catalogue says of it. */
export function isManifestOf(entry: CatalogueEntry, manifest: Manifest): boolean {
  return canonical(entry.manifest) === canonical(manifest);
}

/** JSON with the keys of objects in one order. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([one], [other]) => (one < other ? -1 : 1)))
      : inner,
  );
}

function repeated(entries: readonly CatalogueEntry[]): string[] {
  const seen = new Set<string>();
  return entries.flatMap(({ manifest: { family, version } }, index) => {
    const name = `${family} ${version}`;
    if (!seen.has(name)) {
      seen.add(name);
      return [];
    }
    return [`engines[${index}].manifest.version: ${name} is in the catalogue twice`];
  });
}

function at(path: readonly PropertyKey[], message: string): string {
  const place = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
  return `${place.slice(1) || 'the whole'}: ${message}`;
}

function problemsOf(problems: readonly string[]): OperatorError {
  return new OperatorError(problems.join('\n'));
}
