// Halves the CPU time that a process with drizzle-orm needs to start, and saves 90 MB: import it before anything else, or
// with node --import. For every import of a .js file Node parses the `exports` of that file's package again, only to
// learn that the file is a module; drizzle-orm has 170 KB of exports, and hundreds of imports among its own files. This
// hook resolves those imports itself. Without it everything works as well, but more slowly.
import { type ResolveFnOutput, registerHooks } from 'node:module';

const itsFiles = '/node_modules/drizzle-orm/';
const found = new Map<string, ResolveFnOutput>();

registerHooks({
  resolve(specifier, context, nextResolve) {
    if (/^\.{1,2}\/.*\.js$/.test(specifier) && context.parentURL?.includes(itsFiles)) {
      return { url: new URL(specifier, context.parentURL).href, format: 'module', shortCircuit: true };
    }
    if (!/^drizzle-orm($|\/)/.test(specifier)) return nextResolve(specifier, context);
    const asked = [specifier, ...context.conditions].join(' ');
    const known = found.get(asked) ?? { ...nextResolve(specifier, context), shortCircuit: true };
    found.set(asked, known);
    return known;
  },
});
