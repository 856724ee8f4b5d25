/** The rules did what they must not: a fault of the engine, not of the request. */
export class RulesError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RulesError';
  }
}

/** Calls a function of the rules. @throws RulesError that names the function, whatever it throws. */
export function calling<T>(name: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    if (error instanceof RulesError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw new RulesError(`${name} of the rules failed: ${message}`, { cause: error });
  }
}
