// node-postgres asks for the description of a statement's rows with every execution, also of a statement that it prepared by
// name, whose rows cannot change: PostgreSQL would refuse to run it then. This client asks once per statement and
// connection. For a game with its 44 columns, the description is most of what driver and server spend on a read.
import pg from 'pg';

type Connection = { describe(what: object): void };

/** What the driver's query has, but its types do not say. */
type DriverQuery = pg.Query & {
  readonly name: string;
  callback: ((error: Error | null | undefined, result: pg.QueryResult) => void) | undefined;
  /** Made of the description. */
  readonly _result: { fields: unknown; _parsers: unknown; _prebuiltEmptyResultObject: unknown };
  _accumulateRows: boolean;
  prepare(connection: Connection): void;
  handleCommandComplete(message: object, connection: Connection): void;
};
type Described = Pick<DriverQuery['_result'], 'fields' | '_parsers' | '_prebuiltEmptyResultObject'>;

const DriverQuery = pg.Query as unknown as new (
  ...given: [config: object, values?: unknown, callback?: unknown]
) => DriverQuery;

/** What a connection knows of its prepared statements, by name, and the same connection for those that it knows. */
type Known = { readonly statements: Map<string, Described>; readonly undescribed: Connection };
const knownOf = new WeakMap<Connection, Known>();

class NamedQuery extends DriverQuery {
  override prepare(connection: Connection): void {
    const known = knownOf.get(connection);
    const described = known?.statements.get(this.name);
    if (known === undefined || described === undefined) {
      super.prepare(connection);
      return;
    }
    Object.assign(this._result, described);
    this._accumulateRows = true;
    super.prepare(known.undescribed);
  }

  override handleCommandComplete(message: object, connection: Connection): void {
    super.handleCommandComplete(message, connection);
    let known = knownOf.get(connection);
    if (known === undefined) {
      const undescribed = Object.create(connection, { describe: { value: () => undefined } });
      known = { statements: new Map(), undescribed };
      knownOf.set(connection, known);
    }
    if (known.statements.has(this.name)) return;
    const { fields, _parsers, _prebuiltEmptyResultObject } = this._result;
    known.statements.set(this.name, { fields, _parsers, _prebuiltEmptyResultObject });
  }
}

type Given = [config: unknown, values?: unknown, callback?: unknown];
type Send = (...given: Given) => unknown;

export class DescribeOnceClient extends pg.Client {
  // The types of the driver's overloads do not fit any implementation of them.
  override query: pg.Client['query'] = ((...given: Given) => {
    const send = super.query as Send;
    const [config, values, callback] = given;
    if (!isNamed(config)) return send.apply(this, given);
    const query = new NamedQuery(config, values, callback);
    if (query.callback !== undefined) return send.call(this, query);
    return new Promise((resolve, reject) => {
      query.callback = (error, result) => (error ? reject(error) : resolve(result));
      send.call(this, query);
    });
  }) as pg.Client['query'];
}

function isNamed(config: unknown): config is pg.QueryConfig {
  return (
    typeof config === 'object' &&
    config !== null &&
    'name' in config &&
    !!config.name &&
    !('submit' in config)
  );
}
